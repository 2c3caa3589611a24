"""Images as they are hidden in part: a copy of the size that the encoder sees, and the same blurred."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from lookalike.encoders import Encoder, EncoderCard, embed_with_gaps
from lookalike.errors import ExplainError
from lookalike.explain.maps import Box, seen_box
from lookalike.images import ImageLike, decode, resize

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
"""bool (rows, columns) on a grid over what the encoder sees; True: hidden."""

BLUR = 0.045
"""Standard deviation of the blur that stands for removal, as a share of the side that is seen (10 of 224 pixels)."""

SAME = 0.999
"""Cosine from which the embedding of a copy at the encoder's own size counts as that of the image."""

_MARGIN = 2.0


@dataclass(frozen=True, eq=False)
class View:
    """One image, ready to be hidden in part.

    Attributes:
        pixels: RGB uint8 (h, w, 3); what the encoder gets in the image's place.
        blurred: the same, blurred: what is seen of a hidden part.
        box: the part of the image that the grids lie over.
        vector: float32 (d,), embedding of ``pixels``.
    """

    pixels: Pixels
    blurred: Pixels
    box: Box
    inside: tuple[float, float, float, float]
    vector: NDArray[np.float32]

    def hidden(self, mask: Mask) -> Pixels:
        """The image with the cells of ``mask`` blurred."""
        rows, columns = (self._edges(axis, count) for axis, count in enumerate(mask.shape))
        full = np.zeros(self.pixels.shape[:2], dtype=bool)
        tall = np.repeat(mask, np.diff(rows), axis=0)
        full[rows[0] : rows[-1], columns[0] : columns[-1]] = np.repeat(tall, np.diff(columns), axis=1)
        return np.where(full[:, :, np.newaxis], self.blurred, self.pixels)

    def _edges(self, axis: int, count: int) -> NDArray[np.intp]:
        """Pixel rows (axis 0) or columns (axis 1) at which ``count`` cells begin and end."""
        start, stop = self.inside[axis], self.inside[axis + 2]
        return np.rint(np.linspace(start, stop, count + 1)).astype(np.intp)


def open_pair(a: ImageLike, b: ImageLike, encoder: Encoder) -> tuple[View, View, NDArray[np.float32]]:
    """Views of two images, and float32 (2, d): the embeddings of the images themselves.

    A view is a copy of the encoder's own input size, which is fast; where its embedding is not that of the image
    (an ensemble of several sizes, a face detector), it keeps up to twice the pixels that the encoder asks for.

    Raises:
        ImageError: an image cannot be read.
        ExplainError: the encoder gives no numbers for an image.
    """
    whole = [decode(image, min_size=encoder.wanted_size) for image in (a, b)]
    small = [_as_seen(pixels, encoder.card) for pixels in whole]
    vectors = embed_with_gaps(encoder, [*whole, *small])
    for vector, which in zip(vectors[:2], ("first", "second"), strict=True):
        if not np.isfinite(vector).all():
            raise ExplainError(
                f"encoder {encoder.card.name} gives no numbers for the {which} image (no face in it, for a face "
                "encoder); explain the pair with another encoder"
            )
    views = [
        _view(pixels, copy, encoder, vectors[i], vectors[2 + i])
        for i, (pixels, copy) in enumerate(zip(whole, small, strict=True))
    ]
    return views[0], views[1], vectors[:2]


def embed_hidden(
    view: View, masks: Sequence[Mask], encoder: Encoder, batch: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Embeddings of the view with each of the masks hidden, a batch at a time: float32 (n, d).

    A row is NaN where nothing is left that the encoder knows (a hidden face, for a face encoder).
    """
    size = encoder.batch_size if batch is None else batch
    if size < 1:
        raise ExplainError(f"batch must be at least 1, got {size}")
    for part in _parts((view.hidden(mask) for mask in masks), size):
        yield embed_with_gaps(encoder, part)


def _parts(items: Iterable[Pixels], size: int) -> Iterator[list[Pixels]]:
    left = iter(items)
    while part := list(islice(left, size)):
        yield part


def _view(
    whole: Pixels, small: Pixels, encoder: Encoder, wanted: NDArray[np.float32], found: NDArray[np.float32]
) -> View:
    seen = seen_box(whole.shape, encoder.card)
    box = Box(max(seen.left, 0.0), max(seen.top, 0.0), min(seen.right, 1.0), min(seen.bottom, 1.0))
    lengths = float(np.linalg.norm(wanted) * np.linalg.norm(found))
    if np.isfinite(found).all() and float(wanted @ found) >= SAME * lengths:
        pixels, vector, inside = small, found, _inside_small(small, encoder.card)
    else:
        pixels = _handy(whole, encoder.wanted_size)
        (vector,) = embed_with_gaps(encoder, [pixels])
        if not np.isfinite(vector).all():
            pixels, vector = whole, wanted
        height, width = pixels.shape[:2]
        inside = (box.top * height, box.left * width, box.bottom * height, box.right * width)
    side = math.sqrt((inside[2] - inside[0]) * (inside[3] - inside[1]))
    soft = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(BLUR * side))
    return View(pixels, np.asarray(soft), box, inside, vector)


def _as_seen(pixels: Pixels, card: EncoderCard) -> Pixels:
    """The image at the size at which the encoder's own resizing leaves its pixels as they are."""
    how, (height, width) = card.preprocessing, card.input_size
    size, policy = (height, width), "squash"
    if how.resize == "crop":
        size, policy = _uncropped(card), "crop"
    elif how.resize == "pad":
        scale = min(height / pixels.shape[0], width / pixels.shape[1])
        size = (
            min(height, max(1, round(pixels.shape[0] * scale))),
            min(width, max(1, round(pixels.shape[1] * scale))),
        )
    return resize(pixels, size, policy=policy, interpolation=how.interpolation, antialias=how.antialias)


def _uncropped(card: EncoderCard) -> tuple[int, int]:
    fraction = card.preprocessing.crop_fraction
    return math.floor(card.input_size[0] / fraction), math.floor(card.input_size[1] / fraction)


def _inside_small(small: Pixels, card: EncoderCard) -> tuple[float, float, float, float]:
    """(top, left, bottom, right) in pixels of what is seen of :func:`_as_seen`."""
    height, width = small.shape[:2]
    if card.preprocessing.resize != "crop":
        return 0.0, 0.0, float(height), float(width)
    top, left = (height - card.input_size[0]) // 2, (width - card.input_size[1]) // 2
    return float(top), float(left), float(top + card.input_size[0]), float(left + card.input_size[1])


def _handy(pixels: Pixels, wanted: tuple[int, int]) -> Pixels:
    """Smaller where the image has more than twice the pixels a side that the encoder asks for."""
    height, width = pixels.shape[:2]
    scale = _MARGIN * max(wanted[0] / height, wanted[1] / width)
    if scale >= 1:
        return pixels
    return resize(pixels, (max(1, round(height * scale)), max(1, round(width * scale))), policy="squash")
