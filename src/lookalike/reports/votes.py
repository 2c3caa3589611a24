"""The page of a benchmark against people's votes: sections of tables, plots and the triplets to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lookalike.errors import printable
from lookalike.reports.models import Picture
from lookalike.reports.render import page


@dataclass(frozen=True, slots=True)
class VoteTable:
    """A table of figures: the first column names the row, the others are numbers.

    Attributes:
        header: names of the columns.
        rows: texts, as long as ``header``; (name, text) of a row that has no figures spans the rest.
        quiet: places of rows that are not the encoders' own (human ceilings, published figures).
        text_columns: places of columns that hold words instead of numbers.
        caption: one line above.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    quiet: frozenset[int] = frozenset()
    text_columns: frozenset[int] = frozenset({0})
    caption: str = ""


@dataclass(frozen=True, slots=True)
class VotePlot:
    """A plot as SVG text (made by this room, so it is trusted) with a line below it."""

    svg: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class DisagreementView:
    """One triplet on which a machine contradicts people.

    ``people`` is the side that most people found closer; ``d_a`` and ``d_b`` are the machine's distances.
    """

    reference: Picture
    a: Picture
    b: Picture
    votes_a: int
    votes_b: int
    d_a: float
    d_b: float
    people: Literal["a", "b"]


@dataclass(frozen=True, slots=True)
class VoteSection:
    """One part of the page; empty parts are not drawn. ``wide`` lets a table use the whole width."""

    title: str
    text: str = ""
    tables: Sequence[VoteTable] = ()
    plots: Sequence[VotePlot] = ()
    disagreements: Sequence[tuple[str, Sequence[DisagreementView]]] = ()
    notes: Sequence[str] = field(default=())


def votes_page(
    title: str,
    sections: Sequence[VoteSection],
    *,
    note: str = "",
    facts: Sequence[tuple[str, str]] = (),
    lead: str = "",
    citation: str = "",
) -> str:
    """A page of figures about machines and people.

    Args:
        title: heading of the page.
        sections: in the order to show.
        note: one line below the heading: the data and how they were chosen.
        facts: (figure, what it counts) pairs below it.
        lead: the main result, in a sentence or two.
        citation: BibTeX and hashes, shown as they are at the end.

    Returns:
        A complete HTML document that needs no network.
    """
    from markupsafe import Markup

    return page(
        "bench_votes.html.j2",
        title=title,
        note=printable(note),
        lead=printable(lead),
        citation=citation,
        facts=[(printable(figure), printable(what)) for figure, what in facts],
        styles=("base.css", "pictures.css", "bench_votes.css"),
        scripts=("viewer.js",),
        sections=[_section(section, Markup) for section in sections],
    )


def _section(section: VoteSection, markup: Any) -> dict[str, Any]:
    return {
        "title": printable(section.title),
        "text": printable(section.text),
        "tables": [_table(table) for table in section.tables],
        "plots": [{"svg": markup(plot.svg), "caption": printable(plot.caption)} for plot in section.plots],
        "galleries": [
            {"name": printable(name), "triplets": [_triplet(view) for view in views]}
            for name, views in section.disagreements
        ],
        "notes": [printable(text) for text in section.notes],
    }


def _table(table: VoteTable) -> dict[str, Any]:
    words = table.text_columns
    columns = [{"text": printable(name), "words": n in words} for n, name in enumerate(table.header)]
    rows = []
    for n, row in enumerate(table.rows):
        cells = [{"text": printable(cell), "words": place in words} for place, cell in enumerate(row)]
        spans = len(table.header) - len(row) + 1 if len(row) < len(table.header) else 1
        rows.append({"name": cells[0]["text"], "cells": cells[1:], "quiet": n in table.quiet, "span": spans})
    return {"columns": columns, "rows": rows, "caption": printable(table.caption)}


def _triplet(view: DisagreementView) -> dict[str, Any]:
    largest = max(view.d_a, view.d_b)
    sides = []
    for side, picture, votes, distance in (
        ("a", view.a, view.votes_a, view.d_a),
        ("b", view.b, view.votes_b, view.d_b),
    ):
        nearer = distance < (view.d_b if side == "a" else view.d_a)
        sides.append(
            {
                "picture": picture, "votes": votes, "distance": distance, "people": side == view.people,
                "machine": nearer, "largest": largest,
            }
        )  # fmt: skip
    return {"reference": view.reference, "sides": sides}
