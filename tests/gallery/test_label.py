"""Labels by neighbours, and the scores: worked out by hand and on real photographs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import InvalidArgument
from lookalike.gallery.label import evaluate_labels, label_images
from lookalike.gallery.label_scores import accuracy, class_accuracy, gap
from lookalike.gallery.label_votes import vote

from .fakes import FakeGallery
from .test_duplicates import circle


def test_gap_by_hand() -> None:
    """Five queries, four with a landmark; sorted by confidence the answers are right, wrong (a distractor),
    right, wrong, and one query goes unanswered: GAP = (1/1 + 2/3) / 4 = 0.41667."""
    truth = ["a", None, "b", "c", "d"]
    predicted = ["a", "z", "b", "x", None]
    confidence = [0.9, 0.8, 0.7, 0.6, 0.95]
    assert gap(truth, predicted, confidence) == pytest.approx((1 + 2 / 3) / 4)


def test_gap_of_ties_by_hand() -> None:
    """Two answers of one confidence, one right: precision after both is 1/2, in either order."""
    assert gap(["a", "b"], ["a", "x"], [0.5, 0.5]) == pytest.approx(0.25)
    assert gap(["b", "a"], ["x", "a"], [0.5, 0.5]) == pytest.approx(0.25)


def test_gap_extremes() -> None:
    assert gap([], [], []) == 0.0
    assert gap([None], ["a"], [1.0]) == 0.0
    assert gap(["a", "b"], ["a", "b"], [0.1, 0.9]) == 1.0
    assert gap(["a", "b"], [None, None], [0.1, 0.9]) == 0.0
    with pytest.raises(InvalidArgument, match="as many"):
        gap(["a"], ["a", "b"], [1.0])
    with pytest.raises(InvalidArgument, match="not a number"):
        gap(["a"], ["a"], [float("nan")])


answers = st.lists(
    st.tuples(
        st.sampled_from([None, "a", "b", "c"]),
        st.sampled_from([None, "a", "b", "c"]),
        st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(answers, st.randoms(use_true_random=False))
def test_gap_is_bounded_and_blind_to_order(
    rows: list[tuple[str | None, str | None, float]], random: object
) -> None:
    value = gap(*zip(*rows, strict=True)) if rows else gap([], [], [])
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = gap(*zip(*shuffled, strict=True)) if rows else 0.0
    labelled = sum(t is not None for t, _, _ in rows)
    right = sum(t is not None and t == p for t, p, _ in rows)
    assert 0.0 <= value <= (right / labelled if labelled else 0.0) + 1e-12
    assert value == pytest.approx(again, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(answers)
def test_a_distractor_never_raises_gap(rows: list[tuple[str | None, str | None, float]]) -> None:
    base = gap(*zip(*rows, strict=True)) if rows else 0.0
    with_distractor = [*rows, (None, "a", 0.6)]
    assert gap(*zip(*with_distractor, strict=True)) <= base + 1e-12


def test_accuracies_by_hand() -> None:
    truth, predicted = ["a", "a", "a", "b"], ["a", "a", "x", None]
    assert accuracy(truth, predicted) == 0.5
    assert class_accuracy(truth, predicted) == {"a": pytest.approx(2 / 3), "b": 0.0}
    assert math.isnan(accuracy([], []))


def test_vote_by_hand() -> None:
    """Similarities 0.9 (a), 0.6 (b), 0.5 (b): b wins with (0.6 + 0.5) / 3."""
    distances = np.array([[0.1, 0.4, 0.5], [0.2, 0.2, np.inf], [np.inf] * 3], dtype=np.float32)
    ids = np.array([[1, 2, 3], [3, 1, -1], [-1, -1, -1]])
    result = vote(distances, ids, {1: "a", 2: "b", 3: "b"}, 3)
    assert result.labels == ("b", "b", None), "of equal scores the label that came first wins"
    np.testing.assert_allclose(result.confidence, [1.1 / 3, 0.4, 0.0], rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 2), st.sampled_from("abc")), min_size=1, max_size=12), st.integers(1, 12)
)
def test_confidence_is_in_the_unit_interval(neighbours: list[tuple[float, str]], k: int) -> None:
    rows = sorted(neighbours)
    distances = np.array([[d for d, _ in rows]], dtype=np.float32)
    ids = np.arange(len(rows))[None]
    result = vote(distances, ids, {i: label for i, (_, label) in enumerate(rows)}, k)
    assert 0.0 <= result.confidence[0] <= 1.0
    assert result.labels[0] in {label for _, label in rows}


def gallery() -> FakeGallery:
    return FakeGallery(
        circle(0, 2, 4, 90, 92, 94, 45), label=["cup", "cup", "cup", "mug", "mug", "mug", None]
    )


def test_images_are_recognised() -> None:
    result = label_images(gallery(), circle(1, 93, 270), k=3)
    assert [image.label for image in result.images] == ["cup", "mug", None]
    assert result.images[2].confidence == 0.0
    assert result.images[0].neighbours[0][1] == "cup"
    assert "95%" in result.reason
    assert list(result.to_pandas()["path"]) == ["0", "1", "2"]
    json.dumps(result.to_dict(), allow_nan=False)


def test_unlabelled_images_of_the_gallery_are_the_queries_by_default() -> None:
    result = label_images(gallery(), k=3, unknown=0)
    assert [image.query for image in result.images] == ["/photos/00006.jpg"]


def test_unknown_threshold_is_overridable() -> None:
    sure = label_images(gallery(), circle(40), k=3, unknown=0.99)
    assert sure.images[0].label is None
    assert sure.images[0].best == "cup"


def test_evaluation_by_hand() -> None:
    """Each picture's two neighbours are of its own kind; the seventh has no label and takes no part."""
    result = evaluate_labels(gallery(), k=2)
    assert (result.images, result.classes, result.alone) == (6, 2, 0)
    assert result.accuracy == result.class_mean == result.gap == 1.0
    assert 0 < result.unknown <= 1
    json.dumps(result.to_dict(), allow_nan=False)


def test_copies_do_not_vote_for_one_another() -> None:
    copies = FakeGallery(
        circle(0, 0, 1, 90, 91), label=["a", "a", "b", "b", "b"], content=["x", "x", "y", "z", "w"]
    )
    assert evaluate_labels(copies, k=1).by_class["a"] == 0.0


def test_label_seen_once_is_counted() -> None:
    result = evaluate_labels(FakeGallery(circle(0, 1, 90), label=["a", "a", "b"]), k=1)
    assert result.alone == 1
    assert result.by_class == {"a": 1.0, "b": 0.0}


def test_unknown_answers_lower_gap_not_accuracy() -> None:
    strict = evaluate_labels(gallery(), k=2, unknown=1.0)
    assert strict.answered < 1
    assert strict.gap_with_unknown < strict.gap
    assert strict.accuracy == 1.0


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InvalidArgument, match="no column 'colour'"):
        label_images(gallery(), circle(1), "colour")
    with pytest.raises(InvalidArgument, match="k = 0"):
        evaluate_labels(gallery(), k=0)
    with pytest.raises(InvalidArgument, match="0 to 1"):
        evaluate_labels(gallery(), unknown=1.5)
    with pytest.raises(InvalidArgument, match="no image has a value"):
        evaluate_labels(FakeGallery(circle(0, 1)))


def test_blocks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(300, 8)).astype(np.float32)
    many = FakeGallery(rows, label=[str(i % 7) for i in range(300)])
    whole = evaluate_labels(many)
    monkeypatch.setattr("lookalike.gallery.label_votes.BLOCK_ROWS", 17)
    assert evaluate_labels(many) == whole
