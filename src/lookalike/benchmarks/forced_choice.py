"""k-alternative forced choice: is the right one of k options the nearest, or the one that people chose?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.statistics import Estimate, bootstrap_mean, proportion
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class ForcedChoice:
    """Accuracy of choosing the nearest of each query's options.

    Attributes:
        accuracy: share of queries whose right option is the nearest, Wilson; equally near options share.
        chance: accuracy of guessing (mean of 1 / number of options).
        hits: float64 (n,), expected hit of each query (for paired tests).
    """

    accuracy: Estimate
    chance: float
    hits: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without the array."""
        return {
            "accuracy": self.accuracy.value,
            "interval": self.accuracy.ends,
            "chance": self.chance,
            "queries": len(self.hits),
        }


@dataclass(frozen=True)
class PeoplesChoice:
    """People's own accuracy in a forced choice, and how far they agree.

    Attributes:
        accuracy: share of all answers that are right (bootstrap over queries).
        majority: share of queries whose most chosen option is the right one (ties shared; Wilson).
        items: float64 (n,), share of each query's answers that are right.
        agreement: float64 (n,), share of each query's answers that name its most chosen option.
    """

    accuracy: Estimate
    majority: Estimate
    items: NDArray[np.float64]
    agreement: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without the arrays."""
        return {"accuracy": self.accuracy.to_dict(), "majority": self.majority.to_dict()}


def forced_choice(distances: NDArray[Any] | Sequence[ArrayLike], right: ArrayLike) -> ForcedChoice:
    """Accuracy of an encoder that chooses the nearest option.

    Args:
        distances: (n, k), or n rows of differing lengths: the query's distance to each option. Where every option is
            at +inf (no faces at all) the encoder cannot choose and gets the share of a guess, 1 / k; a right option
            at +inf beside a finite one is missed.
        right: (n,) position of the right option in each row.

    Raises:
        BenchmarkError: no queries, an empty row, NaN, or a position outside its row.
    """
    rows, answers = _rows(distances, right, "distances")
    near = [row == row.min() for row in rows]
    hits = np.array([tied[a] / tied.sum() for tied, a in zip(near, answers, strict=True)])
    return ForcedChoice(proportion(hits), float(np.mean([1 / len(row) for row in rows])), hits)


def agreement_with_answers(
    distances: NDArray[Any] | Sequence[ArrayLike], answers: Sequence[ArrayLike], *, seed: int = 0
) -> Estimate:
    """Share of people's single answers that name the option nearest by distance (bootstrap over queries).

    Args:
        distances: as in :func:`forced_choice`.
        answers: n rows of counts, one for each option; queries without answers are left out.
        seed: of the bootstrap.

    Raises:
        BenchmarkError: as in :func:`forced_choice`, or no answers at all.
    """
    rows, _ = _rows(distances, np.zeros(len(distances), dtype=np.int64), "distances")
    counts, _ = _rows(answers, np.zeros(len(answers), dtype=np.int64), "answers")
    if [len(r) for r in rows] != [len(c) for c in counts]:
        raise BenchmarkError("distances and answers differ in the number of queries or of options")
    kept = [(r, c) for r, c in zip(rows, counts, strict=True) if c.sum() > 0]
    if not kept:
        raise BenchmarkError("nobody answered any of these queries")
    shares = [float(c[r == r.min()].sum() / np.sum(r == r.min()) / c.sum()) for r, c in kept]
    return bootstrap_mean(shares, [float(c.sum()) for _, c in kept], seed=seed)


def peoples_choice(answers: Sequence[ArrayLike], right: ArrayLike, *, seed: int = 0) -> PeoplesChoice:
    """How often people choose the right option.

    Args:
        answers: n rows of counts, one for each option.
        right: (n,) position of the right option.
        seed: of the bootstrap.

    Raises:
        BenchmarkError: as in :func:`forced_choice`, negative counts, or a query that nobody answered.
    """
    rows, positions = _rows(answers, right, "answers")
    totals = np.array([row.sum() for row in rows])
    if any(row.min() < 0 for row in rows) or totals.min() <= 0:
        raise BenchmarkError("every query needs at least one answer, and counts of 0 or more")
    items = np.array([row[a] for row, a in zip(rows, positions, strict=True)]) / totals
    most = [row == row.max() for row in rows]
    majority = proportion([tied[a] / tied.sum() for tied, a in zip(most, positions, strict=True)])
    agreement = np.array([row.max() for row in rows]) / totals
    return PeoplesChoice(bootstrap_mean(items, totals, seed=seed), majority, items, agreement)


def _rows(
    values: NDArray[Any] | Sequence[ArrayLike], right: ArrayLike, name: str
) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    rows = [np.asarray(row, dtype=np.float64) for row in values]
    answers = np.asarray(right)
    if not rows or answers.shape != (len(rows),) or answers.dtype.kind not in "iu":
        raise BenchmarkError(f"{len(rows)} rows of {name} need as many right positions, got {answers.shape}")
    for i, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        if row.ndim != 1 or len(row) == 0 or np.isnan(row).any():
            raise BenchmarkError(f"{name} of query {i} must be one number for each option, without NaN")
        if not 0 <= answer < len(row):
            raise BenchmarkError(f"query {i}: right option {answer} is not among its {len(row)} options")
    return rows, answers.astype(np.int64)
