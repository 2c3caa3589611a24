"""Simulated associative recall (TLL paper, figure 2b): the right image among m - 1 others drawn at random.

Which others are drawn matters only through how many of them are nearer than the right one, and how many are as near.
These two numbers follow from the ranks by the hypergeometric law, so they are drawn directly: the same distribution
as drawing candidates without replacement, without ever touching the matrix again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.recall import Ranking, ranking
from lookalike.benchmarks.statistics import bootstrap_mean
from lookalike.errors import BenchmarkError

MS = (1, 2, 3, 4, 5, 10, 20, 50, 100)
REPETITIONS = 10


@dataclass(frozen=True)
class Spread:
    """A share that was simulated several times.

    Attributes:
        mean: mean over the repetitions, in [0, 1].
        std: standard deviation over the repetitions (n - 1): how much the drawing of candidates matters.
        low: lower end of the 95 % bootstrap interval of the mean over queries.
        high: upper end.
    """

    mean: float
    std: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def associative_recall(
    distances: NDArray[Any],
    truth: ArrayLike | None = None,
    ms: Sequence[int] = MS,
    repetitions: int = REPETITIONS,
    seed: int = 0,
) -> dict[int, Spread]:
    """Share of queries whose right candidate is the nearest of m.

    Candidates as near as the right one share the choice, also where all of them are at +inf: an encoder that sees
    nothing guesses, and m = 1 is always right.

    Args:
        distances: (n, c), query by candidate; +inf is allowed, NaN is not.
        truth: (n,) column of each query's right candidate; None: query i's is column i.
        ms: numbers of candidates, the right one included; those beyond c are left out of the result.
        repetitions: how often candidates are drawn anew for every query.
        seed: the same seed gives the same draws.

    Returns:
        m -> :class:`Spread`, in the order of ``ms``.

    Raises:
        BenchmarkError: as in :func:`lookalike.benchmarks.recall.ranking`, an m below 1, or no repetitions.
    """
    return associative_recall_of(ranking(distances, truth), ms, repetitions, seed)


def associative_recall_of(
    places: Ranking, ms: Sequence[int] = MS, repetitions: int = REPETITIONS, seed: int = 0
) -> dict[int, Spread]:
    """The same from ranks, such as :func:`lookalike.benchmarks.recall.ranks_in_blocks` gives."""
    if repetitions < 1 or any(m < 1 for m in ms):
        raise BenchmarkError(
            f"associative recall needs m >= 1 and at least 1 repetition, got {list(ms)}, {repetitions}"
        )
    found = {}
    for m in ms:
        if m <= places.candidates:
            # One stream for each m: leaving one out does not change the others.
            rng = np.random.default_rng([seed, m])
            found[m] = _spread(_simulated(places, m, repetitions, rng), seed)
    return found


def _simulated(places: Ranking, m: int, repetitions: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Expected hits, float64 (repetitions, n)."""
    others = places.candidates - 1
    shape = (repetitions, len(places.nearer))
    nearer = rng.hypergeometric(places.nearer, others - places.nearer, m - 1, shape)
    ties = places.tied - 1
    tied = rng.hypergeometric(ties, others - places.nearer - ties, np.where(nearer == 0, m - 1, 0))
    return np.where(nearer == 0, 1.0 / (1 + tied), 0.0)


def _spread(hits: NDArray[np.float64], seed: int) -> Spread:
    shares = hits.mean(axis=1)
    over_queries = bootstrap_mean(hits.mean(axis=0), seed=seed)
    std = float(shares.std(ddof=1)) if len(shares) > 1 else 0.0
    return Spread(over_queries.value, std, over_queries.low, over_queries.high)
