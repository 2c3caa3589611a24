"""Errors as responses: always ``{"error": "one line"}``, never a traceback, never what the client must not know."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lookalike.errors import InvalidArgument, LookalikeError
from lookalike.serving.security import Policy, security_headers

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse

log = logging.getLogger("lookalike.serving")

_TEXTS = {404: "there is nothing here", 405: "this method is not allowed here"}


def error_response(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """``{"error": text}`` with a status."""
    from starlette.responses import JSONResponse

    return JSONResponse({"error": " ".join(text.split())}, status_code=status, headers=headers)


def install_faults(app: Starlette, policy: Policy | None = None) -> None:
    """Handlers for everything that a route may raise.

    `InvalidArgument` is the client's mistake (400); any other `LookalikeError` is the server's (500), with its
    one line; an unexpected exception is logged with its traceback and answered without details. A project's own
    exceptions with a status are registered by `app.add_exception_handler` besides.
    """
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    late = {name.decode(): value.decode() for name, value in security_headers(policy or Policy())}

    async def plain(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        text = _TEXTS.get(error.status_code, str(error.detail))
        return error_response(error.status_code, text, dict(error.headers or {}))

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return error_response(422, _where(error.errors()))

    async def argument(_: Request, error: Exception) -> JSONResponse:
        return error_response(400, str(error))

    async def ours(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s: %s", request.method, type(error).__name__, error)
        return error_response(500, str(error))

    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        # Starlette answers this outside the guard, so the guard's headers are put on here.
        return error_response(500, "the server made a mistake; it is in its log", late)

    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(InvalidArgument, argument)
    app.add_exception_handler(LookalikeError, ours)
    app.add_exception_handler(Exception, unexpected)


def _where(errors: Any) -> str:
    """The first thing that is wrong: where, and how; the value itself is not repeated."""
    first = next(iter(errors), None)
    if first is None:
        return "the request is not valid"
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "query"))
    return f"{place or 'the request'}: {first.get('msg', 'not valid')}"
