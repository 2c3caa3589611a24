"""Odd one out (THINGS, Hebart et al. 2020): does the closest pair of three leave the one that people named?

The encoder names the image outside its closest pair. Equally close pairs share the choice: with two the chosen one
counts half, with three a third. (DreamSim's published figures count a tie as right; here an encoder that cannot tell
gains nothing over chance.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.statistics import Estimate, bootstrap_mean, proportion
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class OddOneOut:
    """How often an encoder names the odd one that people name; shares in [0, 1].

    Attributes:
        accuracy: share of all single answers it agrees with (bootstrap over trials).
        majority: share of trials on which it names the image most people named; where people are split evenly
            between two or three, the trial is left out (Wilson). None when all are.
        ceiling: share of single answers that always naming the majority's image agrees with.
        items: float64 (n,), share of each trial's answers it agrees with (for paired tests).
        votes: float64 (n,), answers to each trial.
        tied: trials on which its closest pair is not unique.
    """

    accuracy: Estimate
    majority: Estimate | None
    ceiling: Estimate
    items: NDArray[np.float64]
    votes: NDArray[np.float64]
    tied: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without the arrays."""
        return {
            "accuracy": self.accuracy.value,
            "interval": self.accuracy.ends,
            "majority": None if self.majority is None else self.majority.to_dict(),
            "ceiling": self.ceiling.to_dict(),
            "trials": len(self.items),
            "tied": self.tied,
        }


def odd_one_out(
    d_ab: ArrayLike, d_ac: ArrayLike, d_bc: ArrayLike, votes: ArrayLike, *, seed: int = 0
) -> OddOneOut:
    """Score the distances within triples against people's answers.

    Args:
        d_ab: (n,) distance of a and b; their being closest makes c the odd one. +inf is allowed, NaN is not.
        d_ac: (n,), makes b the odd one.
        d_bc: (n,), makes a the odd one.
        votes: (n, 3), how many people named a, b, c; trials without any are left out.
        seed: of the bootstrap.

    Raises:
        BenchmarkError: shapes that do not fit, NaN, negative votes, or no votes at all.
    """
    # Column j is the distance whose being smallest makes image j the odd one.
    columns = [np.asarray(d, dtype=np.float64) for d in (d_bc, d_ac, d_ab)]
    counts = np.asarray(votes, dtype=np.float64)
    if len({c.shape for c in columns}) != 1 or columns[0].ndim != 1 or counts.shape != (len(columns[0]), 3):
        shapes = ", ".join(str(c.shape) for c in columns)
        raise BenchmarkError(
            f"three distances and three counts a trial are wanted, got {shapes} and {counts.shape}"
        )
    distances = np.column_stack(columns)
    if np.isnan(distances).any():
        raise BenchmarkError("a distance is NaN; an embedding holds values that are not finite numbers")
    if not np.all(np.isfinite(counts)) or np.any(counts < 0) or counts.sum() == 0:
        raise BenchmarkError("votes must be 0 or more, and there must be some")
    answered = counts.sum(axis=1) > 0
    distances, counts = distances[answered], counts[answered]
    named = distances == distances.min(axis=1, keepdims=True)
    share = named / named.sum(axis=1, keepdims=True)
    totals = counts.sum(axis=1)
    items = np.minimum((share * counts).sum(axis=1) / totals, 1.0)
    most = counts == counts.max(axis=1, keepdims=True)
    clear = most.sum(axis=1) == 1
    return OddOneOut(
        accuracy=bootstrap_mean(items, totals, seed=seed),
        majority=proportion((share * most).sum(axis=1)[clear]) if clear.any() else None,
        ceiling=bootstrap_mean(counts.max(axis=1) / totals, totals, seed=seed),
        items=items,
        votes=totals,
        tied=int(np.sum(named.sum(axis=1) > 1)),
    )
