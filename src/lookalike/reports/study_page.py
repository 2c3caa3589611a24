"""The page of `lookalike study report`: sections of tables, plots and sheets of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lookalike.errors import printable
from lookalike.reports.models import Picture
from lookalike.reports.render import page
from lookalike.reports.votes import VotePlot, VoteTable


@dataclass(frozen=True, slots=True)
class OptionView:
    """One option of an item.

    Attributes:
        picture: what was shown.
        votes: how many chose it.
        marks: short words on it: ("People", "good"), ("Machine", "bad"), ("Right", "").
    """

    picture: Picture
    votes: int
    marks: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item with what people chose; ``fixed`` are the images that were always shown."""

    fixed: Sequence[Picture]
    options: Sequence[OptionView]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class SheetView:
    """A named sheet of items; ``empty`` is said where there are none."""

    name: str
    items: Sequence[ItemView]
    empty: str = "There are none."


@dataclass(frozen=True, slots=True)
class StudySection:
    """One part of the page."""

    title: str
    text: str = ""
    tables: Sequence[VoteTable] = ()
    plots: Sequence[VotePlot] = ()
    sheets: Sequence[SheetView] = ()
    notes: Sequence[str] = field(default=())


def study_page(
    title: str,
    sections: Sequence[StudySection],
    *,
    note: str = "",
    facts: Sequence[tuple[str, str]] = (),
    lead: str = "",
    warning: str = "",
) -> str:
    """A page about a study.

    Args:
        title: heading of the page.
        sections: in the order to show.
        note: one line below the heading.
        facts: (figure, what it counts) pairs below it.
        lead: the main result, in a sentence or two.
        warning: what nobody may overlook, such as simulated answers.

    Returns:
        A complete HTML document that needs no network.
    """
    from markupsafe import Markup

    return page(
        "study_report.html.j2",
        title=title,
        note=printable(note),
        lead=printable(lead),
        warning=printable(warning),
        facts=[(printable(figure), printable(what)) for figure, what in facts],
        styles=("base.css", "pictures.css", "bench_votes.css", "study_report.css"),
        scripts=("viewer.js",),
        sections=[_section(section, Markup) for section in sections],
    )


def _section(section: StudySection, markup: Any) -> dict[str, Any]:
    return {
        "title": printable(section.title),
        "text": printable(section.text),
        "tables": [_table(table) for table in section.tables],
        "plots": [{"svg": markup(plot.svg), "caption": printable(plot.caption)} for plot in section.plots],
        "sheets": [
            {
                "name": printable(sheet.name),
                "entries": [_item(one) for one in sheet.items],
                "empty": sheet.empty,
            }
            for sheet in section.sheets
        ],
        "notes": [printable(text) for text in section.notes],
    }


def _table(table: VoteTable) -> dict[str, Any]:
    words = table.text_columns
    return {
        "columns": [{"text": printable(name), "words": n in words} for n, name in enumerate(table.header)],
        "rows": [
            {
                "name": printable(row[0]),
                "cells": [{"text": printable(cell), "words": n in words} for n, cell in enumerate(row) if n],
                "quiet": place in table.quiet,
            }
            for place, row in enumerate(table.rows)
        ],
        "caption": printable(table.caption),
    }


def _item(view: ItemView) -> dict[str, Any]:
    most = max((option.votes for option in view.options), default=0)
    options = [
        {
            "picture": option.picture,
            "votes": option.votes,
            "most": most,
            "marks": [{"text": printable(text), "kind": kind} for text, kind in option.marks],
        }
        for option in view.options
    ]
    return {"fixed": list(view.fixed), "options": options, "caption": printable(view.caption)}
