"""Splits: what they keep apart, worked out by hand, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import TrainingError
from lookalike.training.splits import by_column, components, k_folds, make_split, near_links

TRIPLETS = np.array([[0, 1, 2], [2, 3, 4], [0, 1, 4], [5, 6, 7], [5, 6, 8], [8, 9, 0]])


def test_a_split_by_row_is_the_golden_one() -> None:
    # default_rng([0, 0]).permutation(10) begins with 4, 6, 2: 30 % of 10 rows.
    assert list(np.random.default_rng([0, 0]).permutation(10)[:3]) == [4, 6, 2]
    split = make_split("row", np.arange(10)[:, None], 0.3, 0)
    assert split.validation.tolist() == [2, 4, 6]
    assert split.train.tolist() == [0, 1, 3, 5, 7, 8, 9]
    assert split.dropped == 0


def test_a_split_by_image_drops_rows_that_mix_and_counts_them() -> None:
    # Half of 10 images, by the same permutation: 4, 6, 2, 7, 3 are held out.
    assert set(np.random.default_rng([0, 0]).permutation(10)[:5].tolist()) == {2, 3, 4, 6, 7}
    rows = np.array([[2, 3, 4], [0, 1, 5], [0, 1, 2], [6, 7, 2], [8, 9, 0], [9, 8, 7]])
    split = make_split("image", rows, 0.5, 0)
    assert split.validation.tolist() == [0, 3]
    assert split.train.tolist() == [1, 4]
    assert split.dropped == 2
    assert split.describe() == (
        "split by image: 2 train, 2 validation, 2 dropped because they show images of both sides"
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["row", "image", "component"]))
def test_no_row_is_on_both_sides_and_no_image_where_images_are_kept_apart(seed: int, by: str) -> None:
    rows = np.random.default_rng(seed).integers(0, 60, (80, 2))
    try:
        split = make_split(by, rows, 0.4, seed)
    except TrainingError:
        assert by == "component"  # one giant component can leave no other
        return
    assert not set(split.train) & set(split.validation)
    assert len(split.train) + len(split.validation) + split.dropped == len(rows)
    if by != "row":
        assert not set(rows[split.train].ravel()) & set(rows[split.validation].ravel())
    again = make_split(by, rows, 0.4, seed)
    assert np.array_equal(again.train, split.train)


def test_components_follow_shared_images_and_links() -> None:
    # Rows 0-2 hang together by images 0, 2 and 4; 3 and 4 by 5; 5 joins both by 8 and 0.
    assert components(TRIPLETS[:5]).tolist() == [0, 0, 0, 1, 1]
    assert components(TRIPLETS).tolist() == [0] * 6
    pairs = np.array([[0, 1], [2, 3], [4, 5]])
    assert components(pairs).tolist() == [0, 1, 2]
    assert components(pairs, np.array([[1, 4]])).tolist() == [0, 1, 0]


def test_near_links_are_the_images_within_the_threshold() -> None:
    vectors = np.array([[1, 0], [1, 0.01], [0, 1], [0, 2]], dtype=np.float32)
    assert near_links(vectors, 0.01).tolist() == [[0, 1], [2, 3]]


def test_a_column_names_the_sides() -> None:
    split = by_column(["train", "val", "test", None, "Train"])
    assert split.train.tolist() == [0, 4]
    assert split.validation.tolist() == [1]  # val counts, test is left untouched
    with pytest.raises(TrainingError, match="needs a column named split"):
        by_column(None)
    with pytest.raises(TrainingError, match=r"names no validation rows \(it holds: train\)"):
        by_column(["train", "train"])


def test_folds_hold_every_row_out_once() -> None:
    rows = np.arange(20).reshape(10, 2)
    folds = k_folds("row", rows, 3, 0)
    assert sorted(np.concatenate([fold.validation for fold in folds]).tolist()) == list(range(10))
    assert [len(fold.validation) for fold in folds] == [4, 3, 3]
    whole = k_folds("component", TRIPLETS[:5], 2, 0)
    assert sorted(fold.validation.tolist() for fold in whole) == [[0, 1, 2], [3, 4]]


def test_folds_by_image_hold_every_image_out_once() -> None:
    rows = np.random.default_rng(0).integers(0, 10, (400, 2))
    folds = k_folds("image", rows, 2, 5)
    sides = [set(rows[fold.validation].ravel()) for fold in folds]
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] == set(range(10))
    assert folds[0].dropped == folds[1].dropped > 0


@pytest.mark.parametrize(
    ("by", "share", "message"),
    [
        ("row", 0.001, "leaves no validation rows .* raise data.validation_share"),
        ("image", 0.1, "mix both sides.*choose data.split_by = 'row'"),
        ("component", 0.3, "hang together"),
        ("row", 1.0, "must lie between 0 and 1"),
        ("colour", 0.1, "choose from: row, image, component, column"),
    ],
)
def test_an_empty_side_says_what_to_change(by: str, share: float, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        make_split(by, TRIPLETS, share, 0)


def test_too_many_folds_are_refused() -> None:
    with pytest.raises(TrainingError, match="2 to 6 folds"):
        k_folds("row", TRIPLETS, 7, 0)
