"""Server-sent events: news for a page that stays connected, at most so many readers, none of them forgotten."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from starlette.responses import Response

from lookalike.serving.requests import Receive, Refusal, Scope, Send, client_address, send_refusal

log = logging.getLogger("lookalike.serving")

MOST_READERS = 200
PER_ADDRESS = 24
"""A browser opens at most six connections to a server; several people may be behind one router."""

TOO_MANY = Refusal(503, "too many pages are listening; ask again instead", ((b"retry-after", b"5"),))


class Streams:
    """Who is listening.

    Args:
        most: readers of all.
        per_address: readers of one address.
    """

    def __init__(self, most: int = MOST_READERS, per_address: int = PER_ADDRESS) -> None:
        self._most = most
        self._per_address = per_address
        self._addresses: Counter[str] = Counter()
        self._ends: set[asyncio.Event] = set()

    def __len__(self) -> int:
        return len(self._ends)

    def enter(self, address: str) -> asyncio.Event | None:
        """A slot for a reader; what is returned is set when the server goes. None: there is no slot."""
        if len(self._ends) >= self._most or self._addresses[address] >= self._per_address:
            return None
        end = asyncio.Event()
        self._ends.add(end)
        self._addresses[address] += 1
        return end

    def leave(self, address: str, end: asyncio.Event) -> None:
        """Give the slot back."""
        self._ends.discard(end)
        self._addresses[address] -= 1
        if self._addresses[address] <= 0:
            del self._addresses[address]

    def close(self) -> None:
        """End all streams; called where they run, before the server waits for its connections to be closed."""
        for end in tuple(self._ends):
            end.set()


class EventStream(Response):
    """An answer that goes on: each item of ``news`` is sent as one event with JSON for its data.

    It ends with the news, with the reader (whose slot is free at once), or with the server. News that fail are logged
    and end it too: the page asks again.

    Args:
        streams: the slots; without a free one the answer is 503.
        news: plain JSON types; closed when the reader goes.
    """

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, news: AsyncIterator[Any]) -> None:
        super().__init__()
        self._streams = streams
        self._news = news

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = client_address(scope)
        end = self._streams.enter(address)
        if end is None:
            await send_refusal(send, TOO_MANY)
            return
        failed = False
        tasks = [asyncio.ensure_future(one) for one in (self._send(send), _gone(receive), end.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            self._streams.leave(address, end)
            for error in ends:
                if isinstance(error, Exception) and not isinstance(
                    error, OSError
                ):  # a reader who went is no error
                    failed = True
                    log.error("events of %s", scope.get("path", ""), exc_info=error)
        if failed or end.is_set():
            await _finish(send)

    async def _send(self, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # a proxy that collects the answer first would show nothing
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async for item in self._news:
                body = f"data: {json.dumps(item, ensure_ascii=False)}\n\n".encode()
                await send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            close = getattr(self._news, "aclose", None)
            if close is not None:
                await close()
        await _finish(send)


async def _gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _finish(send: Send) -> None:
    with suppress(OSError, RuntimeError):  # it has gone, or was told already
        await send({"type": "http.response.body", "body": b""})
