"""Two images with a map over each, the cells that match, and the curves that say how far to trust the map, as SVG."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lookalike.explain.places import Place

GAP = 40
HEIGHT = 300
"""Pixels between the two images, and their height, in units of the drawing."""

MOST_LINES = 8

_LEAST_SHOWN = 0.06  # of the strongest cell


class Frame:
    """Where an image lies in the drawing.

    Args:
        x: of its left side. size: (width, height) of the image in pixels; it is drawn HEIGHT high.
    """

    def __init__(self, x: float, size: tuple[int, int], height: float = HEIGHT) -> None:
        self.x, self.height = x, height
        self.width = height * size[0] / size[1]

    def box(self, place: Place, side: str, cell: tuple[int, int]) -> tuple[float, float, float, float]:
        """Left, top, width and height of a cell in the drawing, cut at the image's borders."""
        whole = place.map.a_box if side == "a" else place.map.b_box
        shape = (place.map.a_map if side == "a" else place.map.b_map).shape
        found = whole.cell(cell, (shape[0], shape[1]))
        left, right = np.clip([found.left, found.right], 0, 1) * self.width
        top, bottom = np.clip([found.top, found.bottom], 0, 1) * self.height
        return self.x + float(left), float(top), float(right - left), float(bottom - top)


def frames(sizes: Sequence[tuple[int, int]], height: float = HEIGHT) -> list[Frame]:
    """Frames side by side, for images of these (width, height)."""
    found: list[Frame] = []
    x = 0.0
    for size in sizes:
        found.append(Frame(x, size, height))
        x += found[-1].width + GAP
    return found


def strengths(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """A map in [-1, 1]: divided by its strongest cell; all zero where it is flat."""
    largest = float(np.abs(values).max()) if values.size else 0.0
    return np.asarray(values, dtype=np.float64) / (largest or 1.0)


def overlay_svg(
    place: Place, jpegs: tuple[bytes, bytes], sizes: tuple[tuple[int, int], ...], label: str
) -> str:
    """Both images, cells tinted by what they add (warm) or take away (cold), and lines between matching regions."""
    left, right = frames(sizes)
    width = right.x + right.width
    parts = [
        f'<svg class="pair-map" viewBox="0 0 {width:.0f} {HEIGHT}" role="group" aria-label="{escape(label)}">',
        *(_image(frame, jpeg) for frame, jpeg in zip((left, right), jpegs, strict=True)),
    ]
    for side, frame in (("a", left), ("b", right)):
        parts.append(_cells(place, side, frame))
    parts.append(_lines(place, left, right))
    return "".join([*parts, "</svg>"])


def _image(frame: Frame, jpeg: bytes) -> str:
    data = base64.b64encode(jpeg).decode("ascii")
    return (
        f'<image x="{frame.x:.1f}" y="0" width="{frame.width:.1f}" height="{frame.height:.0f}" '
        f'preserveAspectRatio="none" href="data:image/jpeg;base64,{data}"/>'
    )


def _cells(place: Place, side: str, frame: Frame) -> str:
    values = place.map.a_map if side == "a" else place.map.b_map
    scaled = strengths(values)
    linked = place.linked is not None
    cells = []
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            x, y, width, height = frame.box(place, side, (row, column))
            if width <= 0 or height <= 0:
                continue
            value = float(scaled[row, column])
            opacity = 0.62 * abs(value) if abs(value) >= _LEAST_SHOWN else 0.0
            number = row * values.shape[1] + column
            focus = ' tabindex="0"' if linked else ""
            cells.append(
                f'<rect class="cell {"warm" if value >= 0 else "cold"}" data-cell="{number}"{focus} x="{x:.1f}" '
                f'y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill-opacity="{opacity:.2f}">'
                f"<title>{float(values[row, column]):+.4f}</title></rect>"
            )
    return f'<g data-side="{side}">{"".join(cells)}</g>'


def line_ends(place: Place, left: Frame, right: Frame) -> list[tuple[float, float, float, float]]:
    """x and y of both ends of the strongest matches, in units of the drawing."""
    ends = []
    for match in place.matches[:MOST_LINES]:
        ax, ay, aw, ah = left.box(place, "a", match.a_cell)
        bx, by, bw, bh = right.box(place, "b", match.b_cell)
        ends.append((ax + aw / 2, ay + ah / 2, bx + bw / 2, by + bh / 2))
    return ends


def _lines(place: Place, left: Frame, right: Frame) -> str:
    drawn = [
        f'<g class="match hue{number % 8}"><path class="halo" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'
        f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'
        f'<circle cx="{x1:.1f}" cy="{y1:.1f}" r="5"/><circle cx="{x2:.1f}" cy="{y2:.1f}" r="5"/></g>'
        for number, (x1, y1, x2, y2) in enumerate(line_ends(place, left, right))
    ]
    return f'<g class="matches">{"".join(drawn)}</g>'


def curve_svg(
    curves: Mapping[str, Sequence[tuple[float, float]]], label: str, words: Mapping[str, str]
) -> str:
    """Curves of a score over the share of cells; names "map", "random" and "centre" have colours of their own."""
    points = [point for line in curves.values() for point in line]
    low = min([0.0, *(y for _, y in points)])
    high = max([y for _, y in points] or [1.0])
    span = (high - low) or 1.0
    width, height, left, base = 260, 160, 38, 118
    lines, names = [], []
    for place, (name, line) in enumerate(curves.items()):
        path = " ".join(
            f"{left + x * (width - left - 8):.1f},{base - (y - low) / span * (base - 12):.1f}"
            for x, y in line
        )
        shown = escape(words.get(name, name))
        at = left + place * (width - left) / 3
        lines.append(f'<polyline class="curve {escape(name)}" points="{path}"/>')
        names.append(
            f'<path class="curve {escape(name)}" d="M{at:.0f} {height - 9}h12"/>'
            f'<text class="curve-name" x="{at + 15:.0f}" y="{height - 6}">{shown}</text>'
        )
    axis = "".join(
        f'<text class="tick" x="{left - 6}" y="{base - (y - low) / span * (base - 12) + 4:.1f}" '
        f'text-anchor="end">{y + 0.0:.2f}</text>'
        for y in (round(low, 2), round(high, 2))
    )
    return (
        f'<svg class="curves" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f'<path class="axis" d="M{left} 12V{base}H{width - 8}"/>{axis}{"".join(lines)}{"".join(names)}'
        f'<text class="tick" x="{left}" y="{base + 14}">0 %</text><text class="tick" x="{width - 8}" y="{base + 14}" '
        f'text-anchor="end">100 %</text></svg>'
    )


def links_json(place: Place) -> dict[str, Any] | None:
    """For the page's script: for each cell of A and of B, the cells of the other image that it shares most with."""
    if place.linked is None:
        return None
    shares = place.linked
    return {"a": _strongest(shares), "b": _strongest(shares.T)}


def _strongest(shares: NDArray[np.floating], most: int = 4) -> list[list[list[float]]]:
    """For each row the columns of the largest positive shares, each with its part of the largest."""
    found = []
    for row in np.asarray(shares, dtype=np.float64):
        top = np.argsort(-row)[:most]
        largest = float(row[top[0]]) if len(top) else 0.0
        found.append([[int(j), round(float(row[j] / largest), 2)] for j in top if largest > 0 and row[j] > 0])
    return found
