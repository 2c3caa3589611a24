"""The contact sheet: what a search found, as a wall of pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lookalike.reports.models import HitView, Picture, ProblemView
from lookalike.reports.problems import shorten
from lookalike.reports.render import page


def contact_sheet(
    title: str,
    queries: Sequence[Picture],
    hits: Sequence[HitView],
    note: str = "",
    *,
    text: str = "",
    negatives: Sequence[Picture] = (),
    problems: Sequence[ProblemView] = (),
) -> str:
    """A page with the queries on top and the hits below, best first, in justified rows.

    Args:
        title: heading of the page.
        queries: the pictures that were searched with (none for a search by text).
        hits: what was found, in the order to show.
        note: one line on how it was found: engine, exact or approximate, encoder, time.
        text: the words that were searched for, if any.
        negatives: pictures that the hits should be unlike.
        problems: queries or files that could not be used.

    Returns:
        A complete HTML document that needs no network.
    """
    finite = [hit.distance for hit in hits if math.isfinite(hit.distance)]
    return page(
        "contact.html.j2",
        title=title,
        note=note,
        styles=("base.css", "pictures.css"),
        scripts=("viewer.js",),
        queries=queries,
        negatives=negatives,
        text=text,
        hits=hits,
        largest=max(finite, default=0.0),
        nearest=min(finite, default=0.0),
        **shorten(problems),
    )
