"""Draw one synthetic image from its factors: polygons at twice the size, then surface, light and style."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from lookalike.judgments.twins_values import (
    LAYOUTS,
    OUTLINES,
    PALETTES,
    POSES,
    Palette,
    Patch,
    Points,
    face_patches,
    moved,
    texture_field,
)

_FINE = 2  # drawn this many times larger, then averaged: smooth edges
_GRAIN = 0.28  # how much a surface may lighten or darken a colour
# Strength of the surface, kept in a fourth channel while drawing: full on the thing, less on the ground, none on faces.
_ON_GROUND, _ON_THING, _NONE = 110, 255, 0

Fill = tuple[int, int, int, int]


def draw(
    shape: str, color: str, texture: str, layout: str, pose: str, style: str, face: str, size: int
) -> NDArray[np.uint8]:
    """One image, uint8 (size, size, 3); the names are those of `twins_values`."""
    palette = PALETTES[color]
    # CMYK is only a name for "four channels that Pillow leaves alone": red, green, blue, strength of the surface.
    canvas = Image.new("CMYK", (size * _FINE, size * _FINE), (*palette.ground, _ON_GROUND))
    pen = ImageDraw.Draw(canvas)
    layers = _layers(shape, style, face, palette)
    points = np.concatenate([corners for corners, _ in layers])
    ends = np.cumsum([len(corners) for corners, _ in layers])
    turned = points @ _turn(pose)
    for x, y, radius in LAYOUTS[layout]:
        placed = (turned * radius + (x, y)) * (size * _FINE)
        for (_, fill), part in zip(layers, np.split(placed, ends[:-1]), strict=True):
            pen.polygon(part.ravel().tolist(), fill=fill)
    return _finish(canvas.reduce(_FINE), texture, style, size)


def _turn(pose: str) -> Points:
    """The matrix that rows of points are multiplied by."""
    degrees, width = POSES[pose]
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[width * c, width * s], [-s, c]])


def _layers(shape: str, style: str, face: str, palette: Palette) -> list[tuple[Points, Fill]]:
    """Polygons from the lowest to the uppermost, each with its fill."""
    outline = OUTLINES[shape]
    thing, dark = (*palette.main, _ON_THING), (*palette.dark, _NONE)
    light: Fill = (250, 250, 245, _NONE)
    layers: list[tuple[Points, Fill]] = []
    if style == "shaded":
        layers.append((moved(outline, 0.1, 0.12), (*_mix(palette.ground, (0, 0, 0), 0.45), _ON_GROUND)))
    if style == "outlined":
        layers += [(outline * 1.06, dark), (outline * 0.88, thing)]
    elif style == "hollow":
        inner = (*_mix(palette.ground, palette.main, 0.3), _ON_THING)
        layers += [(outline * 1.02, (*palette.main, _NONE)), (outline * 0.8, inner)]
        dark = (*palette.main, _NONE)
        light = (*palette.ground, _NONE)
    else:
        layers.append((outline, thing))
    patches: tuple[Patch, ...] = face_patches(shape, face)
    layers += [(patch.points, light if patch.light else dark) for patch in patches]
    return layers


def _finish(small: Image.Image, texture: str, style: str, size: int) -> NDArray[np.uint8]:
    pixels = np.asarray(small).astype(np.float32)
    gain = pixels[:, :, 3:] * texture_field(texture, size)[:, :, np.newaxis]
    gain *= np.float32(_GRAIN / 255)
    gain += np.float32(1)
    if style == "shaded":
        gain *= _light(size)
    colors = pixels[:, :, :3] * gain
    result = np.clip(colors, 0, 255, out=colors).astype(np.uint8)
    if style == "soft":
        blurred = Image.fromarray(result).filter(ImageFilter.GaussianBlur(1.5 * size / 96))
        return np.array(blurred)
    if style == "mosaic":
        cells = max(8, size // 3)
        blocks = Image.fromarray(result).resize((cells, cells), Image.Resampling.BOX)
        return np.array(blocks.resize((size, size), Image.Resampling.NEAREST))
    return result


@lru_cache(maxsize=16)
def _light(size: int) -> NDArray[np.float32]:
    """Light from the upper left: float32 (size, size, 1)."""
    ramp = np.linspace(0.0, 1.0, size, dtype=np.float32)
    falling = 1.28 - 0.62 * (ramp[:, np.newaxis] * 0.6 + ramp[np.newaxis, :] * 0.4)
    return np.asarray(falling[:, :, np.newaxis], dtype=np.float32)


def _mix(a: tuple[int, int, int], b: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue
