"""What the factors of a synthetic twin can be: outlines, palettes, surfaces, arrangements, poses, styles, faces.

Everything is drawn in coordinates where the thing's middle is (0, 0), its radius about 1 and y points down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Color = tuple[int, int, int]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Palette:
    """Three sRGB colours: of the thing, of what is drawn on it, and of the ground.

    The thing is always lighter than the ground, so that palettes differ in colour and not in which of the
    two is the dark one: that would be a difference of layout.
    """

    main: Color
    dark: Color
    ground: Color


PALETTES: dict[str, Palette] = {
    "sunset": Palette((250, 190, 110), (110, 35, 45), (168, 62, 70)),
    "sea": Palette((170, 225, 230), (15, 55, 95), (30, 105, 150)),
    "forest": Palette((190, 220, 130), (25, 60, 35), (45, 105, 65)),
    "plum": Palette((225, 185, 235), (60, 25, 85), (105, 60, 140)),
    "cocoa": Palette((232, 205, 165), (60, 35, 25), (120, 82, 55)),
    "rose": Palette((255, 205, 210), (125, 20, 60), (200, 75, 115)),
    "lemon": Palette((255, 240, 120), (95, 80, 10), (150, 135, 30)),
    "slate": Palette((222, 226, 230), (45, 50, 60), (105, 112, 122)),
    "brick": Palette((255, 175, 140), (90, 25, 15), (165, 50, 25)),
    "mint": Palette((190, 245, 215), (10, 75, 70), (25, 140, 125)),
    "night": Palette((250, 225, 150), (25, 25, 55), (38, 42, 95)),
    "lime": Palette((225, 250, 130), (50, 75, 10), (95, 140, 25)),
}

LAYOUTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "centre": ((0.5, 0.5, 0.37),),
    "left": ((0.27, 0.5, 0.25),),
    "right": ((0.73, 0.5, 0.25),),
    "top": ((0.5, 0.26, 0.24),),
    "bottom": ((0.5, 0.74, 0.24),),
    "side by side": ((0.26, 0.5, 0.21), (0.74, 0.5, 0.21)),
    "stacked": ((0.5, 0.26, 0.21), (0.5, 0.74, 0.21)),
    "falling": ((0.27, 0.27, 0.22), (0.73, 0.73, 0.22)),
    "rising": ((0.73, 0.27, 0.22), (0.27, 0.73, 0.22)),
    "corners": ((0.26, 0.26, 0.19), (0.74, 0.26, 0.19), (0.26, 0.74, 0.19), (0.74, 0.74, 0.19)),
}
"""Name -> (x, y, radius) of each copy of the thing, as parts of the side."""

POSES: dict[str, tuple[float, float]] = {
    "upright": (0.0, 1.0),
    "leaning left": (-25.0, 1.0),
    "leaning right": (25.0, 1.0),
    "tipped left": (-50.0, 1.0),
    "tipped right": (50.0, 1.0),
    "turned": (0.0, 0.55),
}
"""Name -> (clockwise turn in degrees, width that remains when it turns away from us).

No two turns differ by a symmetry of any outline (72, 90 or 120 degrees), so every pose can be told apart.
"""

TEXTURES = ("plain", "stripes", "bars", "dots", "checks", "waves", "bricks", "speckle", "lattice", "rings")
STYLES = ("flat", "outlined", "hollow", "shaded", "soft", "mosaic")
FACES = ("none", "calm", "smile", "frown", "surprised", "asleep")


def moved(points: Points, x: float, y: float) -> Points:
    """Every point of (n, 2) shifted by (x, y)."""
    result: Points = points + np.array([x, y])
    return result


def _around(count: int, radius: float = 1.0, turn: float = -90.0) -> Points:
    angles = np.deg2rad(turn) + 2 * np.pi * np.arange(count) / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _polar(radius: NDArray[np.float64], turn: float = -90.0) -> Points:
    return _around(len(radius), 1.0, turn) * radius[:, np.newaxis]


def _socket() -> Points:
    corners = _around(32, 0.3)
    return corners + np.where(corners > 0, 0.58, -0.58)  # a plate with round corners


def _egg() -> Points:
    points = _around(28)
    points[:, 0] *= 0.8 - 0.1 * np.where(points[:, 1] < 0, -points[:, 1], 0)
    return points


def _drop() -> Points:
    return np.concatenate([[(0.0, -1.15)], moved(_around(20, 0.76, -35.0)[:14], 0.0, 0.26)])


def _heart() -> Points:
    t = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x / 16, (y - 2.5) / 15], axis=1)


def _cat() -> Points:
    head = moved(_around(28, 0.8) * (1.08, 0.92), 0.0, 0.14)
    left = head[(head[:, 0] < 0) & (head[:, 1] > -0.25)]
    right = head[(head[:, 0] > 0) & (head[:, 1] > -0.25)]
    top = np.array([(-0.82, -1.0), (-0.3, -0.6), (0.3, -0.6), (0.82, -1.0)])
    return np.concatenate([top, right, left])


OUTLINES: dict[str, Points] = {
    "egg": _egg(),
    "socket": _socket(),
    "house": np.array([(-1.05, -0.3), (0, -1.1), (1.05, -0.3), (0.8, -0.3), (0.8, 0.95), (-0.8, 0.95), (-0.8, -0.3)]),
    "star": _polar(np.tile([1.15, 0.62], 5)),
    "heart": _heart(),
    "flower": _polar(0.86 + 0.2 * np.cos(5 * np.linspace(0, 2 * np.pi, 50, endpoint=False))),
    "drop": _drop(),
    "cat": _cat(),
    "gem": np.array([(-0.6, -0.7), (0.6, -0.7), (1.05, -0.15), (0, 1.1), (-1.05, -0.15)]),
    "cross": np.array(
        [(-0.45, -1), (0.45, -1), (0.45, -0.45), (1, -0.45), (1, 0.45), (0.45, 0.45),
         (0.45, 1), (-0.45, 1), (-0.45, 0.45), (-1, 0.45), (-1, -0.45), (-0.45, -0.45)]
    ),
}  # fmt: skip
"""Name -> corners of the silhouette, float64 (n, 2)."""

SHAPES = tuple(OUTLINES)


@dataclass(frozen=True, slots=True)
class Patch:
    """A filled polygon of a face: corners float64 (n, 2) and which colour of the palette fills it."""

    points: Points
    light: bool


def _mouth(bend: float, thick: float) -> Points:
    """A band from corner to corner; ``bend`` > 0 smiles."""
    x = np.linspace(-0.3, 0.3, 9)
    middle = 0.42 + bend * (1 - (x / 0.3) ** 2) - bend / 2
    upper = np.stack([x, middle - thick / 2], axis=1)
    lower = np.stack([x[::-1], middle[::-1] + thick / 2], axis=1)
    return np.concatenate([upper, lower])


def _box(x: float, y: float, half_width: float, half_height: float) -> Points:
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
    return moved(corners * (half_width, half_height), x, y)


def _eye(shape: str, x: float, radius: float) -> list[Patch]:
    """An eye is a window on a house, a hole in a socket, and else white with a pupil."""
    if shape == "house":
        panes = [_box(x + sign * radius / 2, -0.12, 0.36 * radius, 0.8 * radius) for sign in (-1, 1)]
        return [Patch(_box(x, -0.12, radius, radius), False), *(Patch(pane, True) for pane in panes)]
    disc = moved(_around(14, radius), x, -0.12)
    if shape == "socket":
        return [Patch(disc, False)]
    return [Patch(disc, True), Patch(moved(_around(10, radius * 0.6), x, -0.08), False)]


@cache
def face_patches(shape: str, face: str) -> tuple[Patch, ...]:
    """What is drawn on a thing of that ``shape`` so that it has that ``face``; nothing for "none".

    After Chernoff, "The use of faces to represent points in k-dimensional space graphically" (1973): eyes and
    a mouth whose size and bend carry the expression. The same expression is drawn in the thing's own parts:
    windows and a door on a house, holes on a socket.
    """
    if face == "none":
        return ()
    radius = 0.25 if face == "surprised" else 0.2
    patches: list[Patch] = []
    for x in (-0.31, 0.31):
        if face == "asleep":
            patches.append(Patch(_box(x, -0.1, 0.19, 0.055), False))
        else:
            patches += _eye(shape, x, radius)
    if face == "surprised":
        hole = _box(0.0, 0.55, 0.2, 0.3) if shape == "house" else moved(_around(14, 0.19), 0.0, 0.45)
        patches.append(Patch(hole, False))
    else:
        bend, thick = {
            "calm": (0.0, 0.13),
            "smile": (0.3, 0.15),
            "frown": (-0.3, 0.15),
            "asleep": (0.08, 0.1),
        }[face]
        patches.append(Patch(_mouth(bend, thick), False))
    return tuple(patches)


@lru_cache(maxsize=128)
def texture_field(texture: str, size: int) -> NDArray[np.float32]:
    """Lightness added by a surface, in [-1, 1] around 0: float32 (size, size), read-only.

    Periods are parts of the side, so that a texture looks the same at every size.
    """
    unit = np.float64(size) / 96.0
    y, x = np.mgrid[0:size, 0:size] / unit
    field: NDArray[np.float32] = _textures(texture, x, y).astype(np.float32)
    field -= field.mean()
    field /= max(1.0, float(np.abs(field).max()))
    field.setflags(write=False)
    return field


def _textures(texture: str, x: Points, y: Points) -> Any:
    turn = 2 * math.pi
    if texture == "stripes":
        return np.clip(3 * np.sin(turn * y / 8), -1, 1)
    if texture == "bars":
        return np.clip(3 * np.sin(turn * (x + y) / 11), -1, 1)
    if texture == "dots":
        row = np.floor(y / 8)
        away = np.hypot((x + 4 * (row % 2)) % 8 - 4, y % 8 - 4)
        return np.clip(2.4 - away, 0, 1) * 1.4
    if texture == "checks":
        return np.where((np.floor(x / 6) + np.floor(y / 6)) % 2 == 0, 0.9, -0.9)
    if texture == "waves":
        return np.clip(2 * np.sin(turn * (y + 3 * np.sin(turn * x / 24)) / 9), -1, 1)
    if texture == "bricks":
        row = np.floor(y / 9)
        gap = np.minimum(y % 9, (x + 9 * (row % 2)) % 18)
        return np.where(gap < 1.8, -1.0, 0.2)
    if texture == "speckle":
        grain = np.random.default_rng(7).standard_normal((48, 48))
        return np.clip(grain[(y / 2).astype(int) % 48, (x / 2).astype(int) % 48] * 0.6, -1, 1)
    if texture == "lattice":
        return np.where(np.minimum((x + y) % 12, (x - y) % 12) < 2, 1.0, -0.2)
    if texture == "rings":
        return np.clip(3 * np.sin(turn * np.hypot(x - 48, y - 48) / 7), -1, 1)
    return np.zeros_like(x)


VALUES: dict[str, tuple[str, ...]] = {
    "shape": SHAPES,
    "color": tuple(PALETTES),
    "texture": TEXTURES,
    "layout": tuple(LAYOUTS),
    "pose": tuple(POSES),
    "style": STYLES,
    "face": FACES,
}
"""Factor -> what it can be."""
