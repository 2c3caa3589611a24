"""Line and bar plots as SVG text, drawn by matplotlib without its global state.

Pages forbid inline ``style`` attributes (see :mod:`lookalike.reports.render`), so what matplotlib writes is turned
into plain SVG attributes. On a page the text takes ``currentColor`` and each series a colour variable of ``base.css``,
so that one drawing is readable in light and in dark mode; a ``standalone`` drawing keeps fixed colours on white.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

from lookalike.errors import InvalidArgument, printable
from lookalike.extras import import_extra

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7b4ab8", "#b5a700")
"""Okabe and Ito's colours, told apart by colour-blind readers, in an order that keeps neighbours far apart."""

_VARIABLES = ("--c0", "--c5", "--c2", "--c3", "--c1", "--c4", "--c7", "--c6")
_INK = "#1d1c1b"
_FAINT = "#7f8082"  # a grey that shows on white and on near-black
_DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_DRAWING = threading.Lock()


@dataclass(frozen=True)
class Line:
    """One line of a plot.

    Attributes:
        name: in the legend.
        x, y: of one length; a point whose y is not finite is left out.
        low, high: a shaded band (95 % interval), or None.
        marks: draw a dot at each point.
        color: number of the colour; None takes the line's place in the plot.
        dashed: for what is not one's own measurement, such as a published curve.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    marks: bool = False
    color: int | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Bars:
    """One colour of bars: a value for each group, NaN where there is none, with intervals where known."""

    name: str
    values: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    color: int | None = None


def line_plot(
    series: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    description: str,
    log_x: bool = False,
    log_y: bool = False,
    ticks: Sequence[float] | None = None,
    baseline: float | None = None,
    size: tuple[float, float] = (6.4, 3.9),
    standalone: bool = False,
) -> str:
    """Lines over one axis, with a legend below.

    Args:
        series: at least one line.
        x_label, y_label: with units.
        description: what the plot shows, in a sentence: read aloud to those who cannot see it.
        log_x, log_y: logarithmic axes.
        ticks: places of the marks on the x axis; None chooses.
        baseline: a faint horizontal line, such as chance or zero.
        size: width and height in inches (72 points each).
        standalone: a file of its own with fixed colours instead of a part of a page.

    Returns:
        An ``<svg>`` element (with an XML declaration when ``standalone``).

    Raises:
        InvalidArgument: no line, or coordinates of different lengths.
    """
    if not series:
        raise InvalidArgument("a plot needs at least one line")
    for line in series:
        if len(line.x) != len(line.y):
            raise InvalidArgument(f"line {line.name!r} has {len(line.x)} x values and {len(line.y)} y values")
    with _figure(size) as (figure, axes):
        handles = [_draw_line(axes, line, n) for n, line in enumerate(series)]
        if baseline is not None:
            axes.axhline(baseline, color=_FAINT, linewidth=1, zorder=0)
        if log_x:
            axes.set_xscale("log")
        if log_y:
            axes.set_yscale("log")
        if ticks is not None:
            axes.set_xticks(list(ticks), [f"{tick:g}" for tick in ticks])
            axes.minorticks_off()
        _finish(figure, axes, x_label, y_label, handles, [line.name for line in series])
        return _svg(figure, description, standalone)


def bar_plot(
    groups: Sequence[str],
    series: Sequence[Bars],
    *,
    value_label: str,
    description: str,
    baseline: float | None = None,
    horizontal: bool = True,
    size: tuple[float, float] | None = None,
    standalone: bool = False,
) -> str:
    """Bars in groups, with whiskers for intervals.

    Args:
        groups: names of the n groups.
        series: colours of bars, each with n values.
        value_label: of the axis of values, with its unit.
        description: what the plot shows, in a sentence.
        baseline: a faint line at a value, such as chance.
        horizontal: bars grow to the right (long names stay readable); False: upwards.
        size: width and height in inches; None fits the number of bars.
        standalone: as in :func:`line_plot`.

    Returns:
        An ``<svg>`` element.

    Raises:
        InvalidArgument: nothing to draw, or a series without one value for each group.
    """
    if not groups or not series:
        raise InvalidArgument("a bar plot needs at least one group and one series")
    for bars in series:
        if len(bars.values) != len(groups):
            raise InvalidArgument(f"bars {bars.name!r}: {len(bars.values)} values for {len(groups)} groups")
    size = size or (
        (6.4, max(1.6, 0.9 + 0.24 * len(groups) * (len(series) + 0.6))) if horizontal else (6.4, 3.9)
    )
    with _figure(size) as (figure, axes):
        thick = 0.8 / len(series)
        handles = [_draw_bars(axes, bars, n, thick, horizontal) for n, bars in enumerate(series)]
        middle = [g + thick * (len(series) - 1) / 2 for g in range(len(groups))]
        names = [_plain(group) for group in groups]
        if horizontal:
            axes.set_yticks(middle, names)
            axes.invert_yaxis()
        else:
            axes.set_xticks(middle, names)
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set_parse_math(False)
        if baseline is not None:
            (axes.axvline if horizontal else axes.axhline)(baseline, color=_FAINT, linewidth=1, zorder=3)
        labels = (value_label, "") if horizontal else ("", value_label)
        axes.grid(axis="y" if horizontal else "x", visible=False)
        named = [bars.name for bars in series] if len(series) > 1 or series[0].name else []
        _finish(figure, axes, *labels, handles, named)
        return _svg(figure, description, standalone)


def _draw_line(axes: Any, line: Line, place: int) -> Any:
    number = place if line.color is None else line.color
    color = COLORS[number % len(COLORS)]
    points = [i for i, y in enumerate(line.y) if math.isfinite(y)]
    x = [line.x[i] for i in points]
    style = (0, (5, 2)) if line.dashed else _DASHES[number // len(COLORS) % len(_DASHES)]
    (handle,) = axes.plot(
        x, [line.y[i] for i in points], color=color, linewidth=1.8, linestyle=style,
        marker="o" if line.marks else None, markersize=4,
    )  # fmt: skip
    if line.low is not None and line.high is not None:
        low, high = [line.low[i] for i in points], [line.high[i] for i in points]
        axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    return handle


def _draw_bars(axes: Any, bars: Bars, place: int, thick: float, horizontal: bool) -> Any:
    number = place if bars.color is None else bars.color
    there = [g for g, value in enumerate(bars.values) if math.isfinite(value)]
    where = [g + place * thick for g in there]
    values = [bars.values[g] for g in there]
    draw = axes.barh if horizontal else axes.bar
    handle = draw(where, values, thick * 0.92, color=COLORS[number % len(COLORS)], linewidth=0)
    if bars.low is not None and bars.high is not None and there:
        down = [max(0.0, bars.values[g] - bars.low[g]) for g in there]
        up = [max(0.0, bars.high[g] - bars.values[g]) for g in there]
        x, y, errors = (values, where, "xerr") if horizontal else (where, values, "yerr")
        axes.errorbar(
            x, y, **{errors: [down, up]}, fmt="none", ecolor=_INK, elinewidth=1, capsize=2.5, zorder=4
        )
    return handle


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[tuple[Any, Any]]:
    """A figure with one pair of axes; matplotlib's settings are those of this module meanwhile."""
    matplotlib = import_extra("matplotlib", "stats", "a figure")
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none", "svg.hashsalt": "lookalike", "font.size": 10, "text.color": _INK,
        "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "axes.edgecolor": _FAINT,
    }  # fmt: skip
    with _DRAWING, matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # glyphs that the measuring font lacks: the browser has them
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=_FAINT, alpha=0.3, linewidth=0.7)
        axes.set_axisbelow(True)
        yield figure, axes


def _finish(
    figure: Any, axes: Any, x_label: str, y_label: str, handles: Sequence[Any], names: Sequence[str]
) -> None:
    axes.set_xlabel(_plain(x_label), parse_math=False)
    axes.set_ylabel(_plain(y_label), parse_math=False)
    if len(names) < 1:
        return
    columns = 1 if max(len(name) for name in names) > 34 else 2 if len(names) > 1 else 1
    legend = figure.legend(
        list(handles), [_plain(name) for name in names], loc="outside lower center", ncols=columns,
        frameon=False, fontsize=9, handlelength=2.4,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def _plain(text: str) -> str:
    """One printable line; a leading underscore would hide the entry from matplotlib's legends."""
    text = printable(text)
    return "\u200b" + text if text.startswith("_") else text


def _svg(figure: Any, description: str, standalone: bool) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=not standalone, metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue()
    body = drawn[drawn.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<defs>\s*</defs>", "", body, flags=re.S)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r'\bstyle="([^"]*)"', lambda found: _attributes(found[1]), body)
    mark = "p" + hashlib.sha256(body.encode()).hexdigest()[:8]  # ids are shared by all drawings of a page
    body = re.sub(r'(\bid="|href="#|url\(#)', lambda found: found[1] + mark, body)
    if not standalone:
        for color, variable in zip(COLORS, _VARIABLES, strict=True):
            body = body.replace(f'"{color}"', f'"var({variable}, {color})"')
        body = body.replace(f'"{_INK}"', '"currentColor"')
    inner = body[body.index(">") + 1 :]
    width, height = (72 * length for length in figure.get_size_inches())
    head = (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" stroke-linejoin="round" font-family="{_FONT}">'
        f"<title>{escape(printable(description))}</title>"
    )
    if standalone:
        sized = head.replace(' viewBox="', f' width="{width:g}pt" height="{height:g}pt" viewBox="')
        return '<?xml version="1.0" encoding="utf-8"?>\n' + sized + inner
    return head + inner


def _attributes(style: str) -> str:
    """What stood in a ``style`` attribute, as SVG attributes; the font's family is that of the whole drawing."""
    made = []
    for part in style.split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font":
            found = re.search(r"([\d.]+)px", value)
            name, value = "font-size", found[1] if found else "10"
        if name and name != "font-family":
            made.append(f'{name}="{value}"')
    return " ".join(made)
