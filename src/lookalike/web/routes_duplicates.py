"""Duplicates to review side by side; what goes is moved aside, nothing is deleted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse

from lookalike.web.context import context_of
from lookalike.web.duplicate_desk import Desk, desk_of
from lookalike.web.duplicate_moves import aside_of, bring_back, decided, last_journal, move_aside
from lookalike.web.duplicate_search import DuplicateQuery, found_duplicates, start_search
from lookalike.web.faults import PageError
from lookalike.web.findings import findings_of
from lookalike.web.pages import render

router = APIRouter(include_in_schema=False)

PER_PAGE = 20
Kind = Literal["all", "exact", "near"]
Show = Literal["all", "open", "decided"]
Threshold = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
GroupKey = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Id = Annotated[int, Field(ge=0, le=2**53, strict=True)]


class Wanted(BaseModel):
    """Which duplicates are meant."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind = "all"
    threshold: Threshold | None = None

    @property
    def query(self) -> DuplicateQuery:
        """As the search takes it."""
        return DuplicateQuery.of(self.kind, self.threshold)


class Decision(Wanted):
    """Of a group, these images go."""

    group: GroupKey
    drop: Annotated[list[Id], Field(max_length=5_000)]


class Bulk(Wanted):
    """The suggestion is taken for every group that nobody has decided about."""

    what: Literal["exact", "all"]


def query_of(kind: Kind = "all", threshold: Annotated[str, Query(max_length=30)] = "") -> DuplicateQuery:
    """The query that an address spells out; an empty field of a form is none."""
    if not threshold.strip():
        return DuplicateQuery.of(kind, None)
    try:
        value = float(threshold)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 2:
        raise PageError.of(400, "threshold")
    return DuplicateQuery.of(kind, value)


@router.get("/g/{name}/duplicates")
def duplicates_page(
    request: Request,
    name: str,
    wanted: Annotated[DuplicateQuery, Depends(query_of)],
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    show: Show = "all",
) -> HTMLResponse:
    """The groups; the page's script has them looked for when that has not been done."""
    context = context_of(request)
    served = context.gallery(name)
    found = found_duplicates(findings_of(request), name, wanted)
    desk = desk_of(request, name, wanted) if found else None
    groups = desk.shown(show) if desk else []
    first = (page - 1) * PER_PAGE
    aside = context.settings.aside
    journal = last_journal(aside_of(aside, name)) if aside is not None else None
    return render(
        request, "duplicates.html", gallery=name, wanted=wanted, found=found, desk=desk, show=show, page=page,
        groups=desk.views(groups[first : first + PER_PAGE]) if desk else [], first=first, shown=len(groups),
        pages=max(1, -(-len(groups) // PER_PAGE)), can_move=aside is not None,
        moved=journal[1] if journal else 0, count=len(served.snapshot()),
    )  # fmt: skip


@router.post("/g/{name}/duplicates/find")
def find(request: Request, name: str, wanted: Wanted) -> dict[str, Any]:
    """Begin to look for duplicates; ``{"task": ...}``."""
    served = context_of(request).gallery(name)
    return {"task": start_search(findings_of(request), served, wanted.query).to_dict()}


@router.post("/g/{name}/duplicates/decide")
def decide(request: Request, name: str, decision: Decision) -> dict[str, Any]:
    """Decide about one group; ``{"changed": {group: [ids that go] or null}, "summary": ...}``."""
    desk = _desk(request, name, decision)
    desk.decide(decision.group, frozenset(decision.drop))
    return {"changed": {decision.group: sorted(decision.drop)}, "summary": desk.summary()}


@router.post("/g/{name}/duplicates/accept")
def accept(request: Request, name: str, bulk: Bulk) -> dict[str, Any]:
    """Take the suggestion for all groups that are open (or those of copies alone), in one step; as `decide`."""
    desk = _desk(request, name, bulk)
    changed = desk.accept_open(exact_only=bulk.what == "exact")
    return {"changed": changed, "summary": desk.summary()}


@router.post("/g/{name}/duplicates/undo")
def undo(request: Request, name: str, wanted: Wanted) -> dict[str, Any]:
    """Take the last step of deciding back; as `decide`."""
    desk = _desk(request, name, wanted)
    changed = desk.review.undo()
    plain = {key: None if drop is None else sorted(drop) for key, drop in changed.items()}
    return {"changed": plain, "summary": desk.summary()}


@router.post("/g/{name}/duplicates/apply")
def apply(request: Request, name: str, wanted: Wanted) -> dict[str, Any]:
    """Begin to move what was decided to go; ``{"task": ...}``."""
    context = context_of(request)
    desk = _desk(request, name, wanted)
    folder = aside_of(context.settings.aside, name)
    decisions = desk.review.decisions()
    if not decided(desk.groups, decisions):
        raise PageError.of(409, "nothing_decided")
    task = findings_of(request).start(
        (name, "moves"), move_aside, context.gallery(name), desk.groups, decisions, folder, desk.review
    )
    return {"task": task.to_dict()}


@router.post("/g/{name}/duplicates/restore")
def restore(request: Request, name: str) -> dict[str, Any]:
    """Begin to bring the files of the newest move back; ``{"task": ...}``."""
    context = context_of(request)
    served = context.gallery(name)
    folder = aside_of(context.settings.aside, name)
    if last_journal(folder) is None:
        raise PageError.of(409, "nothing_back")
    return {"task": findings_of(request).start((name, "moves"), bring_back, served, folder).to_dict()}


@router.get("/g/{name}/duplicates/report")
def report(request: Request, name: str) -> dict[str, Any]:
    """What the last move did: ``{"moved", "restored", "left": [{"name", "reason"}]}``, without folders."""
    context_of(request).gallery(name)
    return desk_report(findings_of(request).result((name, "moves")))


def desk_report(last: Any) -> dict[str, Any]:
    """Plain JSON types of a `MoveReport` or an `UndoReport` (None: nothing was done)."""
    from lookalike.web.names import shown_name

    moved = getattr(last, "moved", ())
    restored = getattr(last, "restored", ())
    left: Any = getattr(last, "not_moved", None) or getattr(last, "not_restored", ())
    return {
        "moved": len(moved),
        "restored": len(restored),
        "left": [{"name": shown_name(one.path), "reason": one.reason} for one in left[:50]],
    }


def _desk(request: Request, name: str, wanted: Wanted) -> Desk:
    context_of(request).gallery(name)
    return desk_of(request, name, wanted.query)
