"""Accuracy by group, with intervals that draw items, and people as well.

Answers to one item are alike, and so are answers of one person. A bootstrap over single answers takes them for
independent and gives intervals that are far too narrow (20 items with 20 votes each are 20 items, not 400 answers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.resampling import RESAMPLES, interval
from lookalike.benchmarks.statistics import Estimate, bootstrap_mean
from lookalike.studies.analysis.responses import Responses


@dataclass(frozen=True)
class GroupAccuracy:
    """Accuracy on the items of one group.

    Attributes:
        name: of the group; ``all`` for every item.
        answers: how many.
        items: how many.
        people: how many.
        chance: accuracy of guessing.
        accuracy: share of answers that are right; the interval draws items, then people (Owen 2007, the pigeonhole
            bootstrap): what other items and other people might give. Where people and items hardly differ it is too
            wide, by up to 1.7 times.
        over_items: the same figure; the interval draws items only: what other items might give with these people.
    """

    name: str
    answers: int
    items: int
    people: int
    chance: float
    accuracy: Estimate
    over_items: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "group": self.name,
            "answers": self.answers,
            "items": self.items,
            "people": self.people,
            "chance": self.chance,
            "accuracy": self.accuracy.value,
            "interval": [self.accuracy.low, self.accuracy.high],
            "interval_items": [self.over_items.low, self.over_items.high],
        }


def accuracy_by_group(
    responses: Responses, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[GroupAccuracy]:
    """``all`` first, then each group of items in order of appearance; empty where no answer is right or wrong.

    Args:
        responses: those with a right answer are used.
        seed: of the bootstrap.
        resamples: how many draws.
    """
    known = np.isfinite(responses.correct)
    if not known.any():
        return []
    scored = responses.select(known)
    found = [_group("all", scored, seed, resamples)]
    if len(scored.sets) > 1:
        group = scored.set_of_items()[scored.item]
        for n, name in enumerate(scored.sets):
            found.append(_group(name, scored.select(group == n), seed, resamples))
    return found


def _group(name: str, scored: Responses, seed: int, resamples: int) -> GroupAccuracy:
    votes = np.bincount(scored.item, minlength=len(scored.items)).astype(np.float64)
    right = np.bincount(scored.item, weights=scored.correct, minlength=len(scored.items))
    choices = np.maximum(scored.choices, 1)
    return GroupAccuracy(
        name, len(scored), len(scored.items), len(scored.people), float((votes / choices).sum() / votes.sum()),
        crossed_mean(scored.correct, scored.item, scored.person, seed=seed, resamples=resamples),
        bootstrap_mean(right / votes, votes, seed=seed, resamples=resamples),
    )  # fmt: skip


def crossed_mean(
    values: NDArray[np.float64],
    item: NDArray[np.intp],
    person: NDArray[np.intp],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Mean of n answers; for the interval items are drawn, then people, and an answer counts as often as both came.

    Args:
        values: float64 (n,), finite, at least one.
        item: intp (n,), from 0.
        person: intp (n,), from 0.
        seed: of the draws.
        resamples: how many draws; those without any answer are left out.
    """
    from scipy.sparse import csr_matrix

    items, people = int(item.max()) + 1, int(person.max()) + 1
    value = float(values.mean())
    how = f"bootstrap of {items} items and {people} people, {resamples} resamples"
    if np.ptp(values) == 0:
        return Estimate(value, value, value, items, how)
    sums = csr_matrix((values, (person, item)), shape=(people, items))
    counts = csr_matrix((np.ones_like(values), (person, item)), shape=(people, items))
    rng = np.random.default_rng(seed)
    draws = []
    for start in range(0, resamples, 100):
        rows = min(100, resamples - start)
        of_items = rng.multinomial(items, np.full(items, 1 / items), rows).astype(np.float64)
        of_people = rng.multinomial(people, np.full(people, 1 / people), rows).astype(np.float64)
        total = ((counts @ of_items.T).T * of_people).sum(axis=1)
        right = ((sums @ of_items.T).T * of_people).sum(axis=1)
        draws.append(right[total > 0] / total[total > 0])
    low, high = interval(np.concatenate(draws))
    return Estimate(value, min(low, value), max(high, value), items, how)
