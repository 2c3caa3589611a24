"""How alike: distances on vectors, on sets of vectors and between two images; comparators that look at both.

Comparators are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lookalike.similarity.compare import Comparison, compare
from lookalike.similarity.matrices import distance_blocks, distance_matrix, nearest
from lookalike.similarity.mutual import mutual_nearest
from lookalike.similarity.sets import set_distance, set_distance_matrix
from lookalike.similarity.vectors import METRICS, Metric, cosine, euclidean

if TYPE_CHECKING:
    from lookalike.similarity.comparator import Comparator
    from lookalike.similarity.comparator_describe import Descriptions, describe
    from lookalike.similarity.comparator_rerank import Reranked, rerank
    from lookalike.similarity.cues import Cue, register

_HOME = {
    "Comparator": "comparator",
    "Cue": "cues",
    "Descriptions": "comparator_describe",
    "Reranked": "comparator_rerank",
    "describe": "comparator_describe",
    "register": "cues",
    "rerank": "comparator_rerank",
}

__all__ = [
    "METRICS",
    "Comparator",
    "Comparison",
    "Cue",
    "Descriptions",
    "Metric",
    "Reranked",
    "compare",
    "cosine",
    "describe",
    "distance_blocks",
    "distance_matrix",
    "euclidean",
    "mutual_nearest",
    "nearest",
    "register",
    "rerank",
    "set_distance",
    "set_distance_matrix",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.similarity' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.similarity.{_HOME[name]}"), name)
    globals()[name] = value
    return value
