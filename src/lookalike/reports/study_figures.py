"""Plots of a study's report."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from lookalike.errors import MissingDependency
from lookalike.reports.forest import ForestLine, ForestRow, forest_plot
from lookalike.reports.vote_text import percent, short_names

if TYPE_CHECKING:
    from lookalike.studies.analysis import Figures, StudyResult


def study_figures(result: StudyResult, *, standalone: bool = True) -> dict[str, str]:
    """The plots by name: ``accuracy``, ``agreement`` (figure 5a), ``agreement_correct`` (5b), ``machines``, as far as
    the study has such answers.

    Raises:
        MissingDependency: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise MissingDependency("matplotlib", "stats", "the plots of a study's report")
    figures, found = result.figures, {}
    if figures.accuracy:
        found["accuracy"] = _accuracy_plot(figures, standalone)
    if figures.agreement is not None and figures.agreement.distribution:
        found["agreement"] = _distribution_plot(figures, standalone)
    if figures.agreement_correct is not None:
        found["agreement_correct"] = _correct_plot(result, standalone)
    if any(one.answers is not None for one in result.machines):
        found["machines"] = _machines_plot(result, standalone)
    return found


def _accuracy_plot(figures: Figures, standalone: bool) -> str:
    rows = [
        ForestRow(
            f"{g.name or '(no group)'}  {percent(g.accuracy.value)}",
            g.accuracy.value,
            g.accuracy.low,
            g.accuracy.high,
        )
        for g in figures.accuracy
    ]
    lines = [ForestLine("chance", figures.accuracy[0].chance)]
    return forest_plot(rows, lines, description="Accuracy of people by group of items", standalone=standalone)


def _distribution_plot(figures: Figures, standalone: bool) -> str:
    from lookalike.reports.plots import Bars, bar_plot

    assert figures.agreement is not None
    shown = list(figures.agreement.distribution)
    while len(shown) > 1 and shown[0][1] == 0:  # nobody agrees less than chance forces them to
        shown.pop(0)
    total = sum(count for _, count in shown)
    return bar_plot(
        [label for label, _ in shown], [Bars("", [100 * count / total for _, count in shown])],
        value_label="items, %", description="Share of items by how many people gave the most frequent answer",
        standalone=standalone,
    )  # fmt: skip


def _correct_plot(result: StudyResult, standalone: bool) -> str:
    from lookalike.reports.plots import Line, line_plot
    from lookalike.studies.analysis.figures import correct_by_item

    agreement = result.figures.agreement
    assert agreement is not None
    chosen = result.responses.select(result.responses.chosen >= 0)
    correct = correct_by_item(chosen)
    known = np.isfinite(correct)
    place = np.round(agreement.items[known] * 20) / 20
    levels = np.unique(place)
    means = [100 * float(correct[known][place == level].mean()) for level in levels]
    return line_plot(
        [Line("mean of items", [100 * float(level) for level in levels], means, marks=True)],
        x_label="agreement on the item, %", y_label="right answers, %",
        description="Share of right answers by agreement among people", standalone=standalone,
    )  # fmt: skip


def _machines_plot(result: StudyResult, standalone: bool) -> str:
    names = short_names([one.name for one in result.machines])
    known = sorted(
        ((one.name, one.answers) for one in result.machines if one.answers is not None),
        key=lambda one: -one[1].value,
    )
    rows = [ForestRow(f"{names[name]}  {percent(e.value)}", e.value, e.low, e.high) for name, e in known]
    ceilings = result.figures.ceilings
    choices = result.responses.choices[
        result.responses.choices > 0
    ]  # 0: a number, words, or any image at all
    lines = [ForestLine("chance", float(np.mean(1 / choices)))] if len(choices) else []
    if ceilings is not None and ceilings.leave_one_out is not None and ceilings.modal is not None:
        lines += [
            ForestLine("one person", ceilings.leave_one_out.value),
            ForestLine("always the most frequent", ceilings.modal.value),
        ]
    return forest_plot(
        rows, lines, description="Share of single answers that each machine gives", standalone=standalone
    )
