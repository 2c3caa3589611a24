"""``classic``: colour, gradients, texture and layout without any weights; the default encoder."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing
from lookalike.encoders.classic_parts import CELLS, LOCAL, PARTS, SIDE, WorkingImage
from lookalike.encoders.parallel import PerImageEncoder
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import InvalidArgument, UnknownEncoder, printable
from lookalike.images import ImageLike

PART_WEIGHTS: Mapping[str, float] = {
    "color": 0.10,
    "color_layout": 0.05,
    "gradients": 0.40,
    "texture": 0.40,
    "layout": 0.05,
}
"""Share of each part in the cosine of two images.

Chosen on Caltech-101 and the clothing photographs (nearest neighbour of the same label) and on human
judgments of materials and NIGHTS, never on the Totally-Looks-Like pairs. Gradients and texture need the
larger shares because their cosines vary less from image to image: times that spread, the five count alike.
"""

_VERSION = 1


def load(argument: str, options: EncoderOptions) -> Encoder:
    """``classic`` (argument empty) or ``classic:PART``.

    Raises:
        UnknownEncoder: there is no such part.
    """
    if not argument:
        return ClassicEncoder(threads=options.threads)
    if argument not in PARTS:
        raise UnknownEncoder(f"classic has no part {printable(argument)!r}; its parts: {', '.join(PARTS)}")
    return ClassicEncoder({argument: 1.0}, threads=options.threads)


class ClassicEncoder(PerImageEncoder):
    """Classic image features side by side, each part of unit length times the square root of its share.

    The cosine of two embeddings is the weighted mean of the parts' cosines. A part in which an image has
    nothing (an even colour has no gradients) is zero and the others share its weight.

    Args:
        weights: part -> weight above 0; None takes :data:`PART_WEIGHTS`. Only the ratios matter.
        threads: how many images at once; None takes one for each core.

    Raises:
        InvalidArgument: no part, an unknown part, or a weight that is not above 0.
    """

    def __init__(self, weights: Mapping[str, float] | None = None, *, threads: int | None = None) -> None:
        super().__init__(threads)
        weights = PART_WEIGHTS if weights is None else weights
        for part, weight in weights.items():
            if part not in PARTS:
                raise InvalidArgument(f"classic has no part {part!r}; its parts: {', '.join(PARTS)}")
            if not (math.isfinite(weight) and weight > 0):
                raise InvalidArgument(f"the weight of the part {part} must be above 0, got {weight}")
        if not weights:
            raise InvalidArgument(f"classic needs at least one part of: {', '.join(PARTS)}")
        total = math.fsum(weights.values())
        # In the order of PARTS, so that the order of the argument changes nothing.
        self.weights = {part: round(weights[part] / total, 12) for part in PARTS if part in weights}
        self.card = _card(self.weights)

    @property
    def part_names(self) -> tuple[str, ...]:
        """The parts in the order in which they lie in an embedding."""
        return tuple(self.weights)

    @property
    def part_slices(self) -> dict[str, slice]:
        """Where each part lies in an embedding."""
        slices: dict[str, slice] = {}
        start = 0
        for part in self.weights:
            slices[part] = slice(start, start + PARTS[part][1])
            start += PARTS[part][1]
        return slices

    def embed_parts(self, images: Sequence[ImageLike]) -> dict[str, NDArray[np.float32]]:
        """Each part by itself: name -> float32 (n, d of the part), unit rows (zeros where a part is empty).

        Raises:
            ImageError: an image cannot be read.
        """
        rows = self._spread(images, self._parts_one, (self.card.dim,))
        return {part: np.ascontiguousarray(rows[:, place]) for part, place in self.part_slices.items()}

    def _parts_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        image = WorkingImage(pixels)
        return np.concatenate([PARTS[part][0](image) for part in self.weights])

    def _embed_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        image = WorkingImage(pixels)
        return np.concatenate(
            [PARTS[part][0](image) * np.float32(math.sqrt(weight)) for part, weight in self.weights.items()]
        )

    def _feature_map_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        image = WorkingImage(pixels)
        maps = [LOCAL[part][0](image) for part in self.weights if part in LOCAL]
        return np.concatenate(maps, axis=2).astype(np.float32)


def _card(weights: Mapping[str, float]) -> EncoderCard:
    depth = sum(LOCAL[part][1] for part in weights if part in LOCAL)
    parameters = {"parts": dict(weights), "side": SIDE, "cells": CELLS, "version": _VERSION}
    only = next(iter(weights)) if len(weights) == 1 else None
    return EncoderCard(
        name=f"classic:{only}" if only else "classic",
        dim=sum(PARTS[part][1] for part in weights),
        input_size=(SIDE, SIDE),
        preprocessing=Preprocessing(resize="squash", interpolation="bicubic"),
        feature_map=(CELLS, CELLS, depth) if depth else None,
        licence="Apache-2.0",
        source="lookalike; computed with scikit-image, no weights",
        training_data="none",
        sha256=hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest(),
        version=_VERSION,
        details=parameters,
        title=f"Classic image features ({only or 'colour, gradients, texture, layout'})",
    )
