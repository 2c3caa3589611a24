"""Distractor sets and the paper's design, as tables that a study can serve."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lookalike.benchmarks.distractors import PAPER_SETS, distractor_sets, paper_design
from lookalike.benchmarks.forced_choice import forced_choice
from lookalike.benchmarks.near_duplicates import NearDuplicates
from lookalike.errors import BenchmarkError
from lookalike.judgments import ImageCatalogue, PairTable


def content(side: str, i: int) -> str:
    return f"{'a' if side == 'left' else 'b'}{i:063x}"


def pairs(n: int, *, same_right: tuple[int, ...] = ()) -> PairTable:
    lefts = [content("left", i) for i in range(n)]
    rights = [content("right", same_right[0] if i in same_right else i) for i in range(n)]
    names = {c: f"left/{i}.jpg" for i, c in enumerate(lefts)}
    names.update({c: f"right/{i}.jpg" for i, c in enumerate(rights)})
    return PairTable(pa.table({"left": lefts, "right": rights}), ImageCatalogue(names))


def test_the_five_nearest_with_the_right_one_among_them() -> None:
    table = pairs(8)
    phi = np.tile(
        np.arange(8.0), (8, 1)
    )  # candidate j is at distance j from everyone: 0 ... 4 are the nearest
    found = distractor_sets(table, [3], "generic", phi)
    [options], [right], [nearest] = (found.column(name) for name in ("options", "right", "nearest"))
    assert sorted(options) == [content("right", j) for j in range(5)]
    assert options[right] == content("right", 3)
    assert options[nearest] == content("right", 0)
    assert found.column("query") == [content("left", 3)]
    assert found.column("answers") == [None]
    assert found.column("set") == ["generic"]


def test_the_right_one_takes_the_place_of_one_when_it_is_missing() -> None:
    table = pairs(8)
    phi = np.tile(np.arange(8.0), (8, 1))
    found = distractor_sets(table, [7] * 40, "generic", phi, seed=1)
    nearest = {content("right", j) for j in range(5)}
    places, gone = set(), set()
    for options, right in zip(found.column("options"), found.column("right"), strict=True):
        assert options[right] == content("right", 7)
        assert len(set(options) & nearest) == 4
        gone |= nearest - set(options)
        places.add(right)
    assert gone == nearest  # each of the five is replaced at some time
    assert places == {0, 1, 2, 3, 4}  # and the right one stands everywhere


def test_random_distractors_need_no_distances_and_are_seeded() -> None:
    table = pairs(30)
    one, same, other = (distractor_sets(table, range(10), "random", seed=seed) for seed in (4, 4, 5))
    assert one.table.equals(same.table)
    assert not one.table.equals(other.table)
    assert one.column("nearest") == [None] * 10
    for options, right, pair in zip(*(one.column(c) for c in ("options", "right", "pair")), strict=True):
        assert len(set(options)) == 5
        assert options[right] == content("right", pair)


def test_an_image_of_several_pairs_is_offered_once() -> None:
    table = pairs(7, same_right=(1, 2))
    phi = np.tile(np.arange(7.0), (7, 1))
    found = distractor_sets(table, [2, 5], "generic", phi)
    for options, right, pair in zip(*(found.column(c) for c in ("options", "right", "pair")), strict=True):
        assert len(set(options)) == 5
        assert options[right] == table.column("right")[pair]


def test_candidates_without_a_face_come_last() -> None:
    table = pairs(8)
    phi = np.full((8, 8), np.inf)
    phi[:, [0, 6, 7]] = 0.3
    options = distractor_sets(table, [0], "face", phi).column("options")[0]
    assert {content("right", j) for j in (0, 6, 7)} < set(options)


def test_options_come_from_the_pool_and_rows_from_a_function() -> None:
    table = pairs(20)
    phi = np.random.default_rng(0).random((20, 20))
    pool = list(range(10))
    whole = distractor_sets(table, [1, 2], "generic", phi, pool=pool)
    rows = distractor_sets(table, [1, 2], "generic", lambda wanted: phi[wanted], pool=pool)
    assert whole.table.equals(rows.table)
    used = {option for options in whole.column("options") for option in options}
    assert used <= {content("right", j) for j in pool}


@pytest.mark.parametrize(
    "bad",
    [
        lambda table: distractor_sets(table, [0], "generic"),
        lambda table: distractor_sets(table, [6], "random"),
        lambda table: distractor_sets(table, [], "random"),
        lambda table: distractor_sets(table, [0], "random", options=1),
        lambda table: distractor_sets(table, [0], "random", options=7),
        lambda table: distractor_sets(table, [0], "generic", np.zeros((6, 5))),
        lambda table: distractor_sets(table, [0], "generic", np.full((6, 6), np.nan)),
    ],
)
def test_what_cannot_be_asked_is_refused(bad: object) -> None:
    with pytest.raises(BenchmarkError) as caught:
        bad(pairs(6))  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def design_input(n: int, objects: int) -> tuple[PairTable, dict[str, np.ndarray], NearDuplicates]:
    """n pairs; the first ``objects`` have no face."""
    rng = np.random.default_rng(0)
    face = rng.random((n, n))
    face[:objects], face[:, :objects] = np.inf, np.inf
    kept = np.arange(n)
    duplicates = NearDuplicates([], kept, kept[:objects], True, 0.15, 0.5)
    return pairs(n), {"generic": rng.random((n, n)), "face": face, "face-generic": face + 0}, duplicates


def test_the_papers_design() -> None:
    table, distances, duplicates = design_input(200, 70)
    found = paper_design(table, distances, duplicates, seed=3)
    assert len(found) == 120
    sets = found.column("set")
    assert list(dict.fromkeys(sets)) == [f"{subset} {feature}" for subset, feature in PAPER_SETS]
    assert {name: sets.count(name) for name in set(sets)} == {f"{s} {f}": 20 for s, f in PAPER_SETS}
    assert len(set(found.column("pair"))) == 120  # no pair is asked twice
    position = {c: i for i, c in enumerate(table.column("right"))}
    for name, pair, options in zip(sets, found.column("pair"), found.column("options"), strict=True):
        rows = [position[option] for option in options]
        if name.startswith("TLL_obj"):
            assert max(rows) < 70
        if "face" in name:
            assert np.all(np.isfinite(distances["face"][pair, rows]))
    assert found.table.equals(paper_design(table, distances, duplicates, seed=3).table)
    # The feature's own choice is where `nearest` says: scoring the table by the feature gives the same accuracy.
    rows = [i for i, name in enumerate(sets) if name == "TLL_d generic"]
    right, nearest = found.column("right"), found.column("nearest")
    own = [
        [distances["generic"][found.column("pair")[i], position[o]] for o in found.column("options")[i]]
        for i in rows
    ]
    scored = forced_choice(own, [right[i] for i in rows])
    assert scored.accuracy.value == pytest.approx(np.mean([right[i] == nearest[i] for i in rows]))


def test_a_smaller_design_from_few_pairs() -> None:
    table, distances, duplicates = design_input(40, 15)
    assert len(paper_design(table, distances, duplicates, per_set=3)) == 18


@pytest.mark.parametrize(
    ("n", "objects", "what"), [(60, 30, "TLL_obj"), (119, 45, "TLL_d"), (100, 80, "faces")]
)
def test_too_few_pairs_are_refused_by_name(n: int, objects: int, what: str) -> None:
    with pytest.raises(BenchmarkError, match=what):
        paper_design(*design_input(n, objects))


def test_a_design_without_faces_is_refused() -> None:
    table, distances, duplicates = design_input(200, 70)
    blind = NearDuplicates([], duplicates.kept_d, np.arange(0), False, 0.15, 0.5)
    with pytest.raises(BenchmarkError, match="faces"):
        paper_design(table, distances, blind)
    with pytest.raises(BenchmarkError, match="face-generic"):
        paper_design(table, {k: v for k, v in distances.items() if k != "face-generic"}, duplicates)


def test_another_right_answer_of_the_same_image_is_no_distractor() -> None:
    # Left image 0 stands in pairs 0, 1 and 2, so right images 1 and 2 are right answers to it as well.
    lefts = [content("left", 0 if i < 3 else i) for i in range(9)]
    rights = [content("right", i) for i in range(9)]
    names = {c: f"{c[:1]}/{i}.jpg" for i, c in enumerate(dict.fromkeys([*lefts, *rights]))}
    table = PairTable(pa.table({"left": lefts, "right": rights}), ImageCatalogue(names))
    phi = np.tile(np.arange(9.0), (9, 1))
    for feature, distances in (("generic", phi), ("random", None)):
        found = distractor_sets(table, [0, 1, 5], feature, distances, seed=3)
        for options, right, pair in zip(
            *(found.column(c) for c in ("options", "right", "pair")), strict=True
        ):
            others = set(options) - {rights[pair]}
            assert options[right] == rights[pair]
            if pair < 3:
                assert not others & set(rights[:3])
