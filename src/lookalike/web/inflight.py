"""Uploads that are on their way: their bytes together are bounded, whoever comes later waits for room."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from lookalike.web.faults import PageError

AT_ONCE = 4
"""Uploads of the largest size that fit in at the same time; of photographs of a few MB, some dozens do."""

MOST_WAITING = 60
WAIT_SECONDS = 30.0
LONGEST_SECONDS = 120.0
"""A whole upload: who sends a byte a second must not keep others out."""


class Room:
    """Bytes that may be in flight; first come, first served.

    Args:
        total: bytes of all together.
        seconds: how long somebody waits for room.
        waiting: how many may wait.
    """

    def __init__(self, total: int, *, seconds: float = WAIT_SECONDS, waiting: int = MOST_WAITING) -> None:
        self.total = total
        self.used = 0
        self.highest = 0
        self._seconds = seconds
        self._most = waiting
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, size: int) -> AsyncIterator[None]:
        """Room for ``size`` bytes, given back at the end.

        Raises:
            PageError: there is none for a while (503).
        """
        size = min(size, self.total)
        await self._take(size)
        try:
            yield
        finally:
            self._give(size)

    async def _take(self, size: int) -> None:
        if not self._queue and self.used + size <= self.total:
            self._enter(size)
            return
        if len(self._queue) >= self._most:
            raise PageError.of(503, "many_uploads")
        mine = (size, asyncio.get_running_loop().create_future())
        self._queue.append(mine)
        try:
            await asyncio.wait_for(asyncio.shield(mine[1]), self._seconds)
        except BaseException as error:
            if mine[1].done():
                self._give(size)  # room was made in the moment of giving up
            else:
                mine[1].cancel()
                self._queue.remove(mine)
                self._admit()
            if isinstance(error, TimeoutError):
                raise PageError.of(503, "many_uploads") from None
            raise

    def _enter(self, size: int) -> None:
        self.used += size
        self.highest = max(self.highest, self.used)

    def _give(self, size: int) -> None:
        self.used -= size
        self._admit()

    def _admit(self) -> None:
        while self._queue and self.used + self._queue[0][0] <= self.total:
            size, future = self._queue.popleft()
            self._enter(size)
            future.set_result(None)


def declared(request: Request, most: int) -> int:
    """Bytes that the body will have at most: what the client says, or ``most``.

    The guard has refused a length that is no number or too large. A body that comes in chunks ends where its chunks
    do, whatever length is declared beside them (RFC 9112, 6.3).
    """
    if "transfer-encoding" in request.headers:
        return most
    text = request.headers.get("content-length", "")
    return min(int(text), most) if text.isascii() and text.isdigit() else most


async def body_of(request: Request, *, seconds: float = LONGEST_SECONDS) -> bytes:
    """The whole body.

    Raises:
        PageError: it takes too long, or the client went away (408).
    """
    end = time.monotonic() + seconds
    parts: list[bytes] = []
    stream = request.stream().__aiter__()
    try:
        while True:
            parts.append(await asyncio.wait_for(stream.__anext__(), max(0.0, end - time.monotonic())))
    except StopAsyncIteration:
        return b"".join(parts)
    except (TimeoutError, ClientDisconnect):
        raise PageError.of(408, "slow_upload") from None
