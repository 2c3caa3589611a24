"""Figures with their intervals on one axis, and lines for what they are to be read against, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lookalike.errors import InvalidArgument, printable

_WIDTH, _LEFT, _ROW = 460, 10, 34
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7b4ab8", "#b5a700")
_VARIABLES = ("--c0", "--c5", "--c2", "--c3", "--c1", "--c4", "--c7", "--c6")
_INK, _FAINT = "#1d1c1b", "#7f8082"
_HALO = 'stroke="var(--card, #ffffff)" stroke-width="5" stroke-linejoin="round" paint-order="stroke"'
_NAME_LENGTH = 58
_LABEL_REACH = 7.2  # width of a letter of a label, generously


@dataclass(frozen=True)
class ForestRow:
    """One figure: a dot at ``value`` with a whisker from ``low`` to ``high`` (NaN: no whisker)."""

    name: str
    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class ForestLine:
    """A vertical line at ``value``: chance, or a human ceiling."""

    name: str
    value: float


def forest_plot(
    rows: Sequence[ForestRow],
    lines: Sequence[ForestLine] = (),
    *,
    description: str,
    axis: tuple[float, float] | None = None,
    standalone: bool = False,
) -> str:
    """Draw shares in [0, 1] as dots with whiskers.

    Args:
        rows: at least one, top to bottom.
        lines: drawn through all rows, each named above them.
        description: what is shown, in a sentence: read aloud to those who cannot see it.
        axis: (low, high) ends; None fits the figures, rounded to 0.05.
        standalone: a file of its own with fixed colours on white instead of a part of a page.

    Returns:
        An ``<svg>`` element whose colours are attributes (pages forbid inline styles).

    Raises:
        InvalidArgument: nothing to draw, or figures that are not finite.
    """
    values = [row.value for row in rows] + [line.value for line in lines]
    if not rows or not all(math.isfinite(value) for value in values):
        raise InvalidArgument("a plot of figures with intervals needs rows with finite values")
    scale = _Scale(*(axis or _ends(rows, lines)))
    top = 18 + 17 * len(lines)
    bottom = top + _ROW * len(rows) + 6
    pieces = [*_axis(scale, top, bottom), *_lines(lines, scale, bottom)]
    for n, row in enumerate(rows):
        pieces += _row(row, scale, top + _ROW * n, n)
    return _svg(pieces, bottom + 26, description, standalone)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - 2 * _LEFT)


def _ends(rows: Sequence[ForestRow], lines: Sequence[ForestLine]) -> tuple[float, float]:
    known = [v for row in rows for v in (row.value, row.low, row.high) if math.isfinite(v)]
    known += [line.value for line in lines]
    low = math.floor(min(known) * 20 - 0.2) / 20
    high = math.ceil(max(known) * 20 + 0.2) / 20
    return max(0.0, low), min(1.0, high) if high > low else low + 0.05


def _axis(scale: _Scale, top: float, bottom: float) -> list[str]:
    step = next(s for s in (0.02, 0.05, 0.1, 0.2) if (scale.high - scale.low) / s <= 8.001)
    first = math.ceil(scale.low / step - 1e-9)
    marks = []
    for n in range(first, math.floor(scale.high / step + 1e-9) + 1):
        x = scale.x(n * step)
        anchor = "start" if x < 24 else "end" if x > _WIDTH - 24 else "middle"
        marks.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" stroke="{_FAINT}" stroke-opacity=".3"/>'
            f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="{anchor}" fill="{_FAINT}">{100 * n * step:.0f} %</text>'
        )
    return marks


def _lines(lines: Sequence[ForestLine], scale: _Scale, bottom: float) -> list[str]:
    marks = []
    for n, line in enumerate(sorted(lines, key=lambda line: line.value)):
        x, y = scale.x(line.value), 14 + 17 * n
        label = f"{line.name} {100 * line.value:.1f} %"
        left = x + 5 + _LABEL_REACH * len(label) > _WIDTH
        marks.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 9}" y2="{bottom}" stroke="{_INK}" stroke-dasharray="4 3"/>'
            f'<text x="{x + (-5 if left else 5):.1f}" y="{y}" text-anchor="{"end" if left else "start"}" '
            f'fill="{_INK}" {_HALO}>{_escaped(label)}</text>'
        )
    return marks


def _row(row: ForestRow, scale: _Scale, y: float, number: int) -> list[str]:
    color, x, middle = _COLORS[number % len(_COLORS)], scale.x(row.value), y + 24
    name = row.name if len(row.name) <= _NAME_LENGTH else "…" + row.name[1 - _NAME_LENGTH :]
    marks = [
        f'<text x="{_LEFT}" y="{y + 12}" fill="{_INK}" {_HALO}>{_escaped(name)}</text>',
        f'<circle cx="{x:.1f}" cy="{middle}" r="5" fill="{color}"/>',
    ]
    if math.isfinite(row.low) and math.isfinite(row.high):
        ends = f'x1="{scale.x(row.low):.1f}" x2="{scale.x(row.high):.1f}" y1="{middle}" y2="{middle}"'
        marks.append(f'<line {ends} stroke="{color}" stroke-width="2.5" stroke-linecap="round"/>')
    return marks


def _svg(pieces: list[str], height: float, description: str, standalone: bool) -> str:
    body = "".join(pieces)
    background, size = "", ""
    if standalone:
        background = f'<rect width="{_WIDTH}" height="{height:g}" fill="#ffffff"/>'
        body = body.replace("var(--card, #ffffff)", "#ffffff")
        size = f'width="{_WIDTH}" height="{height:g}" '
    else:
        body = body.replace(f'"{_INK}"', '"currentColor"')
        for color, variable in zip(_COLORS, _VARIABLES, strict=True):
            body = body.replace(f'"{color}"', f'"var({variable}, {color})"')
    head = (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" {size}viewBox="0 0 {_WIDTH} {height:g}" role="img" '
        f'font-size="12.5" font-family="system-ui, sans-serif"><title>{_escaped(description)}</title>'
    )
    start = '<?xml version="1.0" encoding="utf-8"?>\n' if standalone else ""
    return f"{start}{head}{background}{body}</svg>"


def _escaped(text: str) -> str:
    from html import escape

    return escape(printable(text))
