"""Errors as pages for people and as ``{"error": ...}`` for programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lookalike.errors import (
    BadFilter,
    EncoderError,
    ImageError,
    ImageNotFound,
    InvalidArgument,
    LookalikeError,
    MissingDependency,
    NoSuchOutput,
    UnknownEncoder,
    printable,
)

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from lookalike.serving.security import Policy

_CLIENT_ERRORS = (BadFilter, ImageError, InvalidArgument, NoSuchOutput, UnknownEncoder)
"""What a request can bring about by itself: status 400, not the server's mistake."""

_FOLDERS = re.compile(r"(?<![\w/.])(?:/[^\s/:,;'\"]+)+/")
MISTAKE = "the server cannot do this now; why is in its log"


class PageError(LookalikeError):
    """A request that cannot be answered as asked; carries the status of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def is_for_programs(request: Request) -> bool:
    """Whether the answer is read by a program: the API, a script's or htmx's request, anything but a page."""
    if request.url.path.startswith("/api/") or "hx-request" in request.headers:
        return True
    return request.method not in ("GET", "HEAD") or "text/html" not in request.headers.get("accept", "")


def status_of(error: Exception) -> int:
    """The status of HTTP for an error of ours."""
    if isinstance(error, PageError):
        return error.status
    if isinstance(error, ImageNotFound):
        return 404
    return 400 if isinstance(error, _CLIENT_ERRORS) else 500


def public_text(error: Exception) -> str:
    """What a client may read of an error: no folders of the server. Who calls this logs the rest."""
    if isinstance(error, PageError | MissingDependency):
        return str(error)
    if isinstance(error, ImageError):
        name = error.name.rpartition("/")[2]
        return f"{printable(name)}: {_FOLDERS.sub('', error.reason.replace(error.name, name))}"
    if status_of(error) >= 500:
        return MISTAKE
    return _FOLDERS.sub("", str(error)) if isinstance(error, EncoderError) else str(error)


def install_page_faults(app: FastAPI, policy: Policy) -> None:
    """Handlers for everything that a route may raise, see `lookalike.serving.faults`; pages for people."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    from lookalike.serving.faults import error_response, install_faults, log

    install_faults(app, policy)
    plain = app.exception_handlers[HTTPException]
    invalid = app.exception_handlers[RequestValidationError]

    async def ours(request: Request, error: Exception) -> Response:
        status = status_of(error)
        if status >= 500:
            log.error("%s %s: %s", request.method, type(error).__name__, error)
        if is_for_programs(request):
            return error_response(status, public_text(error))
        return _page(request, status, " ".join(public_text(error).split()))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if is_for_programs(request) or error.status_code != 404:
            return await plain(request, error)  # type: ignore[no-any-return, misc]
        return _page(request, 404, None)

    async def wrong(request: Request, error: Exception) -> Response:
        answer: Response = await invalid(request, error)  # type: ignore[misc]
        if is_for_programs(request):
            return answer
        import json

        return _page(request, answer.status_code, json.loads(bytes(answer.body))["error"])

    app.add_exception_handler(LookalikeError, ours)
    app.add_exception_handler(InvalidArgument, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, wrong)


def _page(request: Request, status: int, text: str | None) -> Response:
    from lookalike.web.pages import render

    return render(request, "error.html", status=status, error=text)
