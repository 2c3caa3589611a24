"""The REST API: the calls of the library over HTTP, described at /api and /api/openapi.json."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse

from lookalike.encoders import DEFAULT_ENCODER
from lookalike.errors import InvalidArgument
from lookalike.web.api_models import (
    ApiHit,
    CompareAnswer,
    CompareRequest,
    ExplainAnswer,
    ExplainRequest,
    Failure,
    GalleryBrief,
    GalleryStatus,
    JobAnswer,
    JobRequest,
    SearchAnswer,
    SearchRequest,
)
from lookalike.web.context import AppContext, Glance, context_of
from lookalike.web.faults import PageError
from lookalike.web.jobs import job_by_id, job_dict, job_of, start_job
from lookalike.web.lanes import on_lane
from lookalike.web.machines import machines
from lookalike.web.pages import render
from lookalike.web.pictures import picture_of
from lookalike.web.searching import Finder
from lookalike.web.wishes import Wish

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": text}
    for status, text in {
        400: "the request makes no sense as it is",
        401: "a token is needed",
        403: "the header X-Lookalike: 1 is missing",
        404: "there is no such thing",
        409: "not now",
        413: "too long",
        415: "the body is not JSON",
        422: "the request has another shape",
        429: "too many requests",
        503: "the server is busy; try again",
    }.items()
}
router = APIRouter(prefix="/api", responses=FAILURES)
GalleryName = Annotated[str, Path(max_length=80)]


@router.get("", include_in_schema=False)
def described(request: Request) -> HTMLResponse:
    """The calls, as a page."""
    document = request.app.openapi()
    calls = [
        {"method": method.upper(), "path": path, **operation}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/api")
    ]
    context = context_of(request)
    return render(
        request, "api.html", calls=calls, base=str(request.base_url).rstrip("/"),
        example=next(iter(context.settings.galleries), "GALLERY"), needs_token=context.settings.token is not None,
    )  # fmt: skip


@router.get("/galleries", tags=["galleries"])
def galleries(request: Request) -> list[GalleryBrief]:
    """The galleries that are served."""
    context = context_of(request)
    return [_brief(context.glance(name)) for name in context.settings.galleries]


@router.get("/galleries/{gallery}/status", tags=["galleries"])
def status(request: Request, gallery: GalleryName) -> GalleryStatus:
    """A gallery: images, columns for filters, and whether it is being indexed."""
    context = context_of(request)
    served = context.gallery(gallery)
    job = job_of(context, gallery)
    return GalleryStatus(
        **_brief(context.glance(gallery)).model_dump(),
        storage=served.settings.storage,
        dim=served.settings.dim,
        text=bool(served.settings.card.get("text")),
        columns=served.snapshot().columns(),
        exact=served.snapshot().in_memory,
        roots=len(context.settings.roots),
        job=JobAnswer(**job_dict(job)) if job else None,
    )


@router.post("/galleries/{gallery}/search", tags=["galleries"])
@on_lane("search")
def search(request: Request, gallery: GalleryName, body: SearchRequest) -> SearchAnswer:
    """Find what looks alike."""
    context = context_of(request)
    served = context.gallery(gallery)
    if body.crop is not None and not (body.crop[0] < body.crop[2] and body.crop[1] < body.crop[3]):
        raise InvalidArgument("crop: the left must be left of the right, the top above the bottom")
    wish = Wish(
        like=tuple(dict.fromkeys(body.ids)),
        unlike=tuple(dict.fromkeys(body.negative_ids)),
        images=tuple(dict.fromkeys(body.images)),
        unlike_images=tuple(dict.fromkeys(body.negative_images)),
        text=body.text.strip(),
        crop=body.crop,
        where=body.where.strip(),
        combine=body.combine,
    )
    if not wish.is_search:
        raise InvalidArgument(
            "there is nothing to search for; give ids, images or, for some encoders, a text"
        )
    ranking = Finder(context, served).rank(wish)
    snapshot = served.snapshot()
    assert ranking.distances is not None
    distances = dict(zip(ranking.ids.tolist(), ranking.distances.tolist(), strict=True))
    hits = [
        ApiHit(
            rank=place, id=row.id, name=row.name, label=row.label, distance=distances[row.id],
            percentile=snapshot.percentile(distances[row.id]), thumbnail=f"/g/{gallery}/image/{row.id}",
        )
        for place, row in enumerate(snapshot.rows(ranking.ids[: body.k]), start=1)
        if body.max_distance is None or distances[row.id] <= body.max_distance
    ]  # fmt: skip
    return SearchAnswer(
        hits=hits, exact=ranking.exact, searched=ranking.searched, seconds=round(ranking.seconds, 6)
    )


@router.post("/galleries/{gallery}/jobs", status_code=202, tags=["jobs"])
def index(request: Request, gallery: GalleryName, body: JobRequest) -> JobAnswer:
    """Index one of the folders that the server was started with (`--root`), by its place in that list."""
    return JobAnswer(**job_dict(start_job(context_of(request), gallery, body.root)))


@router.get("/jobs/{job}", tags=["jobs"])
def job_status(request: Request, job: Annotated[str, Path(max_length=40)]) -> JobAnswer:
    """How far a run of indexing is."""
    return JobAnswer(**job_dict(job_by_id(context_of(request), job)))


@router.post("/compare", tags=["pairs"])
@on_lane("slow")
def compare(request: Request, body: CompareRequest) -> CompareAnswer:
    """How far apart two pictures are, for each encoder."""
    from lookalike.similarity import compare as compare_pair

    context = context_of(request)
    known = encoders_by_name(context)
    wanted = {name: _spec(name, known) for name in body.encoders or known}
    a, b = picture_of(context, body.a), picture_of(context, body.b)
    distances: dict[str, float] = {}
    parts: dict[str, dict[str, float]] = {}
    for name, spec in wanted.items():
        found = compare_pair(a.source, b.source, [context.encoder(spec)])
        distances[name] = next(iter(found.distances.values()))
        for one in found.parts.values():
            parts[name] = one
    return CompareAnswer(distances=distances, parts=parts, metric="cosine")


@router.post("/explain", tags=["pairs"])
@on_lane("slow")
def explain(request: Request, body: ExplainRequest) -> ExplainAnswer:
    """Why two pictures look alike: in what, and with `maps` also where."""
    context = context_of(request)
    known = encoders_by_name(context)
    spec = DEFAULT_ENCODER if body.encoder is None else _spec(body.encoder, known)
    a, b = picture_of(context, body.a), picture_of(context, body.b)
    maps = ("decomposition",) if body.maps else ()
    found = context.explain(a, b, spec, maps=maps, curves=body.curves and body.maps)
    return ExplainAnswer(
        sentences=found.sentences(body.language),
        explanation=found.to_dict(),
        corpus=context.explainer.corpus(a, b, spec)[0] or None,
    )


def encoders_by_name(context: AppContext) -> dict[str, str]:
    """Name -> specification of the encoders that a request may ask; what a request says never loads a file."""
    return {one.name: one.spec for one in machines(context)}


def _spec(name: str, known: dict[str, str]) -> str:
    if name not in known:
        raise PageError.of(400, "not_offered", names=", ".join(known))
    return known[name]


def _brief(glance: Glance) -> GalleryBrief:
    return GalleryBrief(
        name=glance.name, images=glance.images, problems=glance.problems, encoder=glance.encoder,
        error=glance.error or None,
    )  # fmt: skip
