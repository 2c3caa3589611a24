"""All distances between two sets of vectors, in blocks that fit the memory one is given."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.similarity.vectors import Metric, check_metric

DEFAULT_MEMORY = 256 * 1024 * 1024


def distance_blocks(
    x: NDArray[Any], y: NDArray[Any], metric: Metric = "cosine", *, memory: int = DEFAULT_MEMORY
) -> Iterator[tuple[slice, slice, NDArray[np.float32]]]:
    """Blocks of the distance matrix between the rows of ``x`` and of ``y``.

    Args:
        x: (n, d), any float type (a memory map is read block by block).
        y: (m, d).
        metric: ``cosine`` or ``euclidean``.
        memory: bytes that the block and its intermediate copies may take together.

    Yields:
        (rows, columns, block): slices into x and y, and float32 (len(rows), len(columns)).

    Raises:
        InvalidArgument: unknown metric, lengths that differ, or too little memory for a single distance.
    """
    check_metric(metric)
    _check_shapes(x, y)
    rows, columns = _block_shape(len(x), len(y), x.shape[1], memory)
    for i in range(0, len(x), rows):
        left = _prepared(x[i : i + rows], metric)
        for j in range(0, len(y), columns):
            right = _prepared(y[j : j + columns], metric)
            yield slice(i, i + len(left)), slice(j, j + len(right)), _block(left, right, metric)


def distance_matrix(
    x: NDArray[Any],
    y: NDArray[Any],
    metric: Metric = "cosine",
    *,
    memory: int = DEFAULT_MEMORY,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """The whole matrix of distances, the paper's Phi (TLL, section 3): float32 (n, m).

    Args:
        x: (n, d).
        y: (m, d).
        metric: ``cosine`` or ``euclidean``.
        memory: bytes of working space beyond the result.
        out: float32 (n, m) to fill, such as a memory map for a matrix that does not fit.

    Raises:
        InvalidArgument: as in :func:`distance_blocks`, or ``out`` has another shape.
    """
    _check_shapes(x, y)
    result = np.empty((len(x), len(y)), dtype=np.float32) if out is None else out
    if result.shape != (len(x), len(y)):
        raise InvalidArgument(f"out has shape {result.shape}, the distances need {(len(x), len(y))}")
    for rows, columns, block in distance_blocks(x, y, metric, memory=memory):
        result[rows, columns] = block
    return result


def nearest(
    queries: NDArray[Any],
    base: NDArray[Any],
    k: int,
    metric: Metric = "cosine",
    *,
    memory: int = DEFAULT_MEMORY,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The exact k nearest rows of ``base`` for each query, without ever holding the whole matrix.

    Args:
        queries: (m, d).
        base: (n, d).
        k: how many; where n < k the result is padded with +inf and -1.
        metric: ``cosine`` or ``euclidean``.
        memory: bytes of working space.

    Returns:
        (distances float32 (m, k) ascending, positions in ``base`` int64 (m, k)); ties in order of position.
    """
    if k < 1:
        raise InvalidArgument(f"k must be at least 1, got {k}")
    best = np.full((len(queries), k), np.inf, dtype=np.float32)
    where = np.full((len(queries), k), -1, dtype=np.int64)
    for rows, columns, block in distance_blocks(queries, base, metric, memory=memory):
        merge_nearest(best[rows], where[rows], block, np.arange(columns.start, columns.stop))
    return best, where


def merge_nearest(
    best: NDArray[np.float32],
    where: NDArray[np.int64],
    block: NDArray[np.float32],
    positions: NDArray[np.int64],
) -> None:
    """Merge a block of distances (m, c) at ``positions`` (c,) into the running k best (m, k), in place.

    Among equal distances the smaller position wins; for several queries at once, ties at the very edge of the k
    best may fall either way.
    """
    k = best.shape[1]
    if block.shape[1] > k and len(block) == 1:
        chosen = np.flatnonzero(block[0] <= _upper_bound(block[0], k))
        block, positions = block[:, chosen], positions[chosen]
    if block.shape[1] > k and len(block) > 1:
        columns = np.argpartition(block, k - 1, axis=1)[:, :k]
        block, places = np.take_along_axis(block, columns, axis=1), positions[columns]
    else:
        places = np.broadcast_to(positions, block.shape)
    values = np.concatenate([best, block], axis=1)
    places = np.concatenate([where, places], axis=1)
    order = np.lexsort((places, values), axis=1)[:, :k]
    best[:] = np.take_along_axis(values, order, axis=1)
    where[:] = np.take_along_axis(places, order, axis=1)
    where[np.isinf(best)] = -1


def _upper_bound(distances: NDArray[np.float32], k: int) -> np.float32:
    """A value that at least the k smallest of the distances (c,), c > k, do not exceed.

    The k-th smallest of the minima of groups of 64 is one, and costs a tenth of sorting out the k-th smallest.
    """
    groups = len(distances) // 64
    if groups <= k:
        return np.float32(np.partition(distances, k - 1)[k - 1])
    minima = distances[: groups * 64].reshape(groups, 64).min(axis=1)
    return np.float32(np.partition(minima, k - 1)[k - 1])


def _check_shapes(x: NDArray[Any], y: NDArray[Any]) -> None:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise InvalidArgument(f"two matrices with rows of one length are wanted, got {x.shape} and {y.shape}")


def _block_shape(n: int, m: int, d: int, memory: int) -> tuple[int, int]:
    """Rows and columns of a block: 8-byte copies of both sides and up to three 8-byte blocks must fit."""
    side = (math.sqrt(d * d + 3 * (memory / 8)) - d) / 3
    if side < 1:
        raise InvalidArgument(
            f"{memory} bytes of memory cannot hold one distance of {d} dimensions; ask for more"
        )
    rows = max(1, min(n, int(side)))
    columns = int((memory / 8 - rows * d) / (d + 3 * rows))
    return rows, max(1, min(m, columns))


def _prepared(vectors: NDArray[Any], metric: Metric) -> NDArray[Any]:
    if metric == "euclidean":
        # |x|^2 + |y|^2 - 2 x.y cancels for near-duplicates: in float32 0.0001 would come out as 0.
        return np.asarray(vectors, dtype=np.float64)
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, np.float32(1)), dtype=np.float32)


def _block(left: NDArray[Any], right: NDArray[Any], metric: Metric) -> NDArray[np.float32]:
    product = left @ right.T
    if metric == "cosine":
        np.subtract(1.0, product, out=product)
        np.clip(product, 0.0, 2.0, out=product)
        return np.asarray(product, dtype=np.float32)
    product *= -2.0
    product += np.einsum("ij,ij->i", left, left)[:, None]
    product += np.einsum("ij,ij->i", right, right)[None, :]
    np.maximum(product, 0.0, out=product)
    return np.asarray(np.sqrt(product, out=product), dtype=np.float32)
