"""Sheets of pictures: where people agree most and least (figure 4), and where a machine and people part."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lookalike.reports.models import Picture
from lookalike.reports.study_page import ItemView, OptionView, SheetView, StudySection
from lookalike.reports.text import plural
from lookalike.reports.vote_text import short_names

if TYPE_CHECKING:
    from lookalike.studies.analysis import StudyResult
    from lookalike.studies.analysis.machines import Division

SHOWN = 12
MOST_OPTIONS = 12


def agreement_sheets(result: StudyResult, picture: Callable[[str], Picture]) -> StudySection | None:
    """The items with the most and the least agreement, of those with the most answers; None without choices."""
    found = result.figures.agreement
    if found is None or found.modal_share is None:
        return None
    # With two votes nearly everything is unanimous: items with many votes are worth looking at.
    enough = found.votes >= max(2, int(np.median(found.votes[found.votes >= 2])))
    rows = np.flatnonzero(enough)
    least = rows[np.lexsort((-found.votes[rows], found.items[rows]))]
    most = rows[np.lexsort((-found.votes[rows], -found.items[rows]))]
    half = max(1, min(SHOWN, len(rows) // 2))
    return StudySection(
        "Where people agree, and where they do not",
        "Items with the most and with the least agreement, among those with at least as many answers as usual.",
        sheets=[
            SheetView("Most agreed", [_item(result, int(n), picture) for n in most[:half]]),
            SheetView("Least agreed", [_item(result, int(n), picture) for n in least[:half]]),
        ],
    )


def division_sheets(result: StudyResult, picture: Callable[[str], Picture]) -> StudySection | None:
    """The items on which each machine contradicts a clear majority; None without machines that choose."""
    machines = [one for one in result.machines if one.chosen is not None]
    if not machines:
        return None
    names = short_names([one.name for one in machines])
    return StudySection(
        "Which items divide people and machines",
        "At least 70 % of three people or more chose one option, the machine another: the clearest majorities first.",
        sheets=[
            SheetView(
                names[one.name]
                + (f", the clearest of {len(one.divisions)}" if len(one.divisions) > SHOWN else ""),
                [_item(result, found.item, picture, found) for found in one.divisions[:SHOWN]],
                empty="It contradicts no clear majority.",
            )
            for one in machines
        ],
    )


def _item(
    result: StudyResult, n: int, picture: Callable[[str], Picture], division: Division | None = None
) -> ItemView:
    item = result.responses.items[n]
    votes = result.responses.votes()[n]
    mode = int(votes.argmax())
    if not item.options:  # same or different: the votes are about the two fixed images
        caption = f"{item.set or item.id}: {votes[1]} same, {votes[0]} different"
        return ItemView([picture(content) for content in item.fixed], (), caption)
    options = []
    shown = sorted(range(len(item.options)), key=lambda k: -votes[k])[:MOST_OPTIONS]
    for k in sorted(shown):
        marks = []
        if k == mode:
            marks.append(("People", "good"))
        if division is not None and k == division.machine:
            marks.append(("Machine", "bad"))
        if k == item.right:
            marks.append(("Right", ""))
        options.append(OptionView(picture(item.options[k]), int(votes[k]), marks))
    share = votes.max() / votes.sum()
    caption = f"{item.set + ', ' if item.set else ''}{plural(int(votes.sum()), 'answer')}, {share:.0%} agree"
    return ItemView([picture(content) for content in item.fixed], options, caption)
