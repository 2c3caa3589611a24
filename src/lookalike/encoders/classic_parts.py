"""The parts of the ``classic`` encoder: colour, gradients, texture and layout of one small working image.

Sources: Lab moments as in Stricker and Orengo, "Similarity of color images" (1995); square roots of
histograms, so that a dot product is their Bhattacharyya coefficient; the colour grid after the MPEG-7 colour
layout; Dalal and Triggs, "Histograms of oriented gradients" (2005); Ojala et al., "Multiresolution gray-scale
and rotation invariant texture classification with local binary patterns" (2002). All with scikit-image.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lookalike.images import resize

SIDE = 112
"""Height and width of the working image, in pixels."""

CELLS = 7
"""The working image has CELLS x CELLS cells of gradients and of local features."""

_LAB_LOW = np.array([0.0, -60.0, -60.0])
_LAB_HIGH = np.array([100.0, 70.0, 80.0])
_LAB_BINS = (4, 6, 6)
_LAB_UNIT = np.array([100.0, 60.0, 60.0])
_LAB_TYPICAL = np.array([55.0, 1.8, 4.8])
_MOMENT_UNIT = np.array([[100.0, 128.0, 128.0], [50.0, 50.0, 50.0], [50.0, 50.0, 50.0]])
_MOMENT_SHARE = 0.5
_GRID = 4
_ORIENTATIONS = 9
_SCALES = 2
_PATTERNS = 10  # uniform patterns of 8 neighbours: 0 to 8 bits set, and all that are not uniform
_THUMBNAIL = 12

Vector = NDArray[np.float32]


class WorkingImage:
    """One image at the working size, and what several parts need of it, computed once.

    Args:
        pixels: RGB uint8 (h, w, 3), any size.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.rgb = resize(pixels, (SIDE, SIDE), policy="squash", interpolation="bicubic")

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """CIE Lab (D65), float32 (SIDE, SIDE, 3)."""
        from skimage.color import rgb2lab

        return np.asarray(rgb2lab(self.rgb.astype(np.float32) / np.float32(255)), dtype=np.float32)

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """Luma after ITU-R BT.601, uint8 (SIDE, SIDE)."""
        weighted = self.rgb @ np.array([299, 587, 114], dtype=np.int32)
        return ((weighted + 500) // 1000).astype(np.uint8)

    @cached_property
    def gradient_cells(self) -> NDArray[np.float64]:
        """Histograms of gradient directions by cell, each of unit length, float64 (CELLS, CELLS, 9)."""
        from skimage.feature import hog

        step = SIDE // CELLS
        cells = hog(
            self.lab[:, :, 0] / 100.0,
            orientations=_ORIENTATIONS,
            pixels_per_cell=(step, step),
            cells_per_block=(1, 1),
            block_norm="L2",
            feature_vector=False,
        )
        return np.asarray(cells, dtype=np.float64).reshape(CELLS, CELLS, _ORIENTATIONS)

    @cached_property
    def patterns(self) -> list[NDArray[np.intp]]:
        """Codes of the uniform local binary pattern, intp in [0, 10): (SIDE, SIDE), and (SIDE/2, SIDE/2)."""
        half = SIDE // 2
        smaller = self.grey.reshape(half, 2, half, 2).mean(axis=(1, 3)).round().astype(np.uint8)
        return [_binary_patterns(self.grey), _binary_patterns(smaller)]


def color(image: WorkingImage) -> Vector:
    """Colours wherever they are: 4 x 6 x 6 Lab histogram (square roots); mean, spread and skew of L, a, b."""
    place = np.zeros(SIDE * SIDE, dtype=np.intp)
    moments = np.empty((3, 3))
    for channel, bins in enumerate(_LAB_BINS):
        values = image.lab[:, :, channel].ravel()
        low, high = _LAB_LOW[channel], _LAB_HIGH[channel]
        position = np.clip((values - low) * (bins / (high - low)), 0, bins - 1)
        place = place * bins + position.astype(np.intp)
        mean = values.mean(dtype=np.float64)
        centred = values - mean
        square = centred * centred
        moments[:, channel] = mean, np.sqrt(square.mean()), np.cbrt((square * centred).mean())
    histogram = np.sqrt(np.bincount(place, minlength=math.prod(_LAB_BINS)) / place.size)
    return unit(np.concatenate([histogram, _MOMENT_SHARE * unit(moments / _MOMENT_UNIT)]))


def color_layout(image: WorkingImage) -> Vector:
    """Which colour is where: mean Lab in a 4 x 4 grid, as a difference from a typical photograph's colour."""
    step = SIDE // _GRID
    grid = image.lab.reshape(_GRID, step, _GRID, step, 3).mean(axis=(1, 3))
    return unit((grid - _LAB_TYPICAL) / _LAB_UNIT)


def gradients(image: WorkingImage) -> Vector:
    """Shapes: nine gradient directions in 7 x 7 cells."""
    return unit(image.gradient_cells)


def texture(image: WorkingImage) -> Vector:
    """Surfaces: local binary patterns at two scales, over the whole image and in 3 x 3 fields."""
    fields = [_pattern_histograms(codes, count).ravel() for codes in image.patterns for count in (1, 3)]
    return unit(np.concatenate(fields))


def layout(image: WorkingImage) -> Vector:
    """Light and dark: a 12 x 12 grey thumbnail, its mean subtracted."""
    small = resize(image.rgb, (_THUMBNAIL, _THUMBNAIL), policy="squash", interpolation="bicubic")
    grey = small.mean(axis=2) / 255.0
    centred = grey - grey.mean()
    centred[np.abs(centred) < 1e-9] = 0.0  # what rounding leaves of an even image is not a layout
    return unit(centred)


PARTS: dict[str, tuple[Callable[[WorkingImage], Vector], int]] = {
    "color": (color, 4 * 6 * 6 + 9),
    "color_layout": (color_layout, _GRID * _GRID * 3),
    "gradients": (gradients, CELLS * CELLS * _ORIENTATIONS),
    "texture": (texture, _SCALES * _PATTERNS * (1 + 9)),
    "layout": (layout, _THUMBNAIL * _THUMBNAIL),
}
"""Name -> (function, length of its vector); each gives unit length, or zeros where an image has nothing."""


def local_color(image: WorkingImage) -> NDArray[np.float64]:
    """Mean and spread of Lab in each cell, (CELLS, CELLS, 6)."""
    step = SIDE // CELLS
    cells = image.lab.reshape(CELLS, step, CELLS, step, 3)
    mean = cells.mean(axis=(1, 3))
    spread = cells.std(axis=(1, 3))
    return np.concatenate([(mean - _LAB_TYPICAL) / _LAB_UNIT, spread / _LAB_UNIT], axis=2)


def local_gradients(image: WorkingImage) -> NDArray[np.float64]:
    """Gradient directions in each cell, (CELLS, CELLS, 9)."""
    return image.gradient_cells


def local_texture(image: WorkingImage) -> NDArray[np.float64]:
    """Local binary patterns in each cell, both scales, (CELLS, CELLS, 20)."""
    return np.concatenate([_pattern_histograms(codes, CELLS) for codes in image.patterns], axis=2)


LOCAL: dict[str, tuple[Callable[[WorkingImage], NDArray[np.float64]], int]] = {
    "color": (local_color, 6),
    "gradients": (local_gradients, _ORIENTATIONS),
    "texture": (local_texture, _SCALES * _PATTERNS),
}
"""Parts that have a feature map: name -> (function, depth)."""


def unit(values: NDArray[np.floating]) -> Vector:
    """As float32 (d,) of unit length; zeros stay zeros."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    length = float(np.sqrt((flat * flat).sum()))
    return (flat / length if length > 0 else flat).astype(np.float32)


def _binary_patterns(grey: NDArray[np.uint8]) -> NDArray[np.intp]:
    from skimage.feature import local_binary_pattern

    codes = local_binary_pattern(grey, 8, 1, "uniform")  # type: ignore[no-untyped-call]
    return np.asarray(codes).astype(np.intp)


def _pattern_histograms(codes: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Square roots of pattern shares in count x count fields of (side, side) codes: (count, count, 10)."""
    field = np.arange(len(codes)) * count // len(codes)
    place = (field[:, np.newaxis] * count + field[np.newaxis, :]) * _PATTERNS + codes
    counts = np.bincount(place.ravel(), minlength=count * count * _PATTERNS).astype(np.float64)
    counts = counts.reshape(count, count, _PATTERNS)
    shares: NDArray[np.float64] = np.sqrt(counts / counts.sum(axis=2, keepdims=True))
    return shares
