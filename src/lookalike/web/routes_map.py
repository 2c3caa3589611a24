"""The map of a gallery: the page, its points, what colours them, their thumbnails and names."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import HTMLResponse, Response

from lookalike.web.cluster_search import newest_clusters
from lookalike.web.context import context_of
from lookalike.web.faults import PageError
from lookalike.web.findings import findings_of
from lookalike.web.map_colours import cluster_colours, colour_columns, column_colours
from lookalike.web.map_drawn import METHODS, draw, usual_method
from lookalike.web.map_points import OnMap, map_key, on_map
from lookalike.web.map_sent import compress, pack_points, sent
from lookalike.web.names import shown_path
from lookalike.web.packed import pack, packed_response
from lookalike.web.pages import render, texts_for
from lookalike.web.served_gallery import ServedGallery

router = APIRouter(include_in_schema=False)

MOST_IDS = 500
_IDS = re.compile(r"[0-9]{1,18}(,[0-9]{1,18})*")


class DrawRequest(BaseModel):
    """How to draw; None: UMAP where it is installed."""

    model_config = ConfigDict(extra="forbid")
    method: Literal["umap", "tsne", "pca"] | None = None


@router.get("/g/{name}/map")
def map_page(request: Request, name: str) -> HTMLResponse:
    """The page; its script draws the points, or has them computed first."""
    served = context_of(request).gallery(name)
    rows = served.snapshot()
    points = on_map(served, findings_of(request))
    columns = [one for one in colour_columns(served) if one != "label"]
    has_label = "label" in served.gallery.store.light_columns()
    return render(
        request, "map.html", gallery=name, count=len(rows), points=points,
        columns=[*(["label"] if has_label else []), "cluster", *columns], methods=METHODS,
    )  # fmt: skip


@router.get("/g/{name}/map/points")
def map_points(request: Request, name: str) -> Response:
    """Packed: see `pack_points`."""
    points = _points(request, context_of(request).gallery(name))
    findings, key = findings_of(request), (name, "sent", points.version)
    kept: tuple[bytes, bytes] | None = findings.result(key)
    if kept is None:
        data = pack_points(points)
        kept = data, compress(data)
        findings.put(key, kept)
    return sent(request, kept[0], compressed=kept[1])


@router.post("/g/{name}/map/draw")
def map_draw(request: Request, name: str, wanted: DrawRequest) -> dict[str, Any]:
    """Begin to compute the map; ``{"task": ...}``."""
    served = context_of(request).gallery(name)
    method = wanted.method or usual_method()
    task = findings_of(request).start(map_key(name), draw, served.gallery.location, method, apart=True)
    return {"task": task.to_dict()}


@router.get("/g/{name}/map/colour")
def map_colour(request: Request, name: str, by: Annotated[str, Query(max_length=200)]) -> Response:
    """Packed: see `Colours`; uint16 codes or float32 numbers in the order of the points."""
    served = context_of(request).gallery(name)
    points = _points(request, served)
    if by == "cluster":
        clusters = newest_clusters(findings_of(request), name)
        if clusters is None:
            raise PageError(409, "the clusters have not been looked for yet")
        colours = cluster_colours(clusters, points.ids, texts_for(request)("clusters.cluster"))
    else:
        colours = column_colours(served, by, points.ids)
    return sent(request, pack({**colours.header(by), "version": points.version}, [colours.values]))


@router.get("/g/{name}/map/thumbs")
def map_thumbs(request: Request, name: str, ids: Annotated[str, Query(max_length=10_000)]) -> Response:
    """Packed: ``{ids, sizes}``, then the JPEG files one after another; rows that are not there are left out."""
    served = context_of(request).gallery(name)
    found = served.thumbnails(_present(served, ids))
    header = {"ids": list(found), "sizes": [len(data) for data in found.values()]}
    return packed_response(header, list(found.values()))


@router.get("/g/{name}/map/rows")
def map_rows(request: Request, name: str, ids: Annotated[str, Query(max_length=10_000)]) -> dict[str, Any]:
    """Names and sizes of images: ``{"rows": [{id, name, place, label, width, height}]}``."""
    served = context_of(request).gallery(name)
    wanted = _present(served, ids)
    table = served.gallery.store.by_ids(wanted, ("id", "path", "source"))
    places = {row["id"]: shown_path(row["path"], row["source"]) for row in table.to_pylist()}
    rows = served.snapshot().rows(wanted)
    return {
        "rows": [
            {
                "id": row.id, "name": row.name, "place": places.get(row.id, row.name), "label": row.label,
                "width": row.width, "height": row.height,
            }
            for row in rows
        ]
    }  # fmt: skip


def _points(request: Request, served: ServedGallery) -> OnMap:
    points = on_map(served, findings_of(request))
    if points is None:
        raise PageError(404, "the map has not been drawn yet")
    return points


def _present(served: ServedGallery, ids: str) -> list[int]:
    if not _IDS.fullmatch(ids):
        raise PageError(400, "ids: whole numbers with commas between them")
    numbers = list(dict.fromkeys(int(one) for one in ids.split(",")))
    if len(numbers) > MOST_IDS:
        raise PageError(400, f"ids: at most {MOST_IDS} at a time")
    rows = served.snapshot()
    return [one for one in numbers if rows.has(one)]
