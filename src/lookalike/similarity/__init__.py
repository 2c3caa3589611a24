"""How alike: distances on vectors, on sets of vectors and between two images."""

from lookalike.similarity.compare import Comparison, compare
from lookalike.similarity.matrices import distance_blocks, distance_matrix, nearest
from lookalike.similarity.sets import set_distance, set_distance_matrix
from lookalike.similarity.vectors import METRICS, Metric, cosine, euclidean

__all__ = [
    "METRICS",
    "Comparison",
    "Metric",
    "compare",
    "cosine",
    "distance_blocks",
    "distance_matrix",
    "euclidean",
    "nearest",
    "set_distance",
    "set_distance_matrix",
]
