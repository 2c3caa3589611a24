"""Krippendorff's alpha, for answers whose values mean the same on every item: ratings, and same or different.

alpha = 1 - observed / expected disagreement over pairs of answers (Krippendorff 2011, "Computing Krippendorff's
alpha-reliability"). Not for choices among options of an item's own: see :mod:`lookalike.studies.analysis.consensus`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.statistics import Estimate, bootstrap_statistic
from lookalike.errors import StudyError

Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(
    item: ArrayLike, value: ArrayLike, *, level: Level = "ordinal", seed: int = 0
) -> Estimate:
    """Alpha with a bootstrap interval over items.

    Args:
        item: int (n,), the item of each answer.
        value: (n,) finite, the answer.
        level: how far apart two values are: ``nominal`` 0 or 1, ``ordinal`` by the ranks between them, ``interval``
            their squared difference.
        seed: of the bootstrap.

    Raises:
        StudyError: no item was answered twice, or all answers are the same (alpha is not defined then).
    """
    counts, values = _table(np.asarray(item), np.asarray(value, dtype=np.float64))
    if len(counts) == 0:
        raise StudyError("Krippendorff's alpha needs items that at least two people answered")
    if len(values) < 2:
        raise StudyError(
            f"all answers are {values[0]:g}: Krippendorff's alpha is not defined without variety"
        )

    def of(rows: NDArray[np.int64]) -> float:
        return _alpha(counts[rows], values, level)

    return bootstrap_statistic(len(counts), of, seed=seed, resamples=1000)


def _table(
    item: NDArray[np.int64], value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(counts (items answered twice, values), the distinct values)."""
    keep = np.isfinite(value)
    _, row = np.unique(item[keep], return_inverse=True)
    values, column = np.unique(value[keep], return_inverse=True)
    counts = np.zeros((int(row.max(initial=-1)) + 1, len(values)))
    np.add.at(counts, (row, column), 1)
    counts = counts[counts.sum(axis=1) >= 2]
    used = counts.sum(axis=0) > 0
    return counts[:, used], values[used]


def _alpha(counts: NDArray[np.float64], values: NDArray[np.float64], level: Level) -> float:
    n = counts.sum(axis=1, keepdims=True)
    # Coincidences: each ordered pair of an item's answers counts 1 / (answers - 1).
    coincide = (counts / (n - 1)).T @ counts - np.diag((counts / (n - 1)).sum(axis=0))
    total = coincide.sum(axis=1)
    apart = _distances(total, values, level)
    expected = float(total @ apart @ total) / (total.sum() - 1)
    return float("nan") if expected == 0 else 1 - float((coincide * apart).sum()) / expected


def _distances(total: NDArray[np.float64], values: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    # Ordinal: answers between two values, their own halves included.
    scale = values if level == "interval" else np.cumsum(total) - total / 2
    return np.asarray((scale[:, None] - scale[None, :]) ** 2)
