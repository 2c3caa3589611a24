"""People against machines: the same trials, answered by an encoder or a comparator (TLL paper, table 2b)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.jnd import jnd
from lookalike.benchmarks.paired_tests import PairedTest, paired_means
from lookalike.benchmarks.statistics import CorrelationEstimate, Estimate, bootstrap_mean, correlation
from lookalike.benchmarks.triplets_encoders import Failed
from lookalike.errors import BenchmarkError, MissingDependency, StudyError
from lookalike.studies.analysis.machine_distances import ItemDistances
from lookalike.studies.analysis.psychometric import Psychometric, fit_psychometric
from lookalike.studies.analysis.responses import Responses

CLEAR = 0.7
"""Share of votes that makes a majority clear."""

LEAST_VOTES = 3
"""Votes that a clear majority needs: one answer is unanimous by itself."""


@dataclass(frozen=True)
class Division:
    """An item on which a machine contradicts people.

    Attributes:
        item: place in the responses' items.
        people: option that most people chose; their share is ``share``.
        machine: option that the machine chose.
        share: of the votes for people's option.
        gap: distance of people's option less that of the machine's, in standard deviations of all such gaps.
    """

    item: int
    people: int
    machine: int
    share: float
    gap: float


@dataclass(frozen=True)
class MachineResult:
    """One machine on the items that people answered.

    Attributes:
        name: as it was asked for.
        accuracy: how often it gives the right answer, ties shared; None where nothing is right.
        by_group: the same by group of items: group -> (accuracy, items); table 2b.
        answers: share of people's single answers that name its choice; items are drawn for the interval.
        majority: share of items on which it chooses what most people chose (tied majorities shared).
        items: float64 (I,), share of each item's answers that it agrees with (for paired tests).
        chosen: int64 (I,), its choice, the first of equals; -1 where the answer is no choice.
        margin: float64 (I,), how much farther its second choice is than its first.
        with_people: correlation over items of its margin in favour of people's most frequent answer with that answer's share.
        ratings: Spearman's correlation of nearness with mean rating, or with the share of "same".
        jnd_score: area under precision and recall (same-different), as in ``bench nights``.
        psychometric: the curve of "different" over its distances (same-different).
        divisions: items that divide it from a clear majority, the widest gap first.
        tied: items on which it cannot choose between its nearest.
        notes: for the reader.
    """

    name: str
    accuracy: Estimate | None = None
    by_group: dict[str, tuple[float, int]] = field(default_factory=dict)
    answers: Estimate | None = None
    majority: Estimate | None = None
    items: NDArray[np.float64] | None = None
    chosen: NDArray[np.int64] | None = None
    margin: NDArray[np.float64] | None = None
    with_people: CorrelationEstimate | None = None
    ratings: CorrelationEstimate | None = None
    jnd_score: Estimate | None = None
    psychometric: Psychometric | None = None
    divisions: tuple[Division, ...] = ()
    tied: int = 0
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without the arrays."""

        def plain(value: Any) -> Any:
            return None if value is None else value.to_dict()

        return {
            "accuracy": plain(self.accuracy),
            "by_group": {name: {"accuracy": a, "items": n} for name, (a, n) in self.by_group.items()},
            "answers": plain(self.answers), "majority": plain(self.majority),
            "with_people": plain(self.with_people), "ratings": plain(self.ratings), "jnd": plain(self.jnd_score),
            "psychometric": plain(self.psychometric), "divided_items": len(self.divisions), "tied": self.tied,
            "notes": list(self.notes),
        }  # fmt: skip


def compare_machines(
    responses: Responses, machines: Iterable[ItemDistances | Failed], *, seed: int = 0
) -> tuple[list[MachineResult], list[Failed], list[PairedTest]]:
    """Score machines on the items that people answered.

    Args:
        responses: people's main answers.
        machines: distances of exactly ``responses.items``, in their order.
        seed: of the intervals.

    Returns:
        (results, those that could not be had, paired tests of every two by agreement with single answers).

    Raises:
        StudyError: distances of other items.
        MissingDependency: there are two machines or more to compare, and statsmodels is not installed.
    """
    found: list[MachineResult] = []
    failed: list[Failed] = []
    for one in machines:
        if isinstance(one, Failed):
            failed.append(one)
        elif len(one.rows) != len(responses.items):
            raise StudyError(
                f"{one.name} gave distances of {len(one.rows)} items, {len(responses.items)} were answered"
            )
        else:
            found.append(_score(responses, one, seed))
    votes = responses.votes().sum(axis=1) if responses.choices.any() else np.zeros(0)
    scores = {one.name: one.items[votes > 0] for one in found if one.items is not None}
    queries = responses.queries()
    some = None if queries is None else queries.select(votes > 0)
    if len(scores) > 1 and find_spec("statsmodels") is None:
        raise MissingDependency("statsmodels", "stats", "comparing two machines")
    tests = paired_means(scores, votes[votes > 0], clusters=some, seed=seed) if len(scores) > 1 else []
    return found, failed, tests


def _score(responses: Responses, machine: ItemDistances, seed: int) -> MachineResult:
    if all(item.options for item in responses.items):
        return _choices(responses, machine, seed)
    distances = np.array([row[0] for row in machine.rows])
    if responses.items[0].type == "same-different":
        return _same_different(responses, machine, distances, seed)
    return _ratings(responses, machine, distances, seed)


def _choices(responses: Responses, machine: ItemDistances, seed: int) -> MachineResult:
    votes = responses.votes()
    total = votes.sum(axis=1)
    share = _shares(machine.rows, votes.shape[1])
    items = np.divide((share * votes).sum(axis=1), total, out=np.zeros(len(total)), where=total > 0)
    answered = total > 0
    known = responses.right >= 0
    queries = responses.queries()
    asked = None if queries is None else queries.select(answered)
    scored = None if queries is None else queries.select(known)
    hits = np.where(known, share[np.arange(len(share)), np.maximum(responses.right, 0)], np.nan)
    most = (votes == votes.max(axis=1, keepdims=True)) & (votes > 0)
    sides = (share * most).sum(axis=1)[answered] / most.sum(axis=1)[answered]
    margin = np.array([_margin(row) for row in machine.rows])
    return MachineResult(
        machine.name,
        bootstrap_mean(hits[known], clusters=scored, seed=seed) if known.any() else None,
        _by_group(responses, hits),
        bootstrap_mean(items[answered], total[answered], clusters=asked, seed=seed)
        if answered.any()
        else None,
        bootstrap_mean(sides, clusters=asked, seed=seed) if answered.any() else None,
        items,
        np.array([int(np.argmin(row)) for row in machine.rows], dtype=np.int64),
        margin,
        _with_people(machine.rows, votes, seed),
        divisions=_divisions(machine.rows, votes),
        tied=int((share.max(axis=1) < 1).sum()),
        notes=machine.notes,
    )


def _shares(rows: Sequence[NDArray[np.float64]], width: int) -> NDArray[np.float64]:
    """What a machine chooses: 1 at its nearest option, equals share: float64 (I, width)."""
    found = np.zeros((len(rows), width))
    for n, row in enumerate(rows):
        near = row == row.min()
        found[n, : len(row)] = near / near.sum()
    return found


def _margin(row: NDArray[np.float64]) -> float:
    first, second = np.sort(row)[:2]
    return 0.0 if first == second else float(second - first)


def _by_group(responses: Responses, hits: NDArray[np.float64]) -> dict[str, tuple[float, int]]:
    group = responses.set_of_items()
    known = np.isfinite(hits)
    found = {}
    for n, name in enumerate(responses.sets):
        rows = known & (group == n)
        if rows.any():
            found[name] = (float(hits[rows].mean()), int(rows.sum()))
    return found


def _favour(row: NDArray[np.float64], option: int) -> float:
    """How much nearer ``option`` is than the nearest other one; negative where it is not the choice."""
    others = np.delete(row, option)
    return 0.0 if row[option] == others.min() else float(others.min() - row[option])


def _with_people(
    rows: Sequence[NDArray[np.float64]], votes: NDArray[np.int64], seed: int
) -> CorrelationEstimate | None:
    total = votes.sum(axis=1)
    places = [n for n in range(len(rows)) if total[n] > 0]
    favour = np.array([_favour(rows[n], int(votes[n].argmax())) for n in places])
    share = np.array([votes[n].max() / total[n] for n in places])
    finite = np.isfinite(favour)
    try:
        return correlation(favour[finite], share[finite], "spearman", seed=seed, resamples=500)
    except BenchmarkError:  # too few items, or all alike
        return None


def _divisions(rows: Sequence[NDArray[np.float64]], votes: NDArray[np.int64]) -> tuple[Division, ...]:
    gaps = {}
    for n, row in enumerate(rows):
        if votes[n].sum() > 0:
            gaps[n] = -_favour(row, int(votes[n].argmax()))
    finite = [gap for gap in gaps.values() if np.isfinite(gap)]
    spread = float(np.std(finite)) if finite else 0.0
    found = []
    for n, gap in gaps.items():
        people, share = int(votes[n].argmax()), float(votes[n].max() / votes[n].sum())
        if votes[n].sum() >= LEAST_VOTES and share >= CLEAR and gap > 0:
            found.append(
                Division(n, people, int(np.argmin(rows[n])), share, gap / spread if spread > 0 else gap)
            )
    return tuple(sorted(found, key=lambda one: (-one.share, -one.gap)))


def _same_different(
    responses: Responses, machine: ItemDistances, distances: NDArray[np.float64], seed: int
) -> MachineResult:
    votes = responses.votes()
    total = votes.sum(axis=1)
    answered = total > 0
    same = votes[answered, 1] / total[answered]
    notes = list(machine.notes)
    score = curve = nearness = None
    try:
        score = jnd(distances[answered], same, seed=seed).score
        nearness = correlation(-distances[answered], same, "spearman", seed=seed, resamples=500)
    except BenchmarkError as error:
        notes.append(str(error))
    try:
        x, given = distances[responses.item], responses.chosen >= 0
        curve = fit_psychometric(x[given], 1 - responses.chosen[given], responses.person[given], seed=seed)
    except StudyError as error:
        notes.append(str(error))
    return MachineResult(
        machine.name, ratings=nearness, jnd_score=score, psychometric=curve, notes=tuple(notes)
    )


def _ratings(
    responses: Responses, machine: ItemDistances, distances: NDArray[np.float64], seed: int
) -> MachineResult:
    known = np.isfinite(responses.value)
    count = np.bincount(responses.item[known], minlength=len(responses.items))
    total = np.bincount(responses.item[known], responses.value[known], len(responses.items))
    rated = count > 0
    try:
        found = correlation(
            -distances[rated], total[rated] / count[rated], "spearman", seed=seed, resamples=500
        )
    except BenchmarkError as error:
        return MachineResult(machine.name, notes=(*machine.notes, str(error)))
    return MachineResult(machine.name, ratings=found, notes=machine.notes)
