"""Response times: medians with intervals, because times have a long tail to the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.resampling import interval
from lookalike.benchmarks.statistics import RESAMPLES, Estimate
from lookalike.studies.analysis.responses import Responses

FAST_MS = 200.0
"""Below this nobody has looked at the images: a simple reaction to light takes as long."""


@dataclass(frozen=True)
class Times:
    """Response times in milliseconds.

    Attributes:
        median: of participants' medians; people are drawn for its interval.
        quartiles: of single answers, (25 %, 75 %).
        right, wrong: median of single right and wrong answers; None where there are none.
        by_group: group of items -> median of single answers.
        course: median in the first, second and last third of each participant's trials (do people get faster?).
        fast: share of answers below 200 ms.
        known: answers with a time.
    """

    median: Estimate
    quartiles: tuple[float, float]
    right: float | None
    wrong: float | None
    by_group: dict[str, float]
    course: tuple[float | None, float | None, float | None]
    fast: float
    known: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "median_ms": self.median.to_dict(), "quartiles_ms": list(self.quartiles), "right_ms": self.right,
            "wrong_ms": self.wrong, "by_group_ms": self.by_group, "course_ms": list(self.course),
            "fast_share": self.fast, "known": self.known,
        }  # fmt: skip


def response_times(responses: Responses, *, seed: int = 0) -> Times | None:
    """Summary of response times; None where no answer has one."""
    known = np.isfinite(responses.time_ms)
    if not known.any():
        return None
    some = responses.select(known)
    t = some.time_ms
    group = some.set_of_items()[some.item]
    return Times(
        _median_of_people(some, seed),
        (float(np.percentile(t, 25)), float(np.percentile(t, 75))),
        _median(t[some.correct == 1]),
        _median(t[some.correct == 0]),
        {name: float(np.median(t[group == n])) for n, name in enumerate(some.sets)},
        _course(some),
        float((t < FAST_MS).mean()),
        len(t),
    )


def _median_of_people(some: Responses, seed: int) -> Estimate:
    medians = np.array([np.median(some.time_ms[some.person == p]) for p in range(len(some.people))])
    value = float(np.median(medians))
    rng = np.random.default_rng(seed)
    draws = np.median(medians[rng.integers(0, len(medians), (RESAMPLES, len(medians)))], axis=1)
    low, high = interval(draws)
    return Estimate(
        value, min(low, value), max(high, value), len(medians), f"bootstrap of people, {RESAMPLES} resamples"
    )


def _course(some: Responses) -> tuple[float | None, float | None, float | None]:
    """Thirds of each person's own sequence."""
    order = np.lexsort((some.trial, some.person))
    counts = np.bincount(some.person)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    third = np.minimum(3 * place // np.repeat(counts, counts), 2)
    t = some.time_ms[order]
    first, second, last = (_median(t[third == n]) for n in range(3))
    return first, second, last


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if len(values) else None
