"""Handwritten digits that come with scikit-learn, so that small runs need no download.

1,797 real digits of 8 x 8 grey levels (Alpaydin and Kaynak 1998, *Optical Recognition of Handwritten Digits*, UCI; the
test part, CC BY 4.0), enlarged and laid on a dark ground at one of two sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import TrainingError

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "digit": tuple("0123456789"),
    "parity": ("even", "odd"),
    "size": ("small", "large"),
}
"""Name -> its classes, in the order of their numbers."""

SIDE = 28
SMALL, LARGE = 0.5, 0.85
"""Side of the digit / side of the image."""


@dataclass(frozen=True)
class Digits:
    """The digits as images with three attributes.

    Attributes:
        images: uint8 (n, side, side, 3), light on dark.
        attributes: digit, parity and size: each int64 (n,), numbers as in :data:`ATTRIBUTES`.
    """

    images: NDArray[np.uint8]
    attributes: dict[str, NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.images)


def load_digits(*, side: int = SIDE, seed: int = 0, n: int | None = None) -> Digits:
    """The digits, each at one size that a coin decides and somewhere in the image.

    Args:
        side: of the images in pixels, at least 16.
        seed: of the coins and places; the same arguments give the same pixels.
        n: only the first n.

    Raises:
        TrainingError: ``side`` or ``n`` out of range.
    """
    from sklearn.datasets import load_digits as bundled

    if side < 16:
        raise TrainingError(f"digits need a side of at least 16 pixels, got {side}")
    found = bundled()
    count = len(found.images) if n is None else n
    if not 1 <= count <= len(found.images):
        raise TrainingError(f"there are {len(found.images):,} digits; n must be 1 to that, got {n}")
    grey = np.rint(found.images[:count] * (255 / 16)).astype(np.uint8)
    digit = found.target[:count].astype(np.int64)
    rng = np.random.default_rng([seed, 8])
    large = rng.integers(0, 2, len(found.images))[:count]
    corner = rng.random((len(found.images), 2))[:count]
    images = np.zeros((count, side, side, 3), dtype=np.uint8)
    for row in range(count):
        inner = round(side * (LARGE if large[row] else SMALL))
        drawn = np.asarray(Image.fromarray(grey[row]).resize((inner, inner), Image.Resampling.BICUBIC))
        top, left = (int(place * (side - inner + 1)) for place in corner[row])
        images[row, top : top + inner, left : left + inner] = drawn[:, :, None]
    return Digits(images, {"digit": digit, "parity": digit % 2, "size": large.astype(np.int64)})
