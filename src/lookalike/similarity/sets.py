"""Distances between sets of vectors: an image with several faces, or with none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.similarity.matrices import DEFAULT_MEMORY, distance_blocks
from lookalike.similarity.vectors import Metric


def set_distance(a: NDArray[Any], b: NDArray[Any], metric: Metric = "euclidean") -> float:
    """Smallest distance over all pairs of one vector of ``a`` and one of ``b``; +inf when either set is empty.

    The rule of Totally-Looks-Like for faces (arXiv 1803.01485, section 3).

    Args:
        a: (n, d), n may be 0.
        b: (m, d), m may be 0.
        metric: ``cosine`` or ``euclidean``.
    """
    return float(set_distance_matrix([a], [b], metric)[0, 0])


def set_distance_matrix(
    a: Sequence[NDArray[Any]],
    b: Sequence[NDArray[Any]],
    metric: Metric = "euclidean",
    *,
    memory: int = DEFAULT_MEMORY,
) -> NDArray[np.float32]:
    """:func:`set_distance` between every set of ``a`` and every set of ``b``: float32 (len(a), len(b)).

    Args:
        a: sets, each (n_i, d) with n_i >= 0.
        b: sets, each (m_j, d).
        metric: ``cosine`` or ``euclidean``.
        memory: bytes of working space beyond the result.
    """
    result = np.full((len(a), len(b)), np.inf, dtype=np.float32)
    left, left_owner = _stack(a)
    right, right_owner = _stack(b)
    if len(left) == 0 or len(right) == 0:
        return result
    for rows, columns, block in distance_blocks(left, right, metric, memory=memory):
        np.minimum.at(result, (left_owner[rows][:, None], right_owner[columns][None, :]), block)
    return result


def _stack(sets: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    for vectors in sets:
        if vectors.ndim != 2:
            raise InvalidArgument(
                f"a set of vectors has shape (n, d), got {vectors.shape}; an empty one is (0, d)"
            )
    filled = [vectors for vectors in sets if len(vectors)]
    owner = np.repeat(np.arange(len(sets)), [len(vectors) for vectors in sets]).astype(np.int64)
    return (np.concatenate(filled) if filled else np.empty((0, 0))), owner
