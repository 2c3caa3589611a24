"""The matrices of the Totally-Looks-Like paper: G, F and GF, and generic distance with faces added.

All are float32 (n, m), rows = left images, columns = right images; smaller is more alike, +inf where a distance does
not exist (arXiv 1803.01485, section 3). Work is done in blocks, so that nothing beyond the matrix itself is large.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.similarity import Metric, distance_matrix

FACE_WEIGHT = 0.75
"""How much of the face distance is added to the cosine distance.

0.75, and :data:`NO_FACE`, are those of the reference figures of the 1,200 pairs that come with the measuring data. The
weight was the best of four tried on those very pairs, so "NAME + faces" is slightly optimistic there.
"""

NO_FACE = 0.85
"""Face distance where either image has no face: a little above what two strangers have."""

_BLOCK = 64 * 1024 * 1024
_CACHE = 2 * 1024 * 1024
_GROUP = 64


def generic_distances(
    left: NDArray[np.float32], right: NDArray[np.float32], metric: Metric = "cosine"
) -> NDArray[np.float32]:
    """G: float32 (n, m) between rows of (n, d) and (m, d).

    Both are computed from one float32 product: euclidean distances are good to about 1e-3 of the largest length,
    which ranks thousands of different photographs rightly; use :func:`lookalike.similarity.distance_matrix` where
    near-duplicates must be told apart to the last digit.
    """
    result = unit_rows(left) @ unit_rows(right).T
    np.subtract(np.float32(1), result, out=result)
    np.clip(result, 0.0, 2.0, out=result)
    return result if metric == "cosine" else cosine_to_euclidean(result, lengths(left), lengths(right))


def cosine_to_euclidean(
    cosine: NDArray[np.float32], left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Turn cosine distances (n, m) between vectors of lengths (n,) and (m,) into euclidean ones, in place.

    d^2 = (|x| - |y|)^2 + 2 |x| |y| c, whose terms do not cancel; a row of zeros has c = 1 and a length of 0.
    """
    at_once = max(1, _CACHE // (4 * max(1, len(right))))
    for start in range(0, len(left), at_once):
        rows = cosine[start : start + at_once]
        length = left[start : start + at_once, None]
        rows *= 2 * length * right
        rows += (length - right) ** 2
        np.sqrt(rows, out=rows)
    return cosine


def one_length(found: NDArray[np.float32]) -> float | None:
    """The length that all vectors share to six digits, or None: then L2 ranks differently from cosine."""
    radius = float(found.mean())
    return radius if radius > 0 and np.ptp(found) <= 1e-6 * radius else None


def lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """L2 length of each row (n, d): float32 (n,)."""
    rows = np.asarray(vectors, dtype=np.float32)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows)), dtype=np.float32)


def unit_rows(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Rows of unit length, float32 (n, d); a row of zeros stays."""
    rows = np.asarray(vectors, dtype=np.float32)
    length = lengths(rows)[:, None]
    return np.asarray(rows / np.where(length != 0, length, np.float32(1)), dtype=np.float32)


def set_distances(
    left: Sequence[NDArray[Any]], right: Sequence[NDArray[Any]], metric: Metric = "euclidean"
) -> NDArray[np.float32]:
    """F and GF: smallest distance over all pairs of members, +inf where either set is empty.

    Args:
        left: n sets, each (n_i, d) with n_i >= 0 (faces of an image).
        right: m sets.
        metric: F is only compared with ``euclidean``; GF with both.

    Returns:
        float32 (n, m).
    """
    result = np.full((len(left), len(right)), np.inf, dtype=np.float32)
    rows = [i for i, members in enumerate(left) if len(members)]
    columns = [j for j, members in enumerate(right) if len(members)]
    if not rows or not columns:
        return result
    base = np.concatenate([right[j] for j in columns])
    ends = np.cumsum([0, *(len(right[j]) for j in columns)])[:-1]
    at_once = max(1, _BLOCK // (8 * len(base)))
    start = 0
    while start < len(rows):
        stop, members = start, 0
        while stop < len(rows) and (stop == start or members + len(left[rows[stop]]) <= at_once):
            members += len(left[rows[stop]])
            stop += 1
        some = [left[i] for i in rows[start:stop]]
        block = distance_matrix(np.concatenate(some), base, metric, memory=_BLOCK)
        block = np.minimum.reduceat(block, ends, axis=1)
        block = np.minimum.reduceat(block, np.cumsum([0, *map(len, some)])[:-1], axis=0)
        result[np.ix_(rows[start:stop], columns)] = block
        start = stop
    return result


def with_faces(
    generic: NDArray[np.float32],
    faces: NDArray[np.float32],
    *,
    weight: float = FACE_WEIGHT,
    no_face: float = NO_FACE,
) -> NDArray[np.float32]:
    """Generic distance plus ``weight`` times face distance: float32, the shape of both.

    Args:
        generic: cosine distances.
        faces: L2 distances of faces, +inf where either image has none.
        weight: of the faces.
        no_face: the distance that stands in for +inf.
    """
    result = np.array(faces, dtype=np.float32)
    result[np.isinf(result)] = no_face
    result *= np.float32(weight)
    result += generic
    return result


def nearest_columns(distances: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """The k nearest columns of each row, nearest first, ties in order of position: intp (n, min(k, m))."""
    k = min(k, distances.shape[1])
    if k == distances.shape[1]:
        return np.argsort(distances, axis=1, kind="stable").astype(np.intp)
    result = np.empty((len(distances), k), dtype=np.intp)
    at_once = max(1, _CACHE // (4 * distances.shape[1]))
    groups = distances.shape[1] // _GROUP
    for start in range(0, len(distances), at_once):
        block = distances[start : start + at_once]
        if groups > k:
            # At least k of a row are within the k-th smallest of the minima of groups: far cheaper than sorting it out.
            block = block[:, : groups * _GROUP].reshape(len(block), groups, _GROUP).min(axis=2)
        edge = np.partition(block, k - 1, axis=1)[:, k - 1]
        for row, limit in enumerate(edge, start):
            near = np.flatnonzero(distances[row] <= limit)
            result[row] = near[np.argsort(distances[row][near], kind="stable")][:k]
    return result
