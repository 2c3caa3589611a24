"""Synthetic twins: every factor shows, shared is shared, and a metric made for a factor finds it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.encoders import load_encoder
from lookalike.errors import InvalidArgument, JudgmentError
from lookalike.judgments import PairTable, TripletTable, load_judgments
from lookalike.judgments.twins import FACTORS, MIN_SIZE, Factors, TwinSet, make_twins, render_factors
from lookalike.judgments.twins_values import VALUES
from lookalike.similarity import cosine

ANY = st.builds(Factors, **{name: st.sampled_from(values) for name, values in VALUES.items()})


@given(ANY, st.sampled_from(FACTORS), st.data())
@settings(max_examples=60, deadline=None)
def test_changing_one_factor_changes_pixels_that_one_can_see(
    one: Factors, name: str, data: st.DataObject
) -> None:
    value = data.draw(st.sampled_from([v for v in VALUES[name] if v != getattr(one, name)]))
    before, after = render_factors(one, 64), render_factors(replace(one, **{name: value}), 64)
    difference = np.abs(before.astype(int) - after).max(axis=2)
    # At least 6 of 4,096 pixels differ by more than 8 of 255: the smallest is another mouth on four small copies.
    assert np.count_nonzero(difference > 8) >= 6


@given(ANY, st.sampled_from([MIN_SIZE, 48, 65, 128]))
@settings(max_examples=25, deadline=None)
def test_equal_factors_give_equal_pixels_of_the_size_asked_for(one: Factors, size: int) -> None:
    image = render_factors(one, size)
    assert image.shape == (size, size, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, render_factors(replace(one), size))


def test_every_value_of_every_factor_differs_from_every_other() -> None:
    base = Factors("house", "sea", "plain", "centre", "upright", "flat", "smile")
    for name, values in VALUES.items():
        drawn = {render_factors(replace(base, **{name: value}), 64).tobytes() for value in values}
        assert len(drawn) == len(values), name


@given(st.sets(st.sampled_from(FACTORS)), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_pairs_share_what_was_asked_and_nothing_else(shared: set[str], seed: int) -> None:
    twins = make_twins(4, tuple(shared), size=32, seed=seed)
    assert twins.shared == tuple(name for name in FACTORS if name in shared)
    for one, other in zip(twins.left_factors, twins.right_factors, strict=True):
        assert one.shared_with(other) == twins.shared


def test_the_seed_decides_everything() -> None:
    first, again, other = (make_twins(5, ("color",), size=48, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.left, again.left)
    assert np.array_equal(first.right, again.right)
    assert not np.array_equal(first.left, other.left)
    assert np.array_equal(first.triplets().b, again.triplets().b)
    assert not np.array_equal(first.triplets().b, first.triplets(seed=9).b)


def test_a_fixed_value_holds_for_every_left_image() -> None:
    twins = make_twins(10, "face", size=32, face="smile", shape="house")
    assert {(one.face, one.shape) for one in twins.left_factors} == {("smile", "house")}
    assert {one.face for one in twins.right_factors} == {"smile"}
    assert "house" not in {one.shape for one in twins.right_factors}


def test_b_of_a_triplet_lacks_only_what_was_named() -> None:
    triplets = make_twins(20, ("shape", "layout"), size=32, seed=1).triplets("shape")
    for reference, a, b in zip(
        triplets.reference_factors, triplets.a_factors, triplets.b_factors, strict=True
    ):
        assert reference.shared_with(a) == ("shape", "layout")
        assert reference.shared_with(b) == ("layout",)
    everything = make_twins(20, ("shape", "layout"), size=32, seed=1).triplets()
    assert all(
        not r.shared_with(b) for r, b in zip(everything.reference_factors, everything.b_factors, strict=True)
    )


@pytest.mark.parametrize(
    ("part", "shared", "without", "floor"),
    [
        # The figure behind each was measured on 300 triplets of 96 pixels, seed 5; here are 120. Chance is 0.5.
        ("color", ("color",), "color", 0.95),  # 1.00
        ("layout", ("layout",), "layout", 0.95),  # 1.00
        ("color_layout", ("layout", "color"), "layout", 0.85),  # 1.00; with other colours it is at chance
        ("texture", ("texture",), "texture", 0.70),  # 0.80
        ("gradients", ("shape", "layout", "pose", "texture"), "shape", 0.75),  # 0.85
        (
            "gradients",
            ("shape", "layout", "pose"),
            "shape",
            0.58,
        ),  # 0.68: surfaces have gradients of their own
    ],
)
def test_a_metric_made_for_a_factor_finds_who_shares_it(
    part: str, shared: tuple[str, ...], without: str, floor: float
) -> None:
    triplets = make_twins(120, shared, size=96, seed=5).triplets(without)
    encoder = load_encoder(f"classic:{part}")
    reference, a, b = (encoder.embed(list(side)) for side in (triplets.reference, triplets.a, triplets.b))
    right = np.mean(np.asarray(cosine(reference, a)) < np.asarray(cosine(reference, b)))
    assert right >= floor


def test_a_thousand_images_take_about_a_second() -> None:
    make_twins(20)
    start = time.process_time()
    make_twins(200, size=64)
    rate = 400 / (time.process_time() - start)
    assert rate > 400  # measured: 3,300 a second at 64 px, 2,200 at 96, 1,500 at 128


def test_saved_pairs_come_back_with_their_factors(tmp_path: Path) -> None:
    twins = make_twins(6, ("shape", "color"), size=32, seed=2)
    table = twins.save(tmp_path / "twins")
    assert isinstance(table, PairTable)
    assert table.column("shared") == ["shape,color"] * 6
    assert table.column("left_shape") == table.column("right_shape") == [f.shape for f in twins.left_factors]
    again = load_judgments(tmp_path / "twins")
    assert again.column("left") == table.column("left")
    assert all(path.is_file() for path in again.paths("right"))


def test_saved_triplets_have_the_answer_at_a_or_b_by_halves(tmp_path: Path) -> None:
    triplets = make_twins(6, ("layout",), size=32, seed=2).triplets()
    table = triplets.save(tmp_path / "t")
    assert isinstance(table, TripletTable)
    at_a, at_b = table.column("votes_a"), table.column("votes_b")
    assert sorted(at_a) == [0, 0, 0, 1, 1, 1]
    assert [a + b for a, b in zip(at_a, at_b, strict=True)] == [1] * 6
    # Whichever side won has the reference's layout in its columns and in its pixels; the other side has neither.
    for row, won in enumerate("a" if a else "b" for a in at_a):
        lost = "b" if won == "a" else "a"
        layout = table.column("reference_layout")[row]
        assert table.column(f"{won}_layout")[row] == layout != table.column(f"{lost}_layout")[row]
        with Image.open(table.paths(won)[row]) as image:
            assert np.array_equal(np.asarray(image), triplets.a[row])
        with Image.open(table.paths(lost)[row]) as image:
            assert np.array_equal(np.asarray(image), triplets.b[row])
    again = triplets.save(tmp_path / "again", seed=1)
    assert again.column("votes_a") != at_a
    assert table.column("lacking") == ["layout"] * 6
    assert len(load_judgments(tmp_path / "t")) == 6


def test_twins_that_share_everything_are_kept_as_copies(tmp_path: Path) -> None:
    twins = make_twins(3, FACTORS, size=32)
    assert np.array_equal(twins.left, twins.right)
    assert len(twins.save(tmp_path / "same")) == 3


def test_wrong_wishes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="no factor is called 'smell'"):
        make_twins(2, ("smell",))
    with pytest.raises(InvalidArgument, match="at least 1"):
        make_twins(0)
    with pytest.raises(InvalidArgument, match=f"at least {MIN_SIZE} pixels"):
        make_twins(1, size=8)
    with pytest.raises(InvalidArgument, match="face cannot be 'grin'"):
        make_twins(1, face="grin")
    with pytest.raises(InvalidArgument, match="the pairs share shape"):
        make_twins(1, size=32).triplets("color")
    with pytest.raises(InvalidArgument, match="share nothing"):
        make_twins(1, (), size=32).triplets()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JudgmentError, match="cannot write"):
        make_twins(1, size=32).save(tmp_path / "file")


def test_the_set_is_importable_from_the_room() -> None:
    import lookalike.judgments as room

    assert room.TwinSet is TwinSet
    assert len(make_twins(3, size=32)) == 3
