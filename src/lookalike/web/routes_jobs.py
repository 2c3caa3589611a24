"""Indexing from the page: folders are chosen by their place in the list that the server was started with."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse

from lookalike.web.context import AppContext, context_of
from lookalike.web.faults import PageError
from lookalike.web.jobs import Job
from lookalike.web.pages import render

router = APIRouter(include_in_schema=False)

Root = Annotated[int, Path(ge=0, le=10_000)]


def start_job(context: AppContext, gallery: str, root: int) -> Job:
    """Index one of the server's folders into a gallery.

    Raises:
        PageError: no such gallery or folder (404), or the gallery is being indexed already (409).
    """
    served = context.gallery(gallery)
    if not 0 <= root < len(context.settings.roots):
        raise PageError(404, "the server was not started with such a folder (--root)")
    return context.jobs.start(served, root, str(FilePath(context.settings.roots[root]).absolute()))


@router.post("/g/{gallery}/index/stop")
def stop(request: Request, gallery: str) -> HTMLResponse:
    """Stop; what was written stays."""
    context = context_of(request)
    context.gallery(gallery)
    job = context.jobs.of(gallery)
    if job is not None:
        job.stopping.set()
    return render(request, "job.html", gallery=gallery, job=job)


@router.post("/g/{gallery}/index/{root}")
def start(request: Request, gallery: str, root: Root) -> HTMLResponse:
    """Start; the answer is the part of the page that asks for its own progress."""
    return render(request, "job.html", gallery=gallery, job=start_job(context_of(request), gallery, root))


@router.get("/g/{gallery}/index")
def progress(request: Request, gallery: str) -> HTMLResponse:
    """How far the newest job is."""
    context = context_of(request)
    context.gallery(gallery)
    part = "hx-request" in request.headers
    return render(
        request, "job.html" if part else "job_page.html", gallery=gallery, job=context.jobs.of(gallery)
    )
