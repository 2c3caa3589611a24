"""Distances between two vectors, or between the rows of two matrices."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument

Metric = Literal["cosine", "euclidean"]
METRICS: tuple[Metric, ...] = ("cosine", "euclidean")


def cosine(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64] | float:
    """Cosine distance ``1 - a.b / (|a| |b|)``, in [0, 2]; 1 where either vector is zero.

    Args:
        a: (d,) or (n, d).
        b: (d,) or (n, d); broadcast against ``a``.

    Returns:
        A float for two vectors, else float64 (n,); NaN where a vector holds NaN or an infinite value.

    Raises:
        InvalidArgument: the vectors differ in length.
    """
    x, y = _pair(a, b)
    product = np.sum(x * y, axis=-1)
    lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    similarity = np.divide(product, lengths, out=np.zeros_like(product), where=lengths != 0)  # NaN stays NaN
    return _scalar(np.clip(1.0 - similarity, 0.0, 2.0))


def euclidean(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64] | float:
    """Euclidean (L2) distance ``|a - b|``.

    Args:
        a: (d,) or (n, d).
        b: (d,) or (n, d); broadcast against ``a``.

    Returns:
        A float for two vectors, else float64 (n,).

    Raises:
        InvalidArgument: the vectors differ in length.
    """
    x, y = _pair(a, b)
    return _scalar(np.linalg.norm(x - y, axis=-1))


def check_metric(metric: str) -> None:
    """Raise InvalidArgument unless ``metric`` is one of METRICS."""
    if metric not in METRICS:
        raise InvalidArgument(f"metric {metric!r} is not known; use one of {', '.join(METRICS)}")


def _pair(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.ndim not in (1, 2) or y.ndim not in (1, 2) or x.shape[-1] != y.shape[-1]:
        raise InvalidArgument(
            f"vectors of one length are wanted, got arrays of shape {x.shape} and {y.shape}"
        )
    return x, y


def _scalar(values: NDArray[np.float64]) -> NDArray[np.float64] | float:
    return float(values) if values.ndim == 0 else values
