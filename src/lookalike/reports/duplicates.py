"""The duplicates page: what to keep and what to drop, side by side, and where the line was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lookalike.errors import printable
from lookalike.reports import text
from lookalike.reports.histogram import histogram_svg
from lookalike.reports.models import DuplicateGroupView, Picture, ProblemView, ThresholdView
from lookalike.reports.problems import shorten
from lookalike.reports.render import page

APPLY_TEXT = (
    "Nothing has been moved. With --apply FOLDER, lookalike moves every picture marked Drop into FOLDER, "
    "keeps those marked Keep where they are, deletes nothing, and --undo brings everything back."
)


def duplicates_page(
    title: str,
    groups: Sequence[DuplicateGroupView],
    *,
    threshold: ThresholdView | None = None,
    apply_text: str = APPLY_TEXT,
    note: str = "",
    problems: Sequence[ProblemView] = (),
) -> str:
    """A page with each group of duplicates: the picture to keep on one side, the others on the other.

    Args:
        title: heading of the page.
        groups: in the order to show.
        threshold: the line between near-duplicate and different, drawn into a histogram of the
            nearest-neighbour distances; None when only identical files were looked for.
        apply_text: what moving the duplicates would do (or did).
        note: one line: encoder, number of images, time.
        problems: files that could not be used.

    Returns:
        A complete HTML document that needs no network.
    """
    dropped = [picture for group in groups for picture, _ in group.drop]
    sizes = [picture.bytes for picture in dropped if picture.bytes is not None]
    return page(
        "duplicates.html.j2",
        title=title,
        note=note,
        styles=("base.css", "pictures.css", "groups.css"),
        scripts=("viewer.js",),
        groups=[group_context(group, f"Group {n}") for n, group in enumerate(groups, 1)],
        dropped=len(dropped),
        freed=text.file_size(sum(sizes)) if sizes and len(sizes) == len(dropped) else "",
        exact=sum(group.kind == "exact" for group in groups),
        threshold=_threshold_context(threshold),
        apply_text=printable(apply_text),
        **shorten(problems),
    )


def group_context(group: DuplicateGroupView, title: str) -> dict[str, Any]:
    """One group as the template's ``duplicate_group`` macro takes it."""
    return {
        "title": title,
        "keep": group.keep,
        "kind": group.kind,
        "reason": group.reason,
        "drop": [
            {"picture": picture, "distance": value, "facts": compare(picture, group.keep)}
            for picture, value in group.drop
        ],
    }


def compare(dropped: Picture, kept: Picture) -> list[dict[str, str]]:
    """The facts of ``dropped``, each marked "better", "worse" or "same" than those of ``kept``."""
    marks: dict[str, str] = {}
    if dropped.pixels and kept.pixels:
        marks[text.pixel_count(dropped.pixels)] = _mark(dropped.pixels, kept.pixels)
    if dropped.bytes is not None and kept.bytes is not None:
        marks[text.file_size(dropped.bytes)] = _mark(dropped.bytes, kept.bytes)
    return [{"text": fact, "mark": marks.get(fact, "same")} for fact in text.facts(dropped)]


def _mark(value: int, reference: int) -> str:
    return "same" if value == reference else "better" if value > reference else "worse"


def _threshold_context(threshold: ThresholdView | None) -> dict[str, Any] | None:
    if threshold is None:
        return None
    return {
        "value": text.distance(threshold.value),
        "explanation": printable(threshold.explanation),
        "histogram": histogram_svg(threshold.distances, threshold.value),
    }
