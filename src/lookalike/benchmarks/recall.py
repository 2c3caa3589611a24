"""Recall@k when each query has one right answer: table 1 and figure 2 of Totally-Looks-Like (arXiv 1803.01485).

Query i is right at k when its answer is among the k nearest. Candidates at the same distance as the answer share its
places: the expected hit over all orders of the tied ones is counted, so that no order of the files can win. An answer
at distance +inf (no face on either image) is never found, at no k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.statistics import Estimate, bootstrap_mean, proportion
from lookalike.errors import BenchmarkError
from lookalike.progress import Progress
from lookalike.similarity.matrices import DEFAULT_MEMORY, distance_matrix
from lookalike.similarity.vectors import Metric

RANKS = (1, 5, 10, 20, 50, 100)
TIE_TOLERANCE = 1e-6
"""Distances that :func:`ranks_in_blocks` holds to be the same, relative to max(1, distance): a matrix product in
float32 gives two identical images distances that differ in the last bits, depending on where in a block they stand."""

_CACHE_BYTES = 2 * 1024 * 1024
"""Rows are looked at in blocks of this size: each is read three times, which is cheap from the processor's cache."""

RecallCurve: TypeAlias = NDArray[np.float64]
"""(m,): recall at k = 1 ... m."""


@dataclass(frozen=True)
class Ranking:
    """Where each query's right answer stands among the candidates.

    Attributes:
        nearer: int64 (n,), candidates strictly nearer than the answer.
        tied: int64 (n,), candidates at the answer's distance, the answer included.
        found: bool (n,), False where the answer's distance is +inf.
        candidates: m, how many candidates each query has.
    """

    nearer: NDArray[np.int64]
    tied: NDArray[np.int64]
    found: NDArray[np.bool_]
    candidates: int

    def hits(self, k: int) -> NDArray[np.float64]:
        """Expected hit of each query among its k nearest: float64 (n,) in [0, 1]."""
        if k < 1:
            raise BenchmarkError(f"recall@k needs k of at least 1, got {k}")
        return np.where(self.found, np.clip((k - self.nearer) / self.tied, 0.0, 1.0), 0.0)

    @property
    def ranks(self) -> NDArray[np.float64]:
        """Expected rank of each answer, 1 = nearest, the middle of the tied places; +inf where never found."""
        return np.where(self.found, self.nearer + (self.tied + 1) / 2, np.inf)

    @property
    def reciprocal_ranks(self) -> NDArray[np.float64]:
        """Expected 1 / rank of each answer over its tied places; 0 where never found."""
        harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, self.candidates + 1))])
        shared = (harmonic[self.nearer + self.tied] - harmonic[self.nearer]) / self.tied
        return np.where(self.found, np.clip(shared, 0.0, 1.0), 0.0)

    @property
    def curve(self) -> RecallCurve:
        """Recall at every k = 1 ... m; never falls, and ends at the share of answers that are found."""
        # Query i adds 1 / tied at each of the places nearer + 1 ... nearer + tied.
        steps = np.zeros(self.candidates + 1)
        share = 1.0 / self.tied[self.found]
        np.add.at(steps, self.nearer[self.found], share)
        np.add.at(steps, (self.nearer + self.tied)[self.found], -share)
        gains = np.maximum(np.cumsum(steps[:-1]), 0.0)
        gains[gains < 1e-12] = 0.0
        return np.minimum(np.cumsum(gains) / len(self.found), float(self.found.mean()))


@dataclass(frozen=True)
class Recall:
    """Recall of one encoder and metric.

    Attributes:
        at: k -> recall with Wilson's interval; shares in [0, 1].
        curve: float64 (m,), recall at every k = 1 ... m.
        ranks: float64 (n,), each answer's expected rank (from 1), +inf where never found.
        median_rank: of ``ranks``; +inf when half of the answers are never found.
        reciprocal_rank: mean of 1 / rank with a bootstrap interval over queries.
        ranking: what all of this was computed from; ``ranking.hits(k)`` for paired tests.
    """

    at: dict[int, Estimate]
    curve: RecallCurve
    ranks: NDArray[np.float64]
    median_rank: float
    reciprocal_rank: Estimate
    ranking: Ranking

    def hits(self, k: int) -> NDArray[np.float64]:
        """Expected hit of each query among its k nearest: float64 (n,) in [0, 1]."""
        return self.ranking.hits(k)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: recall in percent by k as text, intervals, ranks; no curve."""
        return {
            "recall": {str(k): 100 * e.value for k, e in self.at.items()},
            "interval": {str(k): [100 * e.low, 100 * e.high] for k, e in self.at.items()},
            "median_rank": self.median_rank if math.isfinite(self.median_rank) else None,
            "mean_reciprocal_rank": self.reciprocal_rank.value,
            "found": 100 * float(self.ranking.found.mean()),
            "queries": len(self.ranks),
            "candidates": self.ranking.candidates,
        }


def ranking(
    distances: NDArray[Any],
    truth: ArrayLike | None = None,
    *,
    tolerance: float = 0.0,
    rows: NDArray[np.integer[Any]] | None = None,
    among: NDArray[np.bool_] | None = None,
) -> Ranking:
    """Where the right answer of each query stands in a matrix of distances.

    Args:
        distances: (n, m), query by candidate; +inf is allowed, NaN is not.
        truth: (n,) column of each query's right answer; None: query i's answer is column i.
        tolerance: distances within tolerance x max(1, distance) of the answer's are ties.
        rows: only these queries (``truth`` is still of all n); None: all.
        among: bool (m,), only these candidates, every answer among them; None: all.

    Raises:
        BenchmarkError: shapes that do not fit, no queries, NaN, or an answer outside the columns.
    """
    matrix = np.asarray(distances)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise BenchmarkError(
            f"recall needs a matrix of queries by candidates, not empty; got shape {matrix.shape}"
        )
    answers = _answers(truth, *matrix.shape)
    asked = np.arange(len(matrix)) if rows is None else np.asarray(rows)
    if not len(asked) or (among is not None and not among[answers[asked]].all()):
        raise BenchmarkError("a part of the pairs needs queries, and their answers among its candidates")
    at_once = max(1, _CACHE_BYTES // (matrix.itemsize * matrix.shape[1]))
    parts = []
    for start in range(0, len(asked), at_once):
        some = asked[start : start + at_once]
        block = matrix[start : start + len(some)] if rows is None else matrix[some]
        parts.append(_places(block, answers[some], tolerance, among))
    nearer, tied, found = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Ranking(nearer, tied, found, matrix.shape[1] if among is None else int(among.sum()))


def hits(distances: NDArray[Any], truth: ArrayLike | None, k: int) -> NDArray[np.float64]:
    """Expected hit of each query among its k nearest: float64 (n,) in [0, 1]; see :func:`ranking`."""
    return ranking(distances, truth).hits(k)


def recall(
    distances: NDArray[Any], truth: ArrayLike | None = None, ks: tuple[int, ...] = RANKS, *, seed: int = 0
) -> Recall:
    """Recall of a whole matrix of distances; arguments and errors as in :func:`ranking`."""
    return recall_of(ranking(distances, truth), ks, seed=seed)


def recall_of(places: Ranking, ks: tuple[int, ...] = RANKS, *, seed: int = 0) -> Recall:
    """Recall at the given k, the whole curve and the ranks of a :class:`Ranking`."""
    return Recall(
        at={k: proportion(places.hits(k)) for k in ks},
        curve=places.curve,
        ranks=places.ranks,
        median_rank=_median(places.ranks),
        reciprocal_rank=bootstrap_mean(places.reciprocal_ranks, seed=seed),
        ranking=places,
    )


def ranks_in_blocks(
    left: NDArray[Any],
    right: NDArray[Any],
    metric: Metric = "cosine",
    truth: ArrayLike | None = None,
    *,
    memory: int = DEFAULT_MEMORY,
    tolerance: float = TIE_TOLERANCE,
    progress: Progress | None = None,
) -> Ranking:
    """The same from embeddings, a block of queries at a time, so that the whole matrix is never held.

    Args:
        left: (n, d), the queries.
        right: (m, d), the candidates.
        metric: ``cosine`` or ``euclidean``.
        truth: (n,) row of ``right`` that is each query's answer; None: row i.
        memory: bytes of working space; at least one row of distances is held.
        tolerance: see :data:`TIE_TOLERANCE`.
        progress: called after each block.

    Raises:
        BenchmarkError: as in :func:`ranking`; embeddings with NaN or infinite values.
        InvalidArgument: unknown metric, or rows that differ in length.
    """
    n, m = len(left), len(right)
    if n == 0 or m == 0:
        raise BenchmarkError(f"recall needs queries and candidates, got {n} and {m}")
    answers = _answers(truth, n, m)
    # A block of rows, its comparison masks, and the working space of the product, half and half.
    rows = max(1, min(n, memory // (2 * 8 * m)))
    parts = []
    for start in range(0, n, rows):
        block = distance_matrix(left[start : start + rows], right, metric, memory=max(memory // 2, 1 << 20))
        parts.append(_places(block, answers[start : start + rows], tolerance))
        if progress is not None:
            progress(f"ranks, {metric}", min(start + rows, n), n)
    nearer, tied, found = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Ranking(nearer, tied, found, m)


def recall_gain(a: Recall, b: Recall) -> RecallCurve:
    """Recall of ``a`` minus recall of ``b`` at every k = 1 ... m: figure 2a of the paper with cosine and L2.

    Raises:
        BenchmarkError: the two have different numbers of candidates.
    """
    if len(a.curve) != len(b.curve):
        raise BenchmarkError(
            f"two recall curves over {len(a.curve)} and {len(b.curve)} candidates cannot be subtracted"
        )
    return np.asarray(a.curve - b.curve)


def _places(
    block: NDArray[Any],
    answers: NDArray[np.int64],
    tolerance: float,
    among: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    target = block[np.arange(len(block)), answers]
    if np.isnan(np.min(block)):
        raise BenchmarkError("a distance is NaN; an embedding holds values that are not finite numbers")
    found = np.isfinite(target)
    margin = tolerance * np.maximum(1.0, np.where(found, np.abs(target), 1.0))
    nearer = _counts(block < (target - margin)[:, None], among)
    within = _counts(block <= (target + margin)[:, None], among)
    return nearer, within - nearer, found


def _counts(yes: NDArray[np.bool_], among: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """How many of each row are True; a row at a time, which NumPy counts far faster than along an axis."""
    if among is not None:
        yes &= among
    return np.fromiter((np.count_nonzero(row) for row in yes), dtype=np.int64, count=len(yes))


def _answers(truth: ArrayLike | None, n: int, m: int) -> NDArray[np.int64]:
    if truth is None:
        if n > m:
            raise BenchmarkError(
                f"{n} queries but only {m} candidates; give truth, the right candidate of each"
            )
        return np.arange(n, dtype=np.int64)
    answers = np.asarray(truth)
    if answers.shape != (n,) or answers.dtype.kind not in "iu":
        raise BenchmarkError(
            f"truth must be one whole number for each of the {n} queries, got {answers.shape}"
        )
    if answers.min() < 0 or answers.max() >= m:
        raise BenchmarkError(f"truth names candidate {answers.max()}, but there are only {m}, counted from 0")
    return answers.astype(np.int64)


def _median(ranks: NDArray[np.float64]) -> float:
    """The median; +inf (without a warning) when the middle falls on answers that are never found."""
    ordered = np.sort(ranks)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float("inf") if np.isinf(high) else float((low + high) / 2)
