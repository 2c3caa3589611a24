"""Pixels to what a network reads: resize by the card's policy, then one multiply-add for each channel."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Preprocessing
from lookalike.errors import InvalidArgument
from lookalike.images import resize


class HasInput(Protocol):
    """Anything that says what a network reads, such as an :class:`~lookalike.encoders.base.EncoderCard`."""

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""

    @property
    def preprocessing(self) -> Preprocessing:
        """Resize policy, mean and standard deviation."""


def to_network(pixels: NDArray[np.uint8], card: HasInput) -> NDArray[np.float32]:
    """One image as a network's input.

    Args:
        pixels: RGB uint8 (h, w, 3), any size.
        card: gives ``input_size`` (height, width) and ``preprocessing``.

    Returns:
        float32 (3, height, width), contiguous: ``(x / 255 - mean) / std`` of the resized image.
    """
    how = card.preprocessing
    resized = resize(
        pixels,
        card.input_size,
        policy=how.resize,
        interpolation=how.interpolation,
        antialias=how.antialias,
        crop_fraction=how.crop_fraction,
        fill=_border(how),
    )
    return normalize_pixels(resized, how.mean, how.std)


def normalize_pixels(
    pixels: NDArray[np.uint8], mean: tuple[float, float, float], std: tuple[float, float, float]
) -> NDArray[np.float32]:
    """uint8 (h, w, 3) -> float32 (3, h, w): ``(x / 255 - mean) / std`` computed as ``x * scale + offset``."""
    scale, offset = _scale_and_offset(mean, std)
    height, width = pixels.shape[:2]
    planes = np.empty((3, height, width), dtype=np.float32)
    for channel in range(3):
        plane = planes[channel]
        np.multiply(pixels[:, :, channel], scale[channel], out=plane)
        plane += offset[channel]
    return planes


@lru_cache(maxsize=64)
def _scale_and_offset(
    mean: tuple[float, float, float], std: tuple[float, float, float]
) -> tuple[tuple[np.float32, ...], tuple[np.float32, ...]]:
    if any(not s > 0 for s in std):
        raise InvalidArgument(f"preprocessing: std must be above 0 in every channel, got {list(std)}")
    scale = tuple(np.float32(1.0 / (255.0 * s)) for s in std)
    offset = tuple(np.float32(-m / s) for m, s in zip(mean, std, strict=True))
    return scale, offset


def _border(how: Preprocessing) -> tuple[int, int, int]:
    """The colour of ``pad``: the mean, which the network sees as zero."""
    red, green, blue = (round(255 * min(max(m, 0.0), 1.0)) for m in how.mean)
    return red, green, blue
