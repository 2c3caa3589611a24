"""One guard before an application: response headers, hosts, CSRF, body sizes, JSON, and rates.

The guard is one ASGI layer, so that a refused request costs little and no route can forget a check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lookalike.serving.bodies import BodyRefused, counted, read_body, replay, strict_json
from lookalike.serving.limits import RateRule, RateTable
from lookalike.serving.requests import (
    ASGIApp,
    Message,
    Receive,
    Refusal,
    RefusalPage,
    Scope,
    Send,
    client_address,
    cookie,
    header,
    send_refusal,
)

if TYPE_CHECKING:
    from starlette.applications import Starlette

CSRF_HEADER = "X-Lookalike"
"""Every request that changes something carries ``X-Lookalike: 1``: a form or link of another site cannot."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

DEFAULT_RULES = (
    RateRule("requests of one session", "session", per_second=60, burst=1_500),
    RateRule("requests from one address", "address", per_second=3_000, burst=12_000),
)
"""A session may preload a whole study's images at once; an address may be a hundred people behind one router."""

ANY_ADDRESS = "*ip*"
"""In `Policy.hosts`: any address written in numbers (names can be rebound to this machine, numbers cannot)."""


def content_security_policy(
    *, frame_ancestors: Sequence[str] = (), form_action: Sequence[str] = (), images: Sequence[str] = ()
) -> str:
    """A policy under which nothing runs but scripts and styles of this server; no inline script, no eval.

    Style attributes are allowed (jsPsych's plugins write them), style elements are not; images may come from
    this server or from memory (``blob:``).

    Args:
        frame_ancestors: sites that may show the page in a frame; none by default.
        form_action: other sites that a form may be sent to.
        images: further sources of images.
    """
    parts = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "style-src-attr": "'unsafe-inline'",
        "img-src": " ".join(["'self'", "blob:", *images]),
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": " ".join(["'self'", *form_action]),
        "base-uri": "'none'",
        "frame-ancestors": " ".join(frame_ancestors) or "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


@dataclass(frozen=True)
class Policy:
    """What a guard lets in.

    Attributes:
        hosts: values of the Host header (without port, lower case) that are served; None: all (tests only).
        session_cookie: the cookie whose value names a session for the rate limits.
        body_limit: bytes of a JSON body.
        uploads: path prefix -> bytes, for routes that take other bodies than JSON (passed on as a stream).
        rules: rate limits.
        https: the public address is https: browsers are told to stay with it.
        csp: the policy of responses that do not bring their own.
    """

    hosts: frozenset[str] | None = None
    session_cookie: str = "lookalike_session"
    body_limit: int = 64_000
    uploads: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[RateRule, ...] = DEFAULT_RULES
    https: bool = False
    csp: str = content_security_policy()


def security_headers(policy: Policy) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that every response gets unless it brings its own."""
    found = {
        "content-security-policy": policy.csp,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store",
    }
    if policy.https:
        found["strict-transport-security"] = "max-age=31536000"
    return tuple((name.encode(), value.encode()) for name, value in found.items())


class Guard:
    """The ASGI layer; see `protect`."""

    def __init__(
        self,
        app: ASGIApp,
        policy: Policy,
        rates: RateTable | None = None,
        page: RefusalPage | None = None,
    ) -> None:
        self._app = app
        self._page = page
        self._policy = policy
        self._headers = security_headers(policy)
        self._rates = rates or RateTable(policy.rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        sender = _Sender(send, self._headers)
        refusal = self._refusal(scope)
        if refusal is not None:
            await send_refusal(sender, refusal, self._page(scope, refusal) if self._page else None)
            return
        try:
            await self._app(scope, await self._body(scope, receive), sender)
        except BodyRefused as refused:
            if not sender.started:
                await send_refusal(sender, refused.refusal)

    def _refusal(self, scope: Scope) -> Refusal | None:
        if not host_allowed(header(scope, b"host"), self._policy.hosts):
            return Refusal(421, "this server does not answer under that host name; set --public-url")
        method, path = scope["method"], scope["path"]
        waiting = self._rates.wait(
            method, path, cookie(scope, self._policy.session_cookie), client_address(scope)
        )
        if waiting is not None:
            name, seconds = waiting
            headers = ((b"retry-after", str(seconds).encode()),)
            return Refusal(429, f"too many {name}; try again in {seconds} s", headers)
        if method not in SAFE_METHODS and header(scope, CSRF_HEADER.lower().encode()) != "1":
            return Refusal(403, f"the header {CSRF_HEADER}: 1 is missing")
        return None

    async def _body(self, scope: Scope, receive: Receive) -> Receive:
        """Check the body of a request that changes something; safe methods carry none that is read."""
        if scope["method"] in SAFE_METHODS:
            return receive
        kind = header(scope, b"content-type").split(";")[0].strip().lower()
        if kind != "application/json":
            for prefix, limit in self._policy.uploads.items():
                if scope["path"].startswith(prefix):
                    return counted(receive, limit)
        body = await read_body(receive, scope, self._policy.body_limit)
        if body and kind != "application/json":
            raise BodyRefused(415, "the body must be JSON (Content-Type: application/json)")
        if body:
            strict_json(body)
        return replay(body, receive)


class _Sender:
    """A `send` that completes the headers of the response."""

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._extra = headers
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", [])]
            present = {name for name, _ in headers}
            # A page that says itself who may frame it must not be contradicted by the older header.
            framed = b"content-security-policy" in present
            headers += [
                pair
                for pair in self._extra
                if pair[0] not in present and not (framed and pair[0] == b"x-frame-options")
            ]
            message = {**message, "headers": headers}
        await self._send(message)


def host_allowed(value: str, hosts: frozenset[str] | None) -> bool:
    """Whether a Host header names one of ``hosts`` (the port does not matter)."""
    if hosts is None:
        return True
    try:
        name = urlsplit(f"//{value}").hostname or ""
    except ValueError:
        return False
    if name in hosts:
        return True
    if ANY_ADDRESS not in hosts:
        return False
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def protect(
    app: Starlette, policy: Policy, *, rates: RateTable | None = None, page: RefusalPage | None = None
) -> None:
    """Put the guard before every route of a Starlette or FastAPI application.

    Args:
        app: to be protected.
        policy: what is let in.
        rates: the buckets of the rate limits; None: new ones.
        page: what browsers are shown of a refusal; None: the same JSON as programs.
    """
    app.add_middleware(Guard, policy=policy, rates=rates, page=page)
