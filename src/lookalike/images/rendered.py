"""Things that look like other things, drawn by us: the demonstration's look-alikes with known answers.

Each thing is drawn from the same few numbers (`Look`), so that a face and a house front of one look share
colours, position and size, and differ only in what they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIDE = 224
_FINE = 3  # drawn this many times larger, then shrunk: smooth edges

Color = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """Colours and pose: ``main`` and ``dark`` on ``back``; ``x``, ``y`` (shift) and ``size`` as parts of
    the side."""

    main: Color
    dark: Color
    back: Color
    x: float
    y: float
    size: float
    turn: float


class _Pen:
    """Draws in coordinates where the thing's middle is (0, 0) and its radius is 1."""

    def __init__(self, look: Look) -> None:
        self.look = look
        side = SIDE * _FINE
        self.image = Image.new("RGB", (side, side), look.back)
        self._draw = ImageDraw.Draw(self.image)
        self._middle = ((0.5 + look.x) * side, (0.5 + look.y) * side)
        self._unit = look.size * side / 2

    def point(self, at: Point) -> Point:
        return self._middle[0] + at[0] * self._unit, self._middle[1] + at[1] * self._unit

    def disc(self, at: Point, rx: float, ry: float, color: Color) -> None:
        x, y = self.point(at)
        rx, ry = rx * self._unit, ry * self._unit
        self._draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=color)

    def box(self, left: float, top: float, right: float, bottom: float, color: Color) -> None:
        self._draw.rectangle((*self.point((left, top)), *self.point((right, bottom))), fill=color)

    def shape(self, points: list[Point], color: Color) -> None:
        self._draw.polygon([self.point(p) for p in points], fill=color)

    def line(self, start: Point, end: Point, width: float, color: Color) -> None:
        self._draw.line(
            (*self.point(start), *self.point(end)), fill=color, width=max(1, round(width * self._unit))
        )

    def arc(self, at: Point, radius: float, start: float, end: float, width: float, color: Color) -> None:
        (x, y), r = self.point(at), radius * self._unit
        self._draw.arc(
            (x - r, y - r, x + r, y + r), start, end, fill=color, width=max(1, round(width * self._unit))
        )


def _around(count: int, turn: float, radius: float) -> list[Point]:
    angles = [turn + 2 * math.pi * i / count for i in range(count)]
    return [(radius * math.cos(a), radius * math.sin(a)) for a in angles]


def _face(pen: _Pen) -> None:
    dark = pen.look.dark
    pen.disc((0, 0), 0.85, 1.0, pen.look.main)
    for x in (-0.35, 0.35):
        pen.disc((x, -0.22), 0.17, 0.17, (250, 250, 245))
        pen.disc((x, -0.2), 0.09, 0.09, dark)
    pen.line((0, -0.1), (0, 0.2), 0.06, dark)
    pen.disc((0, 0.55), 0.3, 0.13, dark)


def _house(pen: _Pen) -> None:
    dark = pen.look.dark
    pen.box(-0.85, -0.6, 0.85, 1.0, pen.look.main)
    pen.shape([(-1.0, -0.6), (0, -1.15), (1.0, -0.6)], dark)
    for x in (-0.35, 0.35):
        pen.box(x - 0.19, -0.41, x + 0.19, -0.03, (250, 250, 245))
        pen.line((x, -0.41), (x, -0.03), 0.05, dark)
        pen.line((x - 0.19, -0.22), (x + 0.19, -0.22), 0.05, dark)
    pen.box(-0.26, 0.32, 0.26, 1.0, dark)


def _socket(pen: _Pen) -> None:
    dark = pen.look.dark
    pen.box(-0.9, -1.0, 0.9, 1.0, pen.look.main)
    pen.disc((0, 0), 0.8, 0.85, tuple(min(255, c + 18) for c in pen.look.main))  # type: ignore[arg-type]
    for x in (-0.35, 0.35):
        pen.disc((x, -0.2), 0.11, 0.13, dark)
    pen.disc((0, 0.5), 0.2, 0.13, dark)


def _clock(pen: _Pen) -> None:
    dark = pen.look.dark
    pen.disc((0, 0), 1.0, 1.0, dark)
    pen.disc((0, 0), 0.86, 0.86, pen.look.main)
    for inner, outer in zip(_around(12, 0, 0.68), _around(12, 0, 0.82), strict=True):
        pen.line(inner, outer, 0.06, dark)
    for point, width in zip(_around(2, pen.look.turn, 0.55), (0.08, 0.05), strict=True):
        pen.line((0, 0), point, width, dark)
    pen.disc((0, 0), 0.08, 0.08, dark)


def _wheel(pen: _Pen) -> None:
    dark = pen.look.dark
    pen.disc((0, 0), 1.0, 1.0, dark)
    pen.disc((0, 0), 0.82, 0.82, pen.look.main)
    for point in _around(12, pen.look.turn, 0.84):
        pen.line((0, 0), point, 0.06, dark)
    pen.disc((0, 0), 0.16, 0.16, dark)


def _sun(pen: _Pen) -> None:
    for a, b, tip in zip(
        _around(14, pen.look.turn - 0.16, 0.6),
        _around(14, pen.look.turn + 0.16, 0.6),
        _around(14, pen.look.turn, 1.05),
        strict=True,
    ):
        pen.shape([a, tip, b], pen.look.main)
    pen.disc((0, 0), 0.55, 0.55, pen.look.dark)


def _flower(pen: _Pen) -> None:
    for x, y in _around(14, pen.look.turn, 0.75):
        pen.disc((x, y), 0.22, 0.22, pen.look.main)
    pen.disc((0, 0), 0.66, 0.66, pen.look.main)
    pen.disc((0, 0), 0.46, 0.46, pen.look.dark)


def _moon(pen: _Pen) -> None:
    pen.disc((0, 0), 0.95, 0.95, pen.look.main)
    for radius, (x, y) in zip((0.22, 0.12, 0.16, 0.09, 0.13), _around(5, pen.look.turn, 0.52), strict=True):
        pen.disc((x, y), radius, radius, pen.look.dark)


def _ball(pen: _Pen) -> None:
    pen.disc((0, 0), 0.95, 0.95, pen.look.main)
    for x, y in [(0.0, 0.0), *_around(5, pen.look.turn, 0.62)]:
        pen.shape([(x + px, y + py) for px, py in _around(5, pen.look.turn, 0.2)], pen.look.dark)


THINGS: dict[str, Callable[[_Pen], None]] = {
    "face": _face,
    "house": _house,
    "socket": _socket,
    "clock": _clock,
    "wheel": _wheel,
    "sun": _sun,
    "flower": _flower,
    "moon": _moon,
    "ball": _ball,
}
LOOK_ALIKES: tuple[tuple[str, str], ...] = (
    ("face", "house"),
    ("face", "socket"),
    ("clock", "wheel"),
    ("sun", "flower"),
    ("moon", "ball"),
)
"""Kinds of things that look alike when drawn with the same look."""

_PALETTES: tuple[tuple[Color, Color, Color], ...] = (
    ((235, 190, 150), (70, 45, 35), (150, 190, 215)),
    ((250, 205, 60), (150, 85, 20), (60, 110, 170)),
    ((225, 225, 220), (60, 60, 70), (35, 40, 60)),
    ((215, 95, 80), (80, 20, 25), (190, 205, 160)),
    ((120, 175, 110), (30, 65, 45), (235, 225, 205)),
    ((165, 130, 200), (60, 35, 95), (220, 220, 230)),
)


def looks(count: int, rng: np.random.Generator) -> list[Look]:
    """``count`` looks: the palettes in turn, each with a pose of its own."""
    result = []
    for i in range(count):
        main, dark, back = _PALETTES[i % len(_PALETTES)]
        x, y = rng.uniform(-0.06, 0.06, 2)
        result.append(
            Look(
                main,
                dark,
                back,
                float(x),
                float(y),
                float(rng.uniform(0.58, 0.78)),
                float(rng.uniform(0, 6.28)),
            )
        )
    return result


def render(thing: str, look: Look, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One thing as RGB uint8 (224, 224, 3), with light from above and some grain, as a photograph has."""
    pen = _Pen(look)
    THINGS[thing](pen)
    small = np.asarray(pen.image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    light = np.linspace(1.08, 0.88, SIDE, dtype=np.float32)[:, None, None]
    grain = rng.normal(0, 4, (SIDE, SIDE, 1)).astype(np.float32)
    pixels: NDArray[np.uint8] = np.clip(small * light + grain, 0, 255).astype(np.uint8)
    return pixels
