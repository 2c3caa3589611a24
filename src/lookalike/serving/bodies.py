"""What a request may carry: limited bytes, and JSON without NaN, deep nesting or repeated keys."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

from lookalike.serving.requests import Message, Receive, Refusal, Scope, header

MAX_DEPTH = 8
"""Levels of lists and objects in one JSON body."""


class BodyRefused(Exception):
    """The body cannot be accepted; carries the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.refusal = Refusal(status, text)


def strict_json(data: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """Parse JSON as RFC 8259 has it, and no more.

    Refused: NaN and infinities, bytes that are not UTF-8, lone surrogates, NUL characters (PostgreSQL cannot store
    them), a key given twice in one object, nesting deeper than ``max_depth``, numbers beyond the range of
    double precision or of over 4,300 digits.

    Raises:
        BodyRefused: with status 400 and what is wrong.
    """
    _check_depth(data, max_depth)
    try:
        value = json.loads(
            data.decode("utf-8"), parse_constant=_no_constant, parse_float=_float, object_pairs_hook=_object
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except BodyRefused:
        raise
    except UnicodeError:
        raise BodyRefused(400, "the body is not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise BodyRefused(400, "the body is not valid JSON") from None
    if b"\\u0000" in data:
        raise BodyRefused(400, "the body has a NUL character")
    return value


def _check_depth(data: bytes, max_depth: int) -> None:
    """Count brackets outside strings before the parser recurses into them."""
    depth, quoted, escaped = 0, False, False
    for byte in data:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            if depth > max_depth:
                raise BodyRefused(400, f"the body is nested deeper than {max_depth} levels")
        elif byte in b"]}":
            depth -= 1


def _no_constant(name: str) -> NoReturn:
    raise BodyRefused(400, f"the body has {name}, which is no JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise BodyRefused(400, "the body has a number that is too large")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyRefused(400, "the body gives a key twice")
    return found


async def read_body(receive: Receive, scope: Scope, limit: int) -> bytes:
    """The whole body, at most ``limit`` bytes.

    Raises:
        BodyRefused: 413 when it is longer (by its header or in fact), 400 when its length header is wrong or the
            client went away.
    """
    declared = _declared(scope)
    if declared is not None and declared > limit:
        raise BodyRefused(413, f"the body is longer than {limit:,} bytes")
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyRefused(400, "the client went away")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyRefused(413, f"the body is longer than {limit:,} bytes")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _declared(scope: Scope) -> int | None:
    text = header(scope, b"content-length")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BodyRefused(400, "the header Content-Length is not a number")
    return int(text)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out ``body`` first and then whatever comes (the client's leaving)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def counted(receive: Receive, limit: int) -> Receive:
    """A `receive` for a long body that is not held in memory; raises `BodyRefused` past ``limit`` bytes."""
    size = 0

    async def some() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise BodyRefused(413, f"the body is longer than {limit:,} bytes")
        return message

    return some
