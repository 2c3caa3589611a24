"""Clusters of a gallery: what they are, their members, and looking for them anew."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse

from lookalike.gallery.clusters import Cluster
from lookalike.web.cluster_search import ClusterQuery, found_clusters, start_search
from lookalike.web.context import context_of
from lookalike.web.faults import PageError
from lookalike.web.findings import findings_of
from lookalike.web.pages import render
from lookalike.web.served_gallery import ServedGallery

router = APIRouter(include_in_schema=False)

PER_PAGE = 24
SHOWN = 10
MEMBERS = 120
MOST = 100_000

Method = Literal["hdbscan", "kmeans"]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


class FindRequest(BaseModel):
    """How to look for clusters."""

    model_config = ConfigDict(extra="forbid")
    method: Method = "hdbscan"
    k: Annotated[int, Field(ge=1, le=MOST)] | None = None
    min_size: Annotated[int, Field(ge=2, le=MOST)] | None = None


def query_of(method: Method = "hdbscan", k: str = "", min_size: str = "") -> ClusterQuery:
    """The query that an address spells out; empty fields of a form are none."""
    return ClusterQuery.of(method, _number(k, "k", 1), _number(min_size, "min_size", 2))


Wanted = Annotated[ClusterQuery, Depends(query_of)]


@router.get("/g/{name}/clusters")
def clusters_page(request: Request, name: str, wanted: Wanted, page: PageNumber = 1) -> HTMLResponse:
    """A card for each cluster; the page's script has them looked for when that has not been done."""
    served = context_of(request).gallery(name)
    found = found_clusters(findings_of(request), name, wanted)
    clusters = found.clusters.clusters if found else ()
    first = (page - 1) * PER_PAGE
    rows = served.snapshot()
    cards = [
        {"cluster": one, "rows": rows.rows(one.ids[: SHOWN + 1])}
        for one in clusters[first : first + PER_PAGE]
    ]
    return render(
        request, "clusters.html", gallery=name, wanted=wanted, found=found, cards=cards, page=page,
        pages=max(1, -(-len(clusters) // PER_PAGE)), count=len(rows),
        stale=found is not None and found.version != rows.version,
    )  # fmt: skip


@router.get("/g/{name}/clusters/{number}")
def cluster_page(
    request: Request,
    name: str,
    number: Annotated[int, Path(ge=1, le=MOST)],
    wanted: Wanted,
    page: PageNumber = 1,
) -> HTMLResponse:
    """All members of a cluster, nearest to the medoid first."""
    served = context_of(request).gallery(name)
    cluster = _cluster(request, served, wanted, number)
    first = (page - 1) * MEMBERS
    return render(
        request, "cluster.html", gallery=name, wanted=wanted, cluster=cluster, page=page,
        rows=served.snapshot().rows(cluster.ids[first : first + MEMBERS]),
        pages=max(1, -(-cluster.size // MEMBERS)),
    )  # fmt: skip


@router.post("/g/{name}/clusters/find")
def find(request: Request, name: str, wanted: FindRequest) -> dict[str, Any]:
    """Begin to look for clusters; ``{"task": ...}``."""
    served = context_of(request).gallery(name)
    query = ClusterQuery.of(wanted.method, wanted.k, wanted.min_size)
    return {"task": start_search(findings_of(request), served, query).to_dict()}


def _cluster(request: Request, served: ServedGallery, wanted: ClusterQuery, number: int) -> Cluster:
    found = found_clusters(findings_of(request), served.name, wanted)
    if found is None:
        raise PageError.of(404, "clusters_gone")
    if number > len(found.clusters.clusters):
        raise PageError.of(404, "no_cluster", count=len(found.clusters.clusters))
    return found.clusters.clusters[number - 1]


def _number(text: str, what: str, least: int) -> int | None:
    if not text.strip():
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= MOST):
        raise PageError.of(400, "whole_number", what=what, least=least, most=f"{MOST:,}")
    return int(text)
