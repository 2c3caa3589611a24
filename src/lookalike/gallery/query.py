"""From what a person gives (images, a crop, words, counter-examples) to vectors that are searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder, normalize
from lookalike.errors import InvalidArgument
from lookalike.images import ImageLike, crop_box, decode

Combine = Literal["mean", "max"]
Box = tuple[int, int, int, int]
NEGATIVE_WEIGHT = 0.5


@dataclass(frozen=True)
class Query:
    """What is searched for.

    Attributes:
        images: pictures to find the like of.
        text: words, for encoders that understand them.
        negative: pictures whose like is not wanted.
        crop: (left, top, right, bottom) in pixels, cut out of every image of ``images``.
        combine: several wishes: ``mean`` searches once for their average; ``max`` lets an image be as good as its
            best match with any of them.
    """

    images: Sequence[ImageLike] = ()
    text: Sequence[str] = ()
    negative: Sequence[ImageLike] = ()
    crop: Box | None = None
    combine: Combine = "mean"

    def vectors(self, encoder: Encoder) -> NDArray[np.float32]:
        """float32 (m, d), unit rows: one row for ``mean``, one a wish for ``max``.

        Counter-examples pull every wish away from their mean (Rocchio 1971, without the corpus term):
        q - 0.5 * mean(negative).

        Raises:
            InvalidArgument: nothing is asked for, or the box and the images do not fit.
            NoSuchOutput: words for an encoder that knows images only.
        """
        if self.combine not in ("mean", "max"):
            raise InvalidArgument(f"combine {self.combine!r} is not known; use mean or max")
        if not len(self.images) and not len(self.text):
            raise InvalidArgument(
                "there is nothing to search for; give an image or, for some encoders, a text"
            )
        images: Sequence[ImageLike] = self.images
        if self.crop is not None:
            images = [crop_box(decode(image), self.crop) for image in images]
        wishes = normalize(
            np.concatenate(
                [encoder.embed(images), encoder.embed_text(self.text) if self.text else _none(encoder)]
            )
        )
        if self.combine == "mean":
            wishes = wishes.mean(axis=0, keepdims=True)
        if len(self.negative):
            wishes = wishes - NEGATIVE_WEIGHT * normalize(encoder.embed(self.negative)).mean(
                axis=0, keepdims=True
            )
        return normalize(wishes)


def _none(encoder: Encoder) -> NDArray[np.float32]:
    return np.empty((0, encoder.card.dim), dtype=np.float32)
