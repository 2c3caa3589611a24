"""Which rows and columns of a matrix choose each other: pairs guessed without being told."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument


def mutual_nearest(
    distances: NDArray[Any],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs (i, j) in which j is the nearest to i, and i the nearest to j (of equal ones the first counts).

    How surely they belong together is said by the lead: how much farther the nearest rival of either is (the absolute
    form of the ratio test of Lowe 2004, *Distinctive image features from scale-invariant keypoints*, section 7.1, in
    both directions). Works on the negative scores of a :class:`~lookalike.Comparator` too.

    Args:
        distances: (n, m), finite, n and m at least 1.

    Returns:
        rows int64 (p,) ascending, columns int64 (p,), lead float64 (p,), at least 0, +inf without any rival.

    Raises:
        InvalidArgument: not such a matrix.
    """
    matrix = np.asarray(distances)
    if matrix.ndim != 2 or 0 in matrix.shape or not np.isfinite(matrix).all():
        raise InvalidArgument(
            f"mutual_nearest needs a matrix (n, m) of finite distances, got shape {matrix.shape}"
            + ("" if matrix.ndim != 2 or 0 in matrix.shape else " with NaN or infinite ones")
        )
    nearest = matrix.argmin(axis=1)
    rows = np.flatnonzero(matrix.argmin(axis=0)[nearest] == np.arange(len(matrix)))
    columns = nearest[rows]
    rivals = matrix.astype(np.float64)
    own = rivals[rows, columns].copy()
    rivals[rows, columns] = np.inf
    nearest_rival = np.minimum(rivals[rows].min(axis=1), rivals[:, columns].min(axis=0))
    return rows.astype(np.int64), columns.astype(np.int64), nearest_rival - own
