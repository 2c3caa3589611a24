"""Two images, one distance for every encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions, load_encoder
from lookalike.images import ImageLike
from lookalike.similarity.vectors import Metric, check_metric, cosine, euclidean


@dataclass(frozen=True)
class Comparison:
    """How far apart two images are.

    Attributes:
        distances: encoder name -> distance; smaller is more alike.
        parts: encoder name -> {part -> distance}, for encoders made of named parts (``classic``).
        metric: ``cosine`` or ``euclidean``.
    """

    distances: dict[str, float]
    parts: dict[str, dict[str, float]]
    metric: Metric

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"distances": self.distances, "parts": self.parts, "metric": self.metric}


def compare(
    a: ImageLike,
    b: ImageLike,
    encoders: Sequence[str | Encoder] = (DEFAULT_ENCODER,),
    *,
    metric: Metric = "cosine",
    options: EncoderOptions | None = None,
) -> Comparison:
    """Compare two images with each of the encoders.

    Args:
        a: anything :func:`lookalike.images.decode` takes.
        b: likewise.
        encoders: names or encoders.
        metric: ``cosine`` (in [0, 2]) or ``euclidean``.
        options: used for every encoder given by name.

    Raises:
        ImageError: an image cannot be read.
        EncoderError: an encoder cannot be had.
    """
    check_metric(metric)
    measure = cosine if metric == "cosine" else euclidean
    distances: dict[str, float] = {}
    parts: dict[str, dict[str, float]] = {}
    for wanted in encoders:
        encoder = load_encoder(wanted, options)
        name = wanted if isinstance(wanted, str) else encoder.card.name
        first, second = encoder.embed([a, b])
        distances[name] = float(measure(first, second))
        embed_parts = getattr(encoder, "embed_parts", None)
        if embed_parts is not None:
            vectors: dict[str, NDArray[np.float32]] = embed_parts([a, b])
            parts[name] = {part: float(measure(rows[0], rows[1])) for part, rows in vectors.items()}
    return Comparison(distances, parts, metric)
