"""Errors as pages for people, in their language, and as ``{"error": ...}`` for programs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

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
from lookalike.web.texts import texts_of

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from lookalike.serving.security import Policy

_CLIENT_ERRORS = (BadFilter, ImageError, InvalidArgument, NoSuchOutput, UnknownEncoder)
"""What a request can bring about by itself: status 400, not the server's mistake."""

_QUOTED = re.compile(r"""(?P<quote>['"`])(?P<path>(?:file:|[A-Za-z]:|~)?[\\/][^'"`\n]*)(?P=quote)""")
"""A whole path between quotes, whatever blanks, commas and colons it has."""

_FOLDER = r"""[^\s:,;'"\\/](?:[^:,;'"\n\\/]*[^\s:,;'"\\/])?(?<!\s~)[\\/]+"""
"""It may have blanks inside: that more is taken away than has to be harms less than a folder that is shown."""

_FOLDERS = re.compile(rf"(?<![\w/.\\])(?:(?:file:|[A-Za-z]:|\\)[\\/]+|~?[\\/](?={_FOLDER}))(?:{_FOLDER})*")
"""The folders before a file's name outside quotes; addresses of the web are none."""

MISTAKE = "the server cannot do this now; why is in its log"


class PageError(LookalikeError):
    """A request that cannot be answered as asked.

    Attributes:
        status: of HTTP.
        key, values: what `in_language` says instead of the English text; "" where there is none.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.key = ""
        self.values: dict[str, Any] = {}

    @classmethod
    def of(cls, status: int, key: str, **values: Any) -> PageError:
        """One with a text in every language: ``key`` of texts/LANGUAGE/faults.toml with the values of its places."""
        error = cls(status, texts_of("en")(f"faults.{key}", **values))
        error.key, error.values = key, values
        return error

    def in_language(self, language: str) -> str:
        """What it says; in English where no other text is known."""
        return texts_of(language)(f"faults.{self.key}", **self.values) if self.key else str(self)


def is_for_programs(request: Request) -> bool:
    """Whether the answer is read by a program: the API, a script's or htmx's request, anything but a page."""
    if request.scope["path"].startswith("/api/") or "hx-request" in request.headers:
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
        name = _last(error.name)
        return f"{printable(name)}: {without_folders(error.reason.replace(error.name, name))}"
    if status_of(error) >= 500:
        return MISTAKE
    return without_folders(str(error)) if isinstance(error, EncoderError) else str(error)


def task_text(error: Exception) -> str:
    """What a page says of work that failed: one line without folders of the server.

    Of what is not for clients only the kind is named: it tells whoever reads the log where to look.
    """
    text = public_text(error)
    if text == MISTAKE:
        return f"{MISTAKE} ({type(error).__name__})"
    if not isinstance(error, PageError | MissingDependency):  # those two are our own words
        text = without_folders(text)
    return " ".join(text.split())


def without_folders(text: str) -> str:
    """A text whose paths of this machine are cut down to their last part.

    Paths are of POSIX or Windows, from a root, a drive, a share or a home; between quotes they may hold anything else.
    """
    short = _QUOTED.sub(lambda found: f"{found['quote']}{_last(found['path'])}{found['quote']}", text)
    return _FOLDERS.sub("", short)


def _last(path: str) -> str:
    return re.split(r"[\\/]+", path.rstrip("\\/"))[-1]


def text_for(request: Request, error: Exception) -> str:
    """As `public_text`, in the reader's language where that is known; one line."""
    from lookalike.web.pages import language_of

    text = error.in_language(language_of(request)) if isinstance(error, PageError) else public_text(error)
    return " ".join(text.split())


def install_page_faults(app: FastAPI, policy: Policy) -> None:
    """Handlers for everything that a route may raise, see `lookalike.serving.faults`; pages for people."""
    from lookalike.serving.faults import error_response, install_faults, log

    install_faults(app, policy)

    async def ours(request: Request, error: Exception) -> Response:
        status = status_of(error)
        if status >= 500 and not isinstance(error, PageError):
            log.error("%s %s: %s", request.method, type(error).__name__, error)
        headers = {"retry-after": "5"} if status in (429, 503) else None
        return error_response(status, text_for(request, error), headers)

    app.add_exception_handler(LookalikeError, ours)
    app.add_exception_handler(InvalidArgument, ours)
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, paged(handler, policy))


def paged(handler: Any, policy: Policy) -> Any:
    """A handler of errors whose answer browsers get as a page."""
    from fastapi.exceptions import RequestValidationError

    from lookalike.serving.security import security_headers

    late = {name.decode(): value.decode() for name, value in security_headers(policy)}

    async def answer(request: Request, error: Exception) -> Response:
        found: Response = await handler(request, error)
        if is_for_programs(request):
            return found
        from lookalike.web.pages import error_page

        detail, in_english = _detail(error, found)
        if detail == MISTAKE:  # the status says as much
            detail = ""
        if isinstance(error, PageError):
            detail, in_english = text_for(request, error), not error.key
        elif isinstance(error, RequestValidationError):
            detail = _place(error)
        page = error_page(request, found.status_code, detail, in_english=in_english)
        for name, value in found.headers.items():
            if name not in ("content-length", "content-type"):
                page.headers[name] = value
        if found.status_code == 500:  # what is answered outside the guard needs its headers
            for name, value in late.items():
                page.headers.setdefault(name, value)
        return page

    return answer


def _detail(error: Exception, answer: Response) -> tuple[str, bool]:
    """What a page says besides what the status means, and whether that is English only."""
    from starlette.exceptions import HTTPException

    if isinstance(error, HTTPException) or not isinstance(error, LookalikeError):
        return "", False
    return str(json.loads(bytes(answer.body))["error"]), True


def _place(error: Any) -> str:
    """Which part of an address could not be read; what a checker says of it is not for people."""
    first: dict[str, Any] = next(iter(error.errors()), {})
    return ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path"))
