"""The first page: what this server has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from lookalike.web.context import context_of
from lookalike.web.pages import render
from lookalike.web.settings import names_of

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request) -> HTMLResponse:
    """Galleries, studies, results and games at a glance."""
    context = context_of(request)
    settings = context.settings
    studies: list[Any] = [place.study.config for place in context.studies]
    return render(
        request,
        "home.html",
        galleries=[context.glance(name) for name in settings.galleries],
        studies=studies,
        results=names_of(settings.results) if "routes_results" in context.routes else {},
        pairs=names_of(settings.pairs) if "routes_play" in context.routes else {},
    )


@router.get("/healthz")
def healthz() -> dict[str, bool]:
    """For a proxy and for monitoring."""
    return {"ok": True}


@router.get("/favicon.ico")
def favicon() -> Response:
    """None; without this, every browser's question would be an error in the log."""
    return Response(status_code=204)
