"""Explore: leaf through a gallery, search it by images, parts of images and words, filter it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from lookalike.errors import LookalikeError
from lookalike.web.api_models import LARGEST_ID
from lookalike.web.context import context_of
from lookalike.web.faults import PageError, status_of, text_for
from lookalike.web.grid import Cell, Chip, cells_of, chips_of
from lookalike.web.jobs import job_of
from lookalike.web.lanes import on_lane
from lookalike.web.names import shown_path
from lookalike.web.pages import address, render
from lookalike.web.pictures import Fractions
from lookalike.web.routes_images import RowId
from lookalike.web.searching import Finder, Ranking
from lookalike.web.snapshot import DEPTH
from lookalike.web.wishes import Wish, query_of, wish_pairs

router = APIRouter(include_in_schema=False)

PAGE = 60
"""Images that are shown before one scrolls."""

MOST_WISHES = 20
RowIds = Annotated[list[Annotated[int, Query(ge=0, le=LARGEST_ID)]], Query(max_length=MOST_WISHES)]
Handles = Annotated[list[str], Query(max_length=MOST_WISHES)]


def wish_of(
    like: RowIds = [],  # noqa: B006  (FastAPI copies it)
    unlike: RowIds = [],  # noqa: B006
    image: Handles = [],  # noqa: B006
    unlike_image: Handles = [],  # noqa: B006
    text: Annotated[str, Query(max_length=500)] = "",
    crop: Annotated[str, Query(max_length=100)] = "",
    where: Annotated[str, Query(max_length=1_000)] = "",
    combine: Literal["mean", "max"] = "mean",
) -> Wish:
    """The wish that an address spells out."""
    return Wish(
        tuple(dict.fromkeys(like)), tuple(dict.fromkeys(unlike)), tuple(dict.fromkeys(image)),
        tuple(dict.fromkeys(unlike_image)), text.strip(), _crop(crop), where.strip(), combine,
    )  # fmt: skip


WishQuery = Annotated[Wish, Depends(wish_of)]


@dataclass(frozen=True)
class Results:
    """A page of results, or the one line that says why there are none."""

    cells: list[Cell]
    ranking: Ranking | None
    more: str
    error: str = ""
    status: int = 200


@router.get("/g/{gallery}")
@on_lane("search")
def explore(request: Request, gallery: str, wish: WishQuery) -> HTMLResponse:
    """The page of a gallery."""
    context = context_of(request)
    served = context.gallery(gallery)
    found = _results(request, gallery, wish, 0)
    chips: list[Chip] = []
    try:
        chips = chips_of(context, gallery, wish)
    except PageError as error:
        found = replace(found, error=text_for(request, error), status=error.status)
    return render(
        request,
        "explore.html",
        gallery=gallery,
        status=found.status,
        wish=wish,
        wish_pairs=[pair for pair in wish_pairs(wish) if pair[0] not in ("text", "where", "combine")],
        chips=chips,
        results=found,
        takes_text=bool(served.settings.card.get("text")),
        columns=served.snapshot().columns(),
        total=len(served.snapshot()),
        problems=served.problem_count(),
        roots=context.settings.roots,
        job=job_of(context, gallery),
        upload_max_bytes=context.settings.upload_max_bytes,
    )


@router.get("/g/{gallery}/search")
@on_lane("search")
def more(
    request: Request, gallery: str, wish: WishQuery, start: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0
) -> HTMLResponse:
    """The next results, as a part for the page."""
    found = _results(request, gallery, wish, start)
    if "hx-request" not in request.headers:  # without a script "more" is a link to a page of its own
        return render(request, "more.html", gallery=gallery, results=found, start=start)
    return render(request, "grid.html", gallery=gallery, results=found, status=found.status)


@router.get("/g/{gallery}/item/{row}")
@on_lane("search")
def item(request: Request, gallery: str, row: RowId, wish: WishQuery) -> HTMLResponse:
    """One image large, with what is known of it and what can be done with it."""
    context = context_of(request)
    served = context.gallery(gallery)
    values = served.row(row)
    distance = None
    if wish.is_search:
        ranking = _ranking(request, gallery, wish)
        places = (ranking.ids == row).nonzero()[0]
        if len(places) and ranking.distances is not None:
            distance = float(ranking.distances[places[0]])
    hidden = ("thumbnail", "vector", "signature", "missing", "content", "source", "path")
    base = f"/g/{quote(gallery, safe='')}"
    template = "item_part.html" if "hx-request" in request.headers else "item.html"
    return render(
        request,
        template,
        gallery=gallery,
        row=served.snapshot().rows([row])[0],
        facts={name: value for name, value in values.items() if name not in hidden and value is not None},
        path=shown_path(values["path"], values["source"]),
        distance=distance,
        percentile=None if distance is None else served.snapshot().percentile(distance),
        more_url=address(base, like=row, where=wish.where),
        add_url=address(base, **_changed(wish, like=(*wish.like, row), crop=None)),
        less_url=address(base, **_changed(wish, unlike=(*wish.unlike, row))) if wish.is_search else "",
        compare_url=_compare_url(context.routes, gallery, wish, row),
        crop_url=address(base, like=row, where=wish.where),
    )


def _changed(wish: Wish, **changes: Any) -> dict[str, Any]:
    return query_of(replace(wish, **changes))


def _compare_url(routes: frozenset[str], gallery: str, wish: Wish, row: int) -> str:
    """To the comparison of this image with the one that was searched for, where there is exactly one."""
    if "routes_compare" not in routes or len(wish.like) + len(wish.images) != 1:
        return ""
    first = f"{gallery}:{wish.like[0]}" if wish.like else wish.images[0]
    return "" if first == f"{gallery}:{row}" else address("/compare", a=first, b=f"{gallery}:{row}")


def _ranking(request: Request, gallery: str, wish: Wish) -> Ranking:
    context = context_of(request)
    return Finder(context, context.gallery(gallery)).rank(wish, DEPTH)


def _results(request: Request, gallery: str, wish: Wish, start: int) -> Results:
    """Never raises for what a person can mend: the page then says it."""
    served = context_of(request).gallery(gallery)
    try:
        ranking = _ranking(request, gallery, wish)
    except LookalikeError as error:
        status = status_of(error)
        if status >= 500:
            raise
        return Results([], None, "", text_for(request, error), status)
    cells = cells_of(served, gallery, wish, ranking, start, PAGE, query_of(wish))
    end = start + PAGE
    more_url = ""
    if end < len(ranking.ids):
        more_url = address(f"/g/{quote(gallery, safe='')}/search", **query_of(wish), start=end)
    return Results(cells, ranking, more_url)


def _crop(text: str) -> Fractions | None:
    if not text:
        return None
    try:
        left, top, right, bottom = (min(1.0, max(0.0, float(part))) for part in text.split(","))
    except ValueError:
        raise PageError.of(400, "crop_form") from None
    if not (left < right and top < bottom):
        raise PageError.of(400, "crop_order")
    return left, top, right, bottom
