"""The page of an attribute ablation: what was taken away, what it did to agreement, and how far pairs moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lookalike.errors import printable
from lookalike.reports.models import Picture
from lookalike.reports.plots import Bars, bar_plot
from lookalike.reports.render import page

if TYPE_CHECKING:
    from lookalike.benchmarks.ablation import AblationResult, AblationRow
    from lookalike.benchmarks.statistics import Estimate

SIDE_WORDS = {"one": "from one", "both": "from both"}


@dataclass(frozen=True, slots=True)
class AttributeView:
    """An attribute as the page shows it: its title, what was done, and an image without it (None: no example)."""

    name: str
    title: str
    how: str
    example: Picture | None = None


def ablation_page(
    title: str,
    results: Sequence[AblationResult],
    attributes: Sequence[AttributeView],
    *,
    original: Picture | None = None,
    failed: Mapping[str, str] | None = None,
    note: str = "",
) -> str:
    """The report of one run on one table.

    Args:
        title: heading of the page.
        results: one for each encoder that worked, on the same table and attributes.
        attributes: what was taken away, in the order of the tables.
        original: the image that the examples were made from.
        failed: encoder -> why it could not be had, in one line.
        note: one line: data, numbers, time.

    Returns:
        A complete HTML document that needs no network.
    """
    from markupsafe import Markup

    titles = {view.name: view.title for view in attributes}
    plots = [
        {"svg": Markup(svg), "caption": caption}
        for (_, caption), svg in zip(_PLOTS, ablation_plots(results, titles).values(), strict=False)
    ]
    return page(
        "bench_ablation.html.j2",
        title=title,
        note=printable(note),
        styles=("base.css", "pictures.css", "bench_ablation.css"),
        scripts=("viewer.js",),
        attributes=attributes,
        original=original,
        plots=plots,
        tables=[_table(result, titles) for result in results],
        failed=[(printable(name), printable(reason)) for name, reason in (failed or {}).items()],
    )


_PLOTS = (
    (
        "change",
        "Change of agreement when the attribute is taken away, with its 95 % paired bootstrap interval.",
    ),
    (
        "shift",
        "How far the pairs move apart (right) or together (left), in standard deviations of random pairs.",
    ),
)


def ablation_plots(
    results: Sequence[AblationResult], titles: Mapping[str, str], *, standalone: bool = False
) -> dict[str, str]:
    """SVG text by name: ``change`` (of agreement, in points) and ``shift`` (of distance); empty without results."""
    if not results:
        return {}
    names = list(dict.fromkeys(row.attribute for row in results[0].rows))
    groups = [titles.get(name, name) for name in names]
    sides = list(dict.fromkeys(row.side for row in results[0].rows))
    change, shift = [], []
    for result in results:
        for side in sides:
            rows = [result.row(name, side) for name in names]
            label = SIDE_WORDS[side] if len(results) == 1 else f"{result.encoder}, {SIDE_WORDS[side]}"
            change.append(_bars(label, [row.change for row in rows], 100.0))
            shift.append(_bars(label, [row.shift for row in rows], 1.0))
    measure = results[0].measure
    return {
        "change": bar_plot(
            groups, change, value_label=f"change of {measure}, percentage points", baseline=0.0,
            description=f"Change of {measure} by attribute taken away.", standalone=standalone,
        ),
        "shift": bar_plot(
            groups, shift, value_label="shift of distance, standard deviations", baseline=0.0,
            description="Mean shift of the distance of pairs by attribute taken away.", standalone=standalone,
        ),
    }  # fmt: skip


def ablation_rows(result: AblationResult) -> list[dict[str, Any]]:
    """One flat dictionary for each row: what the CSV holds."""
    return [
        {
            "encoder": result.encoder,
            "attribute": row.attribute,
            "side": row.side,
            **_flat("agreement", row.agreement),
            **_flat("change", row.change),
            "p": row.p,
            "p_holm": row.p_holm,
            **_flat("shift", row.shift),
            "random_shift": row.random_shift,
        }
        for row in result.rows
    ]


def ablation_cells(row: AblationRow) -> list[str]:
    """The figures of a row in words: agreement, its change, corrected p, shift, shift of random pairs."""
    _, change, interval, p = agreement_cells(row)
    shift, shift_interval, random = shift_cells(row)
    return [percent(row.agreement), f"{change} [{interval}]", p, f"{shift} [{shift_interval}]", random]


def agreement_cells(row: AblationRow) -> list[str]:
    """Agreement in percent, its change in points, the interval of the change, corrected p."""
    change = row.change
    return [
        f"{100 * row.agreement.value:.1f}",
        f"{100 * change.value:+.1f}",
        f"{100 * change.low:+.1f}, {100 * change.high:+.1f}",
        "< 0.001" if row.p_holm < 0.001 else f"{row.p_holm:.3f}",
    ]


def shift_cells(row: AblationRow) -> list[str]:
    """The shift in standard deviations, its interval, the shift of random pairs."""
    shift = row.shift
    return [
        f"{shift.value:+.2f}",
        f"{shift.low:+.2f}, {shift.high:+.2f}",
        f"{row.random_shift:+.2f}",
    ]


def percent(estimate: Estimate) -> str:
    """A share as "72.4 [68.0, 76.6]"."""
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def _bars(name: str, estimates: Sequence[Estimate], unit: float) -> Bars:
    return Bars(
        name,
        [unit * estimate.value for estimate in estimates],
        [unit * estimate.low for estimate in estimates],
        [unit * estimate.high for estimate in estimates],
    )


def _flat(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _table(result: AblationResult, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "encoder": printable(result.encoder),
        "measure": result.measure,
        "intact": percent(result.intact),
        "rows": [
            {
                "title": titles.get(row.attribute, row.attribute),
                "side": SIDE_WORDS[row.side],
                "cells": ablation_cells(row),
                "sure": row.p_holm < 0.05,
            }
            for row in result.rows
        ],
    }
