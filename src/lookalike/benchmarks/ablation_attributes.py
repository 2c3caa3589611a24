"""Take one attribute away from an image: colour, texture, layout, foreground, background, pose or modality.

After Fu, Tamir, Sundaram et al., "DreamSim" (2023), section 3.2, who ask which attributes a metric leans on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from lookalike.errors import InvalidArgument

Pixels = NDArray[np.uint8]

GRID = 4
"""The layout is destroyed by shuffling GRID x GRID patches."""

BLUR = 0.02
"""Standard deviation of the blur that takes texture away, as a part of the image's shorter side."""


@dataclass(frozen=True)
class Attribute:
    """Something that two images may share, and how to take it away from one.

    Attributes:
        name: as on the command line.
        title: for people.
        how: what is done to the image, in words.
        apply: RGB uint8 (h, w, 3) and a random generator -> the same shape without the attribute.
    """

    name: str
    title: str
    how: str
    apply: Callable[[Pixels, np.random.Generator], Pixels]


def remove(pixels: Pixels, attribute: str | Attribute, *, seed: int = 0) -> Pixels:
    """An image without an attribute: RGB uint8 (h, w, 3) in, a new array of the same shape out.

    Args:
        pixels: uint8 (h, w, 3), at least GRID pixels a side.
        attribute: one of :data:`ATTRIBUTES` by name, or one of your own.
        seed: of what is random (the shuffling of patches); the same seed gives the same pixels.

    Raises:
        InvalidArgument: no such attribute, or pixels of another type, shape or size.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InvalidArgument(f"pixels must be uint8 (h, w, 3), got {pixels.dtype} {pixels.shape}")
    if min(pixels.shape[:2]) < GRID:
        raise InvalidArgument(
            f"an image of {pixels.shape[1]} x {pixels.shape[0]} pixels is too small to ablate"
        )
    chosen = attribute if isinstance(attribute, Attribute) else named(attribute)
    return np.ascontiguousarray(chosen.apply(pixels, np.random.default_rng(seed)), dtype=np.uint8)


def named(name: str) -> Attribute:
    """The attribute of that name.

    Raises:
        InvalidArgument: there is none.
    """
    if name not in ATTRIBUTES:
        raise InvalidArgument(f"no attribute is called {name!r}; choose from: {', '.join(ATTRIBUTES)}")
    return ATTRIBUTES[name]


def _grey(pixels: Pixels) -> NDArray[np.float32]:
    """Luma after ITU-R BT.601, float32 (h, w) in [0, 255]."""
    return pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _three(grey: NDArray[np.floating]) -> Pixels:
    flat = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return np.repeat(flat[:, :, np.newaxis], 3, axis=2)


def _blurred(pixels: Pixels, part: float) -> Pixels:
    radius = part * min(pixels.shape[:2])
    return np.array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _color(pixels: Pixels, _: np.random.Generator) -> Pixels:
    return _three(_grey(pixels))


def _texture(pixels: Pixels, _: np.random.Generator) -> Pixels:
    return _blurred(pixels, BLUR)


def _layout(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Shuffle patches so that none stays; what does not divide by GRID stays at the right and lower edge."""
    height, width = pixels.shape[0] // GRID, pixels.shape[1] // GRID
    places = np.arange(GRID * GRID)
    order = rng.permutation(places)
    while np.any(order == places):
        order = rng.permutation(places)
    inner = pixels[: height * GRID, : width * GRID]
    patches = inner.reshape(GRID, height, GRID, width, 3).swapaxes(1, 2).reshape(-1, height, width, 3)
    shuffled = patches[order].reshape(GRID, GRID, height, width, 3).swapaxes(1, 2)
    result = pixels.copy()
    result[: height * GRID, : width * GRID] = shuffled.reshape(inner.shape)
    return result


def _without(pixels: Pixels, gone: NDArray[np.bool_]) -> Pixels:
    result = pixels.copy()
    result[gone] = np.rint(pixels.reshape(-1, 3).mean(axis=0)).astype(np.uint8)
    return result


def _foreground(pixels: Pixels, _: np.random.Generator) -> Pixels:
    from lookalike.benchmarks.ablation_segment import foreground_mask

    return _without(pixels, foreground_mask(pixels))


def _background(pixels: Pixels, _: np.random.Generator) -> Pixels:
    from lookalike.benchmarks.ablation_segment import foreground_mask

    return _without(pixels, ~foreground_mask(pixels))


def _pose(pixels: Pixels, _: np.random.Generator) -> Pixels:
    return pixels[:, ::-1]


def _edges(pixels: Pixels, _: np.random.Generator) -> Pixels:
    from skimage.feature import canny

    sigma = max(1.0, min(pixels.shape[:2]) / 160)
    lines = canny(_grey(pixels) / 255.0, sigma=sigma)  # type: ignore[no-untyped-call]
    return _three(np.where(lines, 0.0, 255.0))


def _sketch(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """A pencil drawing by "colour dodge": grey divided by a blurred copy of itself, so that only changes stay dark."""
    grey = _grey(pixels)
    around = _blurred(_three(grey), 0.025)[:, :, 0].astype(np.float32)
    lines = np.clip(grey / np.maximum(around, 1.0), 0.0, 1.0)
    return _three(255.0 * lines**2)


ATTRIBUTES: Mapping[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        Attribute("color", "Colour", "made grey (BT.601 luma)", _color),
        Attribute("texture", "Texture", f"blurred (Gaussian, {BLUR:.0%} of the shorter side)", _texture),
        Attribute("layout", "Layout", f"{GRID} x {GRID} patches shuffled, none in its place", _layout),
        Attribute("foreground", "Foreground", "the thing filled with the image's mean colour", _foreground),
        Attribute(
            "background", "Background", "all but the thing filled with the image's mean colour", _background
        ),
        Attribute("pose", "Pose", "mirrored left to right", _pose),
        Attribute("edges", "Modality: edges", "Canny edges, black on white", _edges),
        Attribute("sketch", "Modality: sketch", "turned into a pencil drawing", _sketch),
    )
}
"""Name -> attribute, in the order of reports."""
