"""Indexing from the page: folders are chosen by their place in the list that the server was started with."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse

from lookalike.web.context import context_of
from lookalike.web.jobs import job_of, start_job
from lookalike.web.pages import render

router = APIRouter(include_in_schema=False)

Root = Annotated[int, Path(ge=0, le=10_000)]


@router.post("/g/{gallery}/index/stop")
def stop(request: Request, gallery: str) -> HTMLResponse:
    """Stop, also while it waits for its turn; what was written stays."""
    context = context_of(request)
    context.gallery(gallery)
    job = job_of(context, gallery)
    if job is not None:
        context.work.stop(job)
    return render(request, "job.html", gallery=gallery, job=job)


@router.post("/g/{gallery}/index/{root}")
def start(request: Request, gallery: str, root: Root) -> HTMLResponse:
    """Start; the answer is the part of the page that follows it."""
    return render(request, "job.html", gallery=gallery, job=start_job(context_of(request), gallery, root))


@router.get("/g/{gallery}/index")
def progress(request: Request, gallery: str) -> HTMLResponse:
    """How far the newest job is."""
    context = context_of(request)
    context.gallery(gallery)
    part = "hx-request" in request.headers
    return render(
        request, "job.html" if part else "job_page.html", gallery=gallery, job=job_of(context, gallery)
    )
