"""Where a token is needed: nobody gets past the door without it, but for participants of studies and the style sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from lookalike.serving.requests import (
    ASGIApp,
    Receive,
    Refusal,
    Scope,
    Send,
    client_address,
    cookies,
    header,
    send_refusal,
)
from lookalike.serving.tokens import ADMIN_COOKIE, AdminDoor

if TYPE_CHECKING:
    from fastapi import FastAPI

    from lookalike.web.context import AppContext

OPEN = ("/assets/", "/s/", "/admin")
"""Prefixes without the door: participants have no token, and the dashboard has a door of its own."""

OPEN_PAGES = frozenset({"/login", "/healthz", "/favicon.ico"})


class Door:
    """The ASGI layer; programs send ``Authorization: Bearer TOKEN``, browsers the cookie of /login."""

    def __init__(self, app: ASGIApp, door: AdminDoor) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted = scope["type"] != "http" or self._admits(scope)
        if admitted is True:
            await self._app(scope, receive, send)
            return
        if admitted is not False:
            text = f"too many wrong tokens; try again in {admitted} s"
            await send_refusal(send, Refusal(429, text, ((b"retry-after", str(admitted).encode()),)))
            return
        path = scope["path"]
        if scope["method"] == "GET" and not path.startswith("/api/") and "hx-request" not in _names(scope):
            await _to_login(scope, send)
            return
        text = "log in at /login, or send the header Authorization: Bearer TOKEN"
        await send_refusal(send, Refusal(401, text, ((b"www-authenticate", b"Bearer"),)))

    def _admits(self, scope: Scope) -> bool | int:
        """Whether a request may pass; seconds to wait after too many wrong tokens."""
        path = scope["path"]
        if path in OPEN_PAGES or path.startswith(OPEN):
            return True
        if any(map(self._door.admits, cookies(scope, ADMIN_COOKIE))):
            return True
        kind, _, token = header(scope, b"authorization").partition(" ")
        if kind.lower() != "bearer":
            return False
        return self._door.bearer(token.strip(), client_address(scope))


def _names(scope: Scope) -> set[str]:
    return {bytes(name).decode("latin-1") for name, _ in scope["headers"]}


async def _to_login(scope: Scope, send: Send) -> None:
    query = scope.get("query_string", b"").decode("latin-1")
    wanted = quote(scope["path"] + (f"?{query}" if query else ""), safe="")
    location = f"/login?next={wanted}".encode("ascii")
    headers = [(b"location", location), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def keep_door(app: FastAPI, context: AppContext) -> None:
    """Put the door before every route."""
    assert context.settings.token is not None
    door = AdminDoor(context.settings.token)
    app.state.door = door
    app.add_middleware(Door, door=door)
