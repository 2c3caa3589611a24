"""Resampling of items or of clusters of items, and the checks that every statistic makes of what it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.errors import BenchmarkError

CONFIDENCE = 0.95
RESAMPLES = 2000

_CHUNK_BYTES = 16 * 1024 * 1024

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Clusters:
    """Which items belong together, because they share an image or a person and so are not independent.

    Attributes:
        code: intp (n,), cluster of each item, 0 .. count - 1.
        count: number of clusters, at least 2 and fewer than items.
        name: what a cluster is, in the plural: "reference images".
    """

    code: NDArray[np.intp]
    count: int
    name: str

    @classmethod
    def of(cls, labels: Sequence[Any] | NDArray[Any], name: str) -> Clusters | None:
        """From one label for each item; None where no label comes twice, or all are the same: then items are drawn."""
        known, code = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        return cls(code.astype(np.intp), len(known), name) if 1 < len(known) < len(code) else None

    def select(self, rows: NDArray[np.bool_]) -> Clusters | None:
        """Of the items at True."""
        return Clusters.of(self.code[rows], self.name)

    def sums(self, columns: Floats) -> Floats:
        """Sums of items' rows (n, k) within each cluster: (count, k)."""
        return np.column_stack([np.bincount(self.code, column, self.count) for column in columns.T])


def check_clusters(clusters: Clusters | None, n: int) -> None:
    """Raise BenchmarkError unless there is a cluster for each of n items."""
    if clusters is not None and len(clusters.code) != n:
        raise BenchmarkError(f"{len(clusters.code)} items are in clusters, but {n} values were given")


def resampled_means(
    matrix: Floats, weights: Floats, seed: int, resamples: int, clusters: Clusters | None = None
) -> Floats:
    """Weighted means of the columns (n, k) under resampling of rows, the same draws for every column.

    With ``clusters`` whole clusters are drawn, all their rows together (Davison and Hinkley 1997, section 3.8).

    Returns:
        float64 (resamples, k); draws of nothing but items without weight are left out.
    """
    if resamples < 1:
        raise BenchmarkError(f"a bootstrap needs at least 1 resample, got {resamples}")
    weighted = np.column_stack([matrix * weights[:, None], weights])
    if clusters is not None:
        weighted = clusters.sums(weighted)
    # Items that are alike in everything are drawn as one category: the same distribution, and with votes, which take
    # few values, far fewer numbers.
    kinds, sizes = np.unique(weighted, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    means = []
    for rows in chunks(resamples, len(kinds)):
        sums = _drawn_counts(rng, sizes, rows) @ kinds
        sums = sums[sums[:, -1] > 0]
        means.append(sums[:, :-1] / sums[:, -1:])
    return np.concatenate(means)


def resampled_spearman(x: Floats, y: Floats, seed: int, resamples: int) -> Floats:
    """Spearman's correlation under resampling of items; draws of one and the same item only are left out."""
    kinds, sizes = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    sides = [np.unique(column, return_inverse=True)[1] for column in kinds.T]
    rng = np.random.default_rng(seed)
    found = []
    for rows in chunks(resamples, len(kinds)):
        counts = _drawn_counts(rng, sizes, rows)
        u, v = (_middle_ranks(counts, side) - (len(x) + 1) / 2 for side in sides)
        products = [np.einsum("ij,ij,ij->i", counts, a, b) for a, b in ((u, v), (u, u), (v, v))]
        lengths = np.sqrt(products[1] * products[2])
        found.append(products[0][lengths > 0] / lengths[lengths > 0])
    return np.concatenate(found)


def flipped_sums(differences: Floats, seed: int, flips: int) -> Iterator[Floats]:
    """Sums of the columns (n, k) when each row's sign is flipped at random: chunks of float64 (rows, k)."""
    kinds, sizes = np.unique(differences, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    for rows in chunks(flips, len(kinds)):
        # The sum of c random signs is 2 B - c with B binomial (c, 1/2).
        signs = 2.0 * rng.binomial(sizes, 0.5, (rows, len(kinds))) - sizes
        yield signs @ kinds


def _drawn_counts(rng: np.random.Generator, sizes: NDArray[np.int64], rows: int) -> Floats:
    """How often each kind of item is drawn when as many items as there are are drawn with replacement: (rows, k)."""
    n, k = int(sizes.sum()), len(sizes)
    if k <= n // 4:
        return rng.multinomial(n, sizes / n, rows).astype(np.float64)
    drawn = rng.integers(0, n, (rows, n))
    if k < n:
        drawn = np.repeat(np.arange(k), sizes)[drawn]
    drawn += (np.arange(rows) * k)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * k).reshape(rows, k).astype(np.float64)


def _middle_ranks(counts: Floats, order: NDArray[np.int64]) -> Floats:
    """Ranks with ties in the middle, of kinds drawn ``counts`` (rows, k) times whose values stand in ``order`` (k,)."""
    by_value = np.argsort(order, kind="stable")
    starts = np.flatnonzero(np.diff(order[by_value], prepend=-1))
    alike = np.add.reduceat(counts[:, by_value], starts, axis=1)
    middle = np.cumsum(alike, axis=1) - alike / 2 + 0.5
    return np.asarray(middle[:, order])


def chunks(total: int, n: int) -> list[int]:
    """Sizes of chunks of rows of n doubles that stay within the working memory and add up to ``total``."""
    size = max(1, min(total, _CHUNK_BYTES // (8 * n)))
    return [min(size, total - start) for start in range(0, total, size)]


def interval(draws: Floats) -> tuple[float, float]:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(draws, [tail, 100 - tail])
    return float(low), float(high)


def vector(values: ArrayLike, name: str) -> Floats:
    """float64 (n,), n > 0, all finite; BenchmarkError otherwise."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise BenchmarkError(
            f"{name} must be one number for each item, got an array of shape {numbers.shape}"
        )
    if len(numbers) == 0:
        raise BenchmarkError(f"no items: {name} is empty, so there is no figure to compute")
    if not np.all(np.isfinite(numbers)):
        raise BenchmarkError(
            f"{name} holds {np.sum(~np.isfinite(numbers))} values that are not finite numbers"
        )
    return numbers


def check_shares(values: Floats, name: str) -> None:
    if values.min() < 0 or values.max() > 1:
        raise BenchmarkError(
            f"{name} must lie in [0, 1], got values from {values.min():g} to {values.max():g}"
        )


def check_weights(weights: ArrayLike, n: int) -> Floats:
    w = vector(weights, "weights")
    if len(w) != n:
        raise BenchmarkError(f"{len(w)} weights were given for {n} values")
    if w.min() < 0 or w.sum() <= 0:
        raise BenchmarkError("weights must be 0 or more and not all 0")
    return w


def check_columns(scores: Mapping[str, ArrayLike]) -> dict[str, Floats]:
    columns = {name: vector(values, name) for name, values in scores.items()}
    if not columns:
        raise BenchmarkError("nothing to compare: no encoder's scores were given")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise BenchmarkError(f"scores to compare must be on the same items, got {lengths}")
    return columns
