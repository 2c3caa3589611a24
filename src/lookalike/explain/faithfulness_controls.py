"""What a map has to beat, and whether it looks at both images: random and centre maps, and another partner."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import ExplainError
from lookalike.explain.maps import FloatMap, PairMap, resample
from lookalike.images import ImageLike


def random_map(shape: tuple[int, int], seed: int = 0) -> FloatMap:
    """A map of chance: uniform numbers, float32 of ``shape``."""
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def centre_prior(shape: tuple[int, int]) -> FloatMap:
    """A map that knows no image: the nearer to the middle, the larger. What photographs show is mostly there."""
    rows, columns = (np.linspace(-1, 1, count) if count > 1 else np.zeros(1) for count in shape)
    return np.asarray(-(rows[:, np.newaxis] ** 2) - columns[np.newaxis] ** 2, dtype=np.float32)


def correlation(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """Pearson correlation of two maps, cell by cell; the finer one is first brought to the coarser one's grid.

    Returns:
        In [-1, 1]; 0 where either map is the same everywhere.
    """
    if x.shape != y.shape:
        shape = (min(x.shape[0], y.shape[0]), min(x.shape[1], y.shape[1]))
        x, y = (resample(values.astype(np.float32), shape) for values in (x, y))
    first, second = (values.astype(np.float64).ravel() - values.mean(dtype=np.float64) for values in (x, y))
    scale = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.clip(first @ second / scale, -1, 1)) if scale > 1e-12 else 0.0


def conditioning(
    explain: Callable[[ImageLike, ImageLike], PairMap], a: ImageLike, *others: ImageLike
) -> float:
    """Does A's map depend on the other image? Mean correlation of its maps for each two of ``others``.

    Args:
        explain: makes the map of a pair, such as ``lambda a, b: occlusion(a, b, encoder, mean)``.
        a: the image whose maps are compared.
        others: two or more partners.

    Returns:
        Near 0: each partner gets a map of its own. Near 1: the map shows A, whoever the partner is.

    Raises:
        ExplainError: fewer than two partners.
    """
    if len(others) < 2:
        raise ExplainError(f"conditioning compares A's maps for two partners or more, got {len(others)}")
    maps = [explain(a, other).a_map for other in others]
    pairs = [(i, j) for i in range(len(maps)) for j in range(i)]
    return float(np.mean([correlation(maps[i], maps[j]) for i, j in pairs]))
