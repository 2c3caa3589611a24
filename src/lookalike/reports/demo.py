"""The page that ``lookalike demo`` leaves: every step with its command, its result and its pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lookalike.errors import printable
from lookalike.reports import text
from lookalike.reports.clusters import cluster_context
from lookalike.reports.duplicates import group_context
from lookalike.reports.models import (
    ClusterView,
    DemoPart,
    DemoStep,
    DuplicateGroupView,
    HitStrip,
    KnownAnswer,
    MapPreview,
    PageLink,
    ProblemView,
    TableView,
)
from lookalike.reports.preview import map_preview_svg
from lookalike.reports.problems import shorten
from lookalike.reports.render import page


def demo_page(
    title: str,
    steps: Sequence[DemoStep],
    answers: Sequence[KnownAnswer] = (),
    *,
    intro: str = "",
    note: str = "",
    problems: Sequence[ProblemView] = (),
) -> str:
    """A page that tells the demonstration as a sequence of steps.

    Args:
        title: heading of the page.
        steps: in the order they ran.
        answers: what should have been found, and what was; drawn as a table at the top.
        intro: one or two sentences on what is shown and where the pictures come from.
        note: one line: version, encoder, time.
        problems: files that could not be used, listed at the end.

    Returns:
        A complete HTML document that needs no network (links to other pages are relative).
    """
    return page(
        "demo.html.j2",
        title=title,
        note=note,
        intro=printable(intro),
        styles=("base.css", "pictures.css", "groups.css", "demo.css"),
        scripts=("viewer.js",),
        steps=[_step_context(step, number) for number, step in enumerate(steps, 1)],
        answers=[_answer_context(answer) for answer in answers],
        found=sum(min(answer.found, answer.expected) for answer in answers),
        expected=sum(answer.expected for answer in answers),
        wrong=sum(answer.wrong for answer in answers),
        **shorten(problems),
    )


def _step_context(step: DemoStep, number: int) -> dict[str, Any]:
    # Tables of problems are one table, however many rows a step hands in.
    bad = [part for part in step.parts if isinstance(part, ProblemView)]
    good = [part for part in step.parts if not isinstance(part, ProblemView)]
    return {
        "number": number,
        "title": printable(step.title),
        "command": step.command,
        "text": printable(step.text),
        "seconds": "" if step.seconds is None else f"{step.seconds:.1f} s",
        "parts": [_part_context(part, number, n) for n, part in enumerate(good, 1)],
        **shorten(bad),
    }


def _part_context(part: DemoPart, step: int, number: int) -> dict[str, Any]:
    name = f"{step}-{number}"
    match part:
        case HitStrip():
            finite = [hit.distance for hit in part.hits if math.isfinite(hit.distance)]
            return {"kind": "hits", "strip": part, "largest": max(finite, default=0.0)}
        case DuplicateGroupView():
            return {"kind": "group", "id": name, "group": group_context(part, f"Group {number}")}
        case ClusterView():
            return {"kind": "cluster", "id": name, "cluster": cluster_context(part, number)}
        case MapPreview():
            return {
                "kind": "map",
                "svg": map_preview_svg(part),
                "href": text.safe_href(part.href),
                "text": part.text,
            }
        case PageLink():
            return {"kind": "link", "href": text.safe_href(part.href), "text": part.text, "note": part.note}
        case TableView():
            return {"kind": "table", "table": part}
    raise TypeError(f"a demo step cannot show a {type(part).__name__}")


def _answer_context(answer: KnownAnswer) -> dict[str, Any]:
    missed = max(0, answer.expected - answer.found)
    return {
        "what": printable(answer.what),
        "expected": answer.expected,
        "found": answer.found,
        "missed": missed,
        "wrong": answer.wrong,
        "note": printable(answer.note),
        "verdict": "all found"
        if missed == 0 and answer.wrong == 0
        else "none missed"
        if missed == 0
        else "missed some",
        "good": missed == 0 and answer.wrong == 0,
    }
