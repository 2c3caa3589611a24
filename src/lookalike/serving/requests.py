"""Small readers of an ASGI request: header, cookie, client, and a refusal as a JSON answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Refusal:
    """A request that is not let in: HTTP status, one line for people, more headers."""

    status: int
    text: str
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


def header(scope: Scope, name: bytes) -> str:
    """The first header of that (lower-case) name, as Latin-1 text; empty when absent."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""


def cookies(scope: Scope, name: str) -> list[str]:
    """All values of a cookie: a browser sends one for each path under which it holds that name."""
    parts = (part.strip().partition("=") for part in header(scope, b"cookie").split(";"))
    return [value for key, _, value in parts if key == name]


def cookie(scope: Scope, name: str) -> str:
    """The first value of a cookie; empty when absent."""
    return next(iter(cookies(scope, name)), "")


def client_address(scope: Scope) -> str:
    """Who is on the other end, as the server knows it: a forwarded address only where a proxy is configured."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


RefusalPage: TypeAlias = Callable[[Scope, Refusal], bytes | None]
"""What a browser is shown in place of ``{"error": ...}``; None for programs."""


async def send_refusal(send: Send, refusal: Refusal, page: bytes | None = None) -> None:
    """Answer with ``{"error": ...}``, or with a page (UTF-8), and the refusal's status."""
    body = json.dumps({"error": refusal.text}).encode() if page is None else page
    headers = [
        (b"content-type", b"application/json" if page is None else b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *refusal.headers,
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
