"""Rows of a table of judgments with their images and votes, as a page to look through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lookalike.reports.models import Picture
from lookalike.reports.render import page


@dataclass(frozen=True, slots=True)
class JudgedPicture:
    """One image of a row.

    Attributes:
        picture: the image.
        role: what it is in the row: "reference", "a", "left", "option 3".
        answer: what people said of it, in words ("3 of 4 votes"), or "".
        share: share of the row's votes in [0, 1] for the bar; None draws no bar.
        chosen: whether most people chose it, or it is the right answer.
    """

    picture: Picture
    role: str
    answer: str = ""
    share: float | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class JudgmentView:
    """One row: its number (counted from 1), its images, and other columns as (name, value)."""

    number: int
    pictures: Sequence[JudgedPicture]
    facts: Sequence[tuple[str, str]] = field(default=())


def judgments_page(
    title: str,
    rows: Sequence[JudgmentView],
    *,
    total: int,
    note: str = "",
    summary: Sequence[tuple[str, str]] = (),
) -> str:
    """A page with one card for each row.

    Args:
        title: heading of the page.
        rows: the rows to show, in order.
        total: how many rows the whole table has.
        note: one line on where they come from and how they were drawn.
        summary: (name, value) of a few facts about the whole table.

    Returns:
        A complete HTML document that needs no network.
    """
    return page(
        "judgments.html.j2",
        title=title,
        note=note,
        styles=("base.css", "pictures.css", "judgments.css"),
        scripts=("viewer.js",),
        rows=rows,
        total=total,
        facts=summary,
    )
