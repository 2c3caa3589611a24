"""Files that could not be indexed, and why."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from lookalike.errors import printable
from lookalike.web.context import context_of
from lookalike.web.names import shown_path
from lookalike.web.pages import render

router = APIRouter(include_in_schema=False)

PER_PAGE = 200
KINDS = (
    "ImageNotFound", "ImageUnreadable", "ImageEmpty", "NotAnImage", "ImageTruncated", "ImageTooLarge",
)  # fmt: skip
"""Kinds that have a name in the texts."""


@router.get("/g/{name}/problems")
def problems_page(
    request: Request,
    name: str,
    kind: Annotated[str, Query(max_length=80)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """A table of the bad files, of one kind or of all."""
    served = context_of(request).gallery(name)
    rows = sorted(served.gallery.problems().to_pylist(), key=lambda row: (row["kind"], row["path"]))
    kinds = Counter(row["kind"] for row in rows)
    chosen = [row for row in rows if not kind or row["kind"] == kind]
    first = (page - 1) * PER_PAGE
    shown = [
        {
            "place": shown_path(row["path"], row["source"]),
            "kind": row["kind"],
            "reason": reason_of(row["reason"], row["path"], row["source"]),
        }
        for row in chosen[first : first + PER_PAGE]
    ]
    return render(
        request, "problems.html", gallery=name, rows=shown, kinds=kinds.most_common(), kind=kind,
        known_kinds=KINDS, total=len(rows), count=len(chosen), page=page, pages=max(1, -(-len(chosen) // PER_PAGE)),
    )  # fmt: skip


def reason_of(reason: str, path: str, source: str) -> str:
    """The reason without the server's own folders."""
    return printable(reason.replace(path, shown_path(path, source)))
