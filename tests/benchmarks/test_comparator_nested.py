"""Nested choice of the comparator's design: nothing of a held-out fold reaches the choice, and it is repeatable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lookalike.benchmarks import comparator_nested
from lookalike.benchmarks.comparator_designs import (
    CUE_SETS,
    Design,
    candidates,
    columns_of,
    redesigned,
    refinements,
)
from lookalike.benchmarks.comparator_nested import (
    Inner,
    NestedResult,
    choose_design,
    learn_design,
    nested_described,
)
from lookalike.errors import BenchmarkError
from lookalike.similarity.comparator_describe import Descriptions
from lookalike.similarity.comparator_fit import HARD, PENALTY
from lookalike.similarity.comparator_model import fit_described
from lookalike.similarity.comparator_space import learn_space
from lookalike.similarity.cues import choose
from tests.similarity.test_comparator import random_pairs
from tests.similarity.test_cues import face

CONTENT = Design(("content",), False, True, 0.5, 20, 1e-3)
ALL = Design(("content", "shape", "texture", "layout", "colour"), False, True, 0.5, HARD, PENALTY)
PLAIN = replace(ALL, levels=False, exponent=0.0)
DESIGNS = (CONTENT, PLAIN, ALL)


def nested(left: Descriptions, right: Descriptions) -> NestedResult:
    plain = left.vectors["embedding"], right.vectors["embedding"]
    return nested_described(left, right, *plain, folds=3, inner_folds=2, designs=DESIGNS, refine=False)


def poisoned(left: Descriptions, right: Descriptions, rows: np.ndarray) -> tuple[Descriptions, Descriptions]:
    """The same pairs, but these rows have other partners and other images (of large numbers)."""
    sides = []
    for side, order in ((left, rows), (right, np.roll(rows, 1))):
        vectors = {name: array.copy() for name, array in side.vectors.items()}
        for array in vectors.values():
            array[rows] = 1e3 * array[order] + 7
        sides.append(Descriptions(vectors, side.faces, side.encoder))
    return sides[0], sides[1]


def test_no_row_of_the_held_out_fold_reaches_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = random_pairs(75, "texture")
    fold = np.arange(75) % 3
    monkeypatch.setattr(comparator_nested, "groups_of", lambda *_: np.arange(75))
    first = comparator_nested.folds_to_learn
    monkeypatch.setattr(
        comparator_nested,
        "folds_to_learn",
        lambda group, n, seed: fold if len(group) == 75 else first(group, n, seed),
    )
    clean = nested(left, right)
    held = 1
    rows = np.flatnonzero(fold == held)
    dirty = nested(*poisoned(left, right, rows))
    # The choice, and the score of every design to the last bit, are those of the clean pairs...
    assert dirty.chosen[held] == clean.chosen[held]
    # ... while the poison is there: the held-out pairs are not found, and other folds' choices saw it.
    assert dirty.recalls["nested"].hits(1)[rows].mean() < clean.recalls["nested"].hits(1)[rows].mean() - 0.3
    others = [k for k in range(3) if k != held]
    assert all(dirty.chosen[k].scores != clean.chosen[k].scores for k in others)


def test_every_training_is_within_the_outer_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each image carries its number; whatever is learned or searched while choosing is looked at."""
    left, right = random_pairs(66, "texture")
    numbered = [
        Descriptions({**side.vectors, "number": np.arange(66)[:, np.newaxis]}, None, "e")
        for side in (left, right)
    ]
    outer = np.random.default_rng(1).permutation(66)[:44]
    learned: list[set[int]] = []

    def watched(a: Descriptions, b: Descriptions, *rest: object) -> object:
        assert np.array_equal(a.vectors["number"], b.vectors["number"])
        learned.append(set(a.vectors["number"][:, 0].tolist()))
        return learn_space(a, b, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(comparator_nested, "learn_space", watched)
    parts = [side.take(outer) for side in numbered]
    group = np.arange(66)
    group[outer[:12]] = outer[0]  # twelve near-duplicates: one fold only
    measures = choose(left.holds)
    fold = comparator_nested.folds_to_learn(group[outer], 2, 0)
    choose_design(Inner(parts[0], parts[1], fold, measures), DESIGNS, refine=False)
    assert len(learned) == 2 * 2  # folds times spaces
    assert all(rows < set(outer.tolist()) for rows in learned)
    twins = set(outer[:12].tolist())
    assert all(twins <= rows or not twins & rows for rows in learned)


def test_the_better_design_is_chosen_and_it_is_repeatable() -> None:
    left, right = random_pairs(75, "texture")
    told: list[tuple[str, int, int]] = []
    plain = left.vectors["embedding"], right.vectors["embedding"]
    result = nested_described(
        left, right, *plain, folds=3, inner_folds=2, designs=DESIGNS, refine=False,
        progress=lambda *s: told.append(s),
    )  # fmt: skip
    assert all(one.design != CONTENT for one in result.chosen)
    assert all(one.scores[0] < 0.35 < one.score == max(one.scores) for one in result.chosen)
    assert result.recalls["nested"].at[1].value > 0.6
    assert list(result.recalls) == ["nested", "comparator", "cosine"]
    assert (result.tests[1][0].a, result.tests[1][0].b) == ("nested", "comparator")
    assert [step[1:] for step in told] == [(number, 12) for number in range(12)]
    again = nested(left, right)
    assert again.to_dict() == result.to_dict()
    document = result.to_dict()
    assert len(document["designs"]) == 3
    assert len(document["designs"][0]["inner"]) == 3
    assert sum(document["agreement"]["exponent"].values()) == 3
    assert document["chosen"][0]["best"][0]["inner"] == document["chosen"][0]["inner"]


def test_the_second_round_tries_rivals_and_penalties() -> None:
    left, right = random_pairs(60, "texture")
    inner = Inner(left, right, np.arange(60) % 2, choose(left.holds))
    chosen = choose_design(inner, [ALL])
    assert len(chosen.refined) == 9
    assert (
        next(iter(chosen.refined.values())) == chosen.scores[0]
    )  # the first is the winner of the first round
    assert chosen.score == max(chosen.refined.values()) == chosen.refined[chosen.design]


def test_the_fixed_design_learns_what_fit_learns() -> None:
    left, right = random_pairs(60, "layout")
    measures = choose(left.holds)
    _, weights = learn_design(left, right, measures, ALL, 0)
    np.testing.assert_array_equal(weights, fit_described(left, right).weights)


def test_the_list_of_designs() -> None:
    every = candidates([cue for some in CUE_SETS for cue in some])
    # Five sets, four of them with gates or without: nine; times levels 2, exponents 3.
    assert len(every) == len(set(every)) == 9 * 2 * 3
    assert every[0].cues == ("content",)
    assert every[-1].cues == CUE_SETS[-1]
    assert len(refinements(every[0])) == 9
    assert refinements(every[0])[0] == every[0]
    bare = candidates(["content", "shape"])
    assert {design.cues for design in bare} == {("content",), ("content", "shape")}
    assert not any(design.gates for design in bare)
    assert {design.cues for design in candidates(["content", "mine"])} == {("content",), ("content", "mine")}


def test_columns_and_measures_of_a_design() -> None:
    left, right = random_pairs(30, "texture")
    people = tuple((face(50, number / 30),) if number % 2 else () for number in range(30))
    sides = [Descriptions(side.vectors, people, "e", "f") for side in (left, right)]
    measures = redesigned(choose(sides[0].holds), levels=False, exponent=1.0)
    assert not any(measure.levelled for measure in measures)
    assert measures[0].base.exponent == 1.0  # type: ignore[attr-defined]
    space, _, _ = learn_space(sides[0], sides[1], measures)
    cues = ("texture", "presence")
    kept = [space.columns[i][1] for i in np.flatnonzero(columns_of(space, replace(ALL, cues=cues)))]
    assert kept == ["texture", "faces in both", "face in one only", "as many faces"]
    gated = replace(ALL, cues=cues, gates=True)
    kept = [space.columns[i][1] for i in np.flatnonzero(columns_of(space, gated))]
    assert kept[:2] == ["texture", "texture, both have faces"]


def test_nothing_to_choose_or_too_few_pairs() -> None:
    left, right = random_pairs(42, "texture")
    plain = left.vectors["embedding"], right.vectors["embedding"]
    with pytest.raises(BenchmarkError, match="no design"):
        nested_described(left, right, *plain, folds=2, designs=())
    with pytest.raises(BenchmarkError, match="too few for 3 folds"):
        nested_described(left, right, *plain, folds=3, designs=DESIGNS)
