"""lookalike: image similarity as people see it.

Names are loaded when they are first used, so that ``import lookalike`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lookalike._version import __version__

if TYPE_CHECKING:
    from lookalike.benchmarks import bench_pairs, bench_triplets
    from lookalike.encoders import (
        CallableEncoder,
        Encoder,
        EncoderCard,
        EncoderOptions,
        Preprocessing,
        list_encoders,
        load_encoder,
    )
    from lookalike.errors import LookalikeError
    from lookalike.gallery import Gallery, Hit, Hits, IndexOptions, IndexReport
    from lookalike.images import decode, open_source, read_image, resize
    from lookalike.judgments import PairTable, TripletTable, load_judgments, open_judgments
    from lookalike.similarity import (
        Comparator,
        Comparison,
        compare,
        cosine,
        distance_blocks,
        distance_matrix,
        euclidean,
        nearest,
        set_distance,
        set_distance_matrix,
    )

_ROOMS = {
    "lookalike.benchmarks": ("bench_pairs", "bench_triplets"),
    "lookalike.encoders": (
        "CallableEncoder",
        "Encoder",
        "EncoderCard",
        "EncoderOptions",
        "Preprocessing",
        "list_encoders",
        "load_encoder",
    ),
    "lookalike.errors": ("LookalikeError",),
    "lookalike.gallery": ("Gallery", "Hit", "Hits", "IndexOptions", "IndexReport"),
    "lookalike.images": ("decode", "open_source", "read_image", "resize"),
    "lookalike.judgments": ("PairTable", "TripletTable", "load_judgments", "open_judgments"),
    "lookalike.similarity": (
        "Comparator",
        "Comparison",
        "compare",
        "cosine",
        "distance_blocks",
        "distance_matrix",
        "euclidean",
        "nearest",
        "set_distance",
        "set_distance_matrix",
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "CallableEncoder",
    "Comparator",
    "Comparison",
    "Encoder",
    "EncoderCard",
    "EncoderOptions",
    "Gallery",
    "Hit",
    "Hits",
    "IndexOptions",
    "IndexReport",
    "LookalikeError",
    "PairTable",
    "Preprocessing",
    "TripletTable",
    "__version__",
    "bench_pairs",
    "bench_triplets",
    "compare",
    "cosine",
    "decode",
    "distance_blocks",
    "distance_matrix",
    "euclidean",
    "list_encoders",
    "load_encoder",
    "load_judgments",
    "nearest",
    "open_judgments",
    "open_source",
    "read_image",
    "resize",
    "set_distance",
    "set_distance_matrix",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
