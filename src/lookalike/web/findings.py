"""What background work found: maps, clusters, duplicates, moves; kept for a while.

Each is found by a function of a module (so that another process can be told to run it) that takes ``tell`` as its
last argument and returns something that can be pickled.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request

from lookalike.web.work import Key, Task, Work

T = TypeVar("T")
KEPT_RESULTS = 12

__all__ = ["Findings", "Key", "Task", "findings_of"]


class Findings:
    """Results by key, and the work that finds them.

    Args:
        work: the server's; None: a runner of its own.
    """

    def __init__(self, work: Work | None = None) -> None:
        self.work = work or Work()
        self._results: OrderedDict[Key, Any] = OrderedDict()
        self._lasting: dict[Key, Any] = {}
        self._lock = threading.Lock()

    def result(self, key: Key) -> Any:
        """What was found, or None."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def newest(self, start: Key) -> Any:
        """The result that was found or used last among those whose key begins so, or None."""
        with self._lock:
            return next(
                (value for key, value in reversed(self._results.items()) if key[: len(start)] == start), None
            )

    def put(self, key: Key, value: Any) -> None:
        """Keep a result; the one that was not used for longest goes."""
        with self._lock:
            self._results[key] = value
            self._results.move_to_end(key)
            while len(self._results) > KEPT_RESULTS:
                self._results.popitem(last=False)

    def keep_once(self, key: Key, make: Callable[[], T]) -> T:
        """Something that is made at the first call and stays as long as the server."""
        with self._lock:
            if key not in self._lasting:
                self._lasting[key] = make()
            found: T = self._lasting[key]
            return found

    def start(self, key: Key, work: Callable[..., Any], *arguments: Any, apart: bool = False) -> Task:
        """Begin to look for something; the task that does so already, if there is one. See `Work.start`.

        Raises:
            PageError: other work for the same key is not done yet (409), or too much is (429).
        """
        return self.work.start(key, work, *arguments, apart=apart, keep=lambda found: self.put(key, found))


def findings_of(request: Request) -> Findings:
    """The application's findings."""
    found: Findings = request.app.state.context.findings
    return found
