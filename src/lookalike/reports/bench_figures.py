"""The figures of a run over pairs, once for the page and once as files of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lookalike.benchmarks import published
from lookalike.errors import printable
from lookalike.reports.local_paths import without_folders
from lookalike.reports.plots import Bars, Line, bar_plot, line_plot

if TYPE_CHECKING:
    from lookalike.benchmarks.tll_result import Measured, PairsResult

MOST_LINES = 10
"""More lines than this cannot be told apart."""

_CURVE_POINTS = 160


def short_name(name: str) -> str:
    """A name without folders: ``onnx:/models/net.onnx + faces`` -> ``net + faces``, ``/home/me/mine`` -> ``mine``."""
    bare = re.sub(r"onnx:(?:[^+|]*/)?([^/+|]+?)\.onnx\b", r"\1", printable(name))
    return without_folders(bare) or printable(name)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Short names where they stay different, else the whole ones."""
    short = {name: short_name(name) for name in names}
    taken = list(short.values())
    return {name: value if taken.count(value) == 1 else printable(name) for name, value in short.items()}


def figures(result: PairsResult, *, standalone: bool = False) -> dict[str, str]:
    """File name without ending -> SVG; a figure whose data are missing is left out."""
    names = short_names(result.names)
    chosen = _chosen(result)
    drawn = {"recall": _recall(chosen, names, standalone)}
    for name, svg in (
        ("cosine_minus_l2", _gain(result, names, standalone)),
        ("associative_recall", _associative(chosen, names, standalone)),
        ("human_study", _conditions(result, chosen, names, standalone)),
        ("faces", _faces(result, standalone)),
    ):
        if svg:
            drawn[name] = svg
    return drawn


def _chosen(result: PairsResult) -> list[Measured]:
    """The main metric of each name; where there are too many, the best of them, in their own order."""
    main = result.main
    if len(main) <= MOST_LINES:
        return main
    best = sorted(main, key=lambda one: -one.recall.at[10].value)[:MOST_LINES]
    return [one for one in main if one in best]


def _points(count: int) -> list[int]:
    """Places 1 .. count, evenly spread on a logarithmic axis."""
    return sorted({*np.unique(np.geomspace(1, count, _CURVE_POINTS).round().astype(int)).tolist(), 1, count})


def _ticks(count: int) -> list[float]:
    return [float(k) for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if k <= count]


def _recall(chosen: Sequence[Measured], names: dict[str, str], standalone: bool) -> str:
    count = chosen[0].recall.ranking.candidates
    places = _points(count)
    lines = [
        Line(names[one.name], places, [100 * float(one.recall.curve[k - 1]) for k in places])
        for one in chosen
    ]
    chance = [100 * k / count for k in places]
    return line_plot(
        [*lines, Line("chance", places, chance, dashed=True, color=len(lines))],
        x_label="k (candidates looked at)", y_label="right image among them (%)", log_x=True, ticks=_ticks(count),
        description="Recall by the number k of candidates looked at, on a logarithmic axis.", standalone=standalone,
    )  # fmt: skip


def _gain(result: PairsResult, names: dict[str, str], standalone: bool) -> str:
    from lookalike.benchmarks.recall import recall_gain

    lines = []
    for name in result.names:
        metrics = {one.metric: one for one in result.measured if one.name == name}
        if {"cosine", "euclidean"} <= metrics.keys() and metrics["cosine"].kind == "generic":
            gain = 100 * recall_gain(metrics["cosine"].recall, metrics["euclidean"].recall)
            places = _points(len(gain))
            lines.append(Line(names[name], places, [float(gain[k - 1]) for k in places]))
    if not lines:
        return ""
    count = max(max(line.x) for line in lines)
    return line_plot(
        lines[:MOST_LINES], x_label="k", y_label="recall@k, cosine minus L2 (points)", log_x=True,
        ticks=_ticks(int(count)), baseline=0.0, standalone=standalone,
        description="Recall with cosine distance minus recall with L2 distance, by k.",
    )  # fmt: skip


def _associative(chosen: Sequence[Measured], names: dict[str, str], standalone: bool) -> str:
    lines = []
    for one in chosen:
        if one.associative:
            ms = list(one.associative)
            spread = [one.associative[m] for m in ms]
            lines.append(
                Line(
                    names[one.name], ms, [100 * s.mean for s in spread],
                    [100 * s.low for s in spread], [100 * s.high for s in spread], marks=True,
                )
            )  # fmt: skip
    if not lines:
        return ""
    paper = published.ASSOCIATIVE
    lines.append(
        Line(
            "the paper (best network)",
            list(paper),
            list(paper.values()),
            marks=True,
            dashed=True,
            color=len(lines),
        )
    )
    most = max(max(line.x) for line in lines)
    chance = [m for m in _points(int(most)) if m <= most]
    lines.append(Line("chance", chance, [100 / m for m in chance], dashed=True, color=len(lines)))
    return line_plot(
        lines, x_label="m (candidates, one of them right)", y_label="right (%)", log_x=True,
        ticks=[1, 2, 3, 4, 5, 10, 20, 50, 100], standalone=standalone,
        description="Share of left images whose right image is the nearest of m candidates, by m.",
    )  # fmt: skip


def _conditions(
    result: PairsResult, chosen: Sequence[Measured], names: dict[str, str], standalone: bool
) -> str:
    keys = list(dict.fromkeys(key for one in chosen for key in one.conditions))
    if not keys:
        return ""
    paper = {(c.subset, c.distractors): c for c in published.CONDITIONS}
    nothing = float("nan")
    best = result.best if result.best.conditions else chosen[0]
    shown = list(dict.fromkeys([chosen[0].name, best.name]))
    series = [
        Bars("people, laboratory (paper)", [paper[k].lab if k in paper else nothing for k in keys]),
        Bars("people, online (paper)", [paper[k].crowd if k in paper else nothing for k in keys]),
        Bars("machine (paper)", [paper[k].machine if k in paper else nothing for k in keys], color=7),
    ]
    for number, name in enumerate(shown):
        one = result.get(name)
        estimates = [one.conditions.get(key) for key in keys]
        series.append(
            Bars(
                names[name],
                [100 * e.value if e else nothing for e in estimates],
                [100 * e.low if e else nothing for e in estimates],
                [100 * e.high if e else nothing for e in estimates],
                color=2 + number,
            )
        )
    return bar_plot(
        [f"{subset}, {distractors}" for subset, distractors in keys], series, value_label="right of five (%)",
        baseline=20.0, standalone=standalone,
        description="Share of queries answered rightly among five options, people and machine, by condition.",
    )  # fmt: skip


def _faces(result: PairsResult, standalone: bool) -> str:
    if result.faces is None:
        return ""
    left, right, n = result.faces.left_histogram, result.faces.right_histogram, result.faces.pairs
    most = min(6, max(left))
    groups = [*(str(count) for count in range(most)), f"{most} or more" if max(left) > most else str(most)]

    def shares(histogram: dict[int, int]) -> list[float]:
        kept = [histogram.get(count, 0) for count in range(most)]
        return [100 * images / n for images in (*kept, n - sum(kept))]

    return bar_plot(
        groups, [Bars("left images", shares(left)), Bars("right images", shares(right))],
        value_label="images with so many faces (%)", standalone=standalone,
        description="How many faces the left and the right images have.",
    )  # fmt: skip
