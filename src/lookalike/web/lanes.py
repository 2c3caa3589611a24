"""Threads of their own for slow requests, so that plain pages and participants of studies never wait behind them.

Routes that are plain functions share one pool of threads. A route marked by `on_lane` is answered by the few threads of
a lane instead, and a lane that has too much to do refuses instead of piling up.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from lookalike.web.faults import PageError

P = ParamSpec("P")
T = TypeVar("T")

LaneName = Literal["slow", "pictures", "search"]


class Lane:
    """A few threads and a queue that ends.

    Args:
        name: of the threads.
        threads: so many requests are worked on.
        waiting: so many more may wait.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name, self._threads = name, threads
        self._pool: ThreadPoolExecutor | None = None
        self._most = threads + waiting
        self._inside = 0
        self._lock = threading.Lock()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns, computed by a thread of the lane.

        Raises:
            PageError: too many wait already (503).
        """
        with self._lock:
            if self._inside >= self._most:
                raise PageError.of(503, "busy")
            self._inside += 1
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=f"lane-{self._name}")
            pool = self._pool
        try:
            future = pool.submit(function, *args, **kwargs)
        except BaseException:
            self._leave()
            raise
        future.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """What has begun is finished, what waits is not begun; a later `run` begins anew."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1


class Lanes:
    """The lanes of an application.

    Attributes:
        slow: comparing, explaining, playing; they share two cores with everything else.
        pictures: decoding; a picture of 100 million pixels takes 300 MB meanwhile.
        search: searches that come together are answered together (`Batcher`), so there are many threads.
    """

    def __init__(self) -> None:
        self.slow = Lane("slow", 2, 60)
        self.pictures = Lane("pictures", 2, 400)
        self.search = Lane("search", 24, 400)

    def close(self) -> None:
        """See `Lane.close`."""
        for lane in (self.slow, self.pictures, self.search):
            lane.close()


def on_lane(
    name: LaneName, *, when: Callable[[dict[str, Any]], bool] | None = None
) -> Callable[[Callable[P, T]], Callable[P, Awaitable[T]]]:
    """A plain route (with an argument ``request``) that is answered by a lane.

    Args:
        name: of the lane.
        when: given the route's arguments, whether it is slow this time; otherwise it is answered as any other.
    """

    def mark(route: Callable[P, T]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(route)
        async def answer(*args: P.args, **kwargs: P.kwargs) -> T:
            if when is not None and not when(kwargs):
                return await run_in_threadpool(route, *args, **kwargs)
            request: Any = kwargs["request"]
            lane: Lane = getattr(request.app.state.context.lanes, name)
            return await lane.run(route, *args, **kwargs)

        return answer

    return mark
