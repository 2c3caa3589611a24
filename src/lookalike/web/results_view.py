"""Figures of benchmarks as tables and forest plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lookalike.reports.forest import ForestLine, ForestRow, forest_plot
from lookalike.web.results_read import Figure, Report
from lookalike.web.texts import Texts

MOST_ROWS = 40
SIDE_BY_SIDE = ("recall_1", "recall_10", "score", "accuracy", "intact")
"""Measures that are set beside each other for all reports of a kind."""


@dataclass(frozen=True)
class Plot:
    """One measure of one report: rows of (encoder, figure), and the drawing as SVG."""

    measure: str
    title: str
    rows: list[tuple[str, Figure]]
    svg: Any


@dataclass(frozen=True)
class Group:
    """One measure over several reports: columns are reports, rows are encoders."""

    kind: str
    title: str
    reports: list[Report]
    rows: list[tuple[str, list[Figure | None]]]
    svg: Any


def measure_title(measure: str, t: Texts) -> str:
    """A measure in words."""
    key, _, value = measure.partition("_")
    return t(f"results.measure_{key}", value=value) if value else t(f"results.measure_{key}")


def plots(report: Report, t: Texts) -> list[Plot]:
    """Every measure of a report."""
    found = []
    for measure, figures in report.measures.items():
        rows = sorted(figures.items(), key=lambda row: -row[1].value)
        title = measure_title(measure, t)
        lines = _lines(report, measure, t)
        found.append(Plot(measure, title, rows, _drawn(rows, lines, f"{report.name}: {title}")))
    return found


def side_by_side(reports: Sequence[Report], t: Texts) -> list[Group]:
    """The headline measures of all reports of a kind in one table."""
    found = []
    for kind in dict.fromkeys(report.kind for report in reports):
        same = [report for report in reports if report.kind == kind]
        for measure in SIDE_BY_SIDE:
            having = [report for report in same if measure in report.measures]
            if not having:
                continue
            names = dict.fromkeys(name for report in having for name in report.measures[measure])
            rows = [(name, [report.measures[measure].get(name) for report in having]) for name in names]
            rows.sort(key=lambda row: -max(figure.value for figure in row[1] if figure))
            drawn = [
                (name if len(having) == 1 else f"{name} · {report.name}", figure)
                for name, figures in rows
                for report, figure in zip(having, figures, strict=True)
                if figure
            ]
            title = measure_title(measure, t)
            found.append(
                Group(kind, title, having, rows, _drawn(drawn, [], f"{t(f'results.kind_{kind}')}: {title}"))
            )
    return found


def _lines(report: Report, measure: str, t: Texts) -> list[ForestLine]:
    if measure.partition("_")[0] not in ("score", "accuracy"):
        return []
    return [ForestLine(t(f"results.line_{key}"), value) for key, value in report.lines.items()]


def _drawn(rows: Sequence[tuple[str, Figure]], lines: Sequence[ForestLine], description: str) -> Any:
    from markupsafe import Markup

    drawn = [ForestRow(name, one.value, one.low, one.high) for name, one in rows[:MOST_ROWS]]
    return Markup(forest_plot(drawn, lines, description=description)) if drawn else ""


def shown(figure: Figure | None) -> str:
    """A share in per cent."""
    return "–" if figure is None else f"{100 * figure.value:.1f} %"


def ends(figure: Figure | None) -> str:
    """An interval in per cent; "" for none."""
    if figure is None or not (math.isfinite(figure.low) and math.isfinite(figure.high)):
        return ""
    return f"{100 * figure.low:.1f} – {100 * figure.high:.1f}"
