"""Fewer dimensions: the principal components that clustering and the map start from."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

FIT_ROWS = 20_000
"""Components are fitted on at most this many rows; more do not change them visibly."""


def principal_components(matrix: NDArray[np.float32], dimensions: int, seed: int) -> NDArray[np.float32]:
    """The leading principal components of the rows, float32 (n, min(dimensions, d, n)).

    The same seed gives the same numbers. Signs are fixed, so that a map does not flip between runs.
    """
    from sklearn.decomposition import PCA

    n, d = matrix.shape
    keep = min(dimensions, d, n)
    if keep == 0 or n < 2:
        return np.zeros((n, keep), dtype=np.float32)
    rows = matrix
    if n > FIT_ROWS:
        rows = matrix[np.sort(np.random.default_rng(seed).permutation(n)[:FIT_ROWS])]
    solver = "randomized" if keep < min(rows.shape) // 2 and min(rows.shape) > 100 else "full"
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        # Identical rows have no variance to explain; their components are zero all the same.
        warnings.filterwarnings("ignore", "invalid value encountered", RuntimeWarning)
        model = PCA(keep, svd_solver=solver, random_state=seed).fit(rows)
    return np.asarray(model.transform(matrix), dtype=np.float32)


def reduced_directions(matrix: NDArray[np.float32], dimensions: int, seed: int) -> NDArray[np.float32]:
    """Principal components scaled to unit length, float32: Euclidean methods then see centred cosine."""
    reduced = principal_components(matrix, dimensions, seed)
    norms = np.linalg.norm(reduced, axis=1, keepdims=True)
    return np.asarray(reduced / np.where(norms > 1e-9, norms, 1.0), dtype=np.float32)
