"""What takes longer than a page may wait: maps, clusters, duplicates, moves. Found in the background, kept a while.

Each is found by a function of a module (so that another process can be told to run it) that takes ``tell`` as its
last argument and returns something that can be pickled.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from fastapi import Request

from lookalike.errors import LookalikeError
from lookalike.progress import Progress
from lookalike.web.child import Child
from lookalike.web.context import context_of
from lookalike.web.faults import PageError

T = TypeVar("T")
Key = tuple[Hashable, ...]
KEPT_RESULTS = 12
KEPT_TASKS = 100
MOST_AT_ONCE = 8
"""So many tasks may wait or run; each has a thread."""


@dataclass
class Task:
    """One piece of work.

    Attributes:
        id: random.
        key: what is looked for; its first part is the gallery's name.
        state: waiting (another one is at work), running, done or failed.
        stage, done, total: how far it is, see `lookalike.progress.Progress`.
        error: why it failed.
        work: what is done.
    """

    id: str
    key: Key
    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    started: float = field(default_factory=time.monotonic)
    work: Callable[..., Any] | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in ("done", "failed")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "id": self.id, "state": self.state, "stage": self.stage, "done": self.done, "total": self.total,
            "seconds": round(time.monotonic() - self.started, 1), "error": self.error or None,
        }  # fmt: skip


class Findings:
    """Results by key, and the work that finds them: one piece at a time."""

    def __init__(self) -> None:
        self._results: OrderedDict[Key, Any] = OrderedDict()
        self._lasting: dict[Key, Any] = {}
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._child: Child | None = None
        self._closed = False

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
        """Begin to look for something; the task that does so already, if there is one.

        Args:
            key: where the result goes.
            work: called with the arguments and ``tell``.
            arguments: picklable.
            apart: in a process of its own, so that pages do not wait for it.

        Raises:
            PageError: other work for the same key is not done yet (409), or too much is (429).
        """
        with self._lock:
            open_tasks = [task for task in self._tasks.values() if not task.is_over]
            for task in open_tasks:
                if task.key == key:
                    if task.work is not work:
                        raise PageError(409, "something else is being done there; wait until it has finished")
                    return task
            if len(open_tasks) >= MOST_AT_ONCE:
                raise PageError(429, "too much is being worked on; try again when some of it has finished")
            task = Task(secrets.token_urlsafe(9), key, work=work)
            self._tasks[task.id] = task
            over = [one.id for one in self._tasks.values() if one.is_over]
            for old in over[: max(0, len(self._tasks) - KEPT_TASKS)]:
                del self._tasks[old]
        run = self._run_apart if apart else _run_here
        threading.Thread(target=self._do, args=(task, run, work, arguments), daemon=True).start()
        return task

    def task(self, gallery: str, task_id: str) -> Task:
        """A task of a gallery.

        Raises:
            PageError: there is none of that id (404).
        """
        task = self._tasks.get(task_id)
        if task is None or task.key[0] != gallery:
            raise PageError(404, "there is no such task")
        return task

    def close(self) -> None:
        """End a process that is at work; nothing is waited for."""
        self._closed = True
        child = self._child
        if child is not None:
            child.stop()

    def _do(self, task: Task, run: Callable[..., Any], work: Callable[..., Any], arguments: Any) -> None:
        def tell(stage: str, done: int, total: int) -> None:
            task.stage, task.done, task.total = stage, done, total

        with self._turn:
            if self._closed:
                return
            task.state = "running"
            try:
                self.put(task.key, run(work, arguments, tell))
                task.state = "done"
            except LookalikeError as error:
                task.error, task.state = str(error), "failed"
            except Exception as error:  # a thread's traceback would be seen by nobody
                task.error, task.state = f"{type(error).__name__}: {error}", "failed"

    def _run_apart(self, work: Callable[..., Any], arguments: tuple[Any, ...], tell: Progress) -> Any:
        """Compiled loops of UMAP and HDBSCAN in a process of their own do not hold up this one's pages."""
        self._child = Child(work, arguments)
        try:
            return self._child.result(tell)
        finally:
            self._child = None


def _run_here(work: Callable[..., Any], arguments: tuple[Any, ...], tell: Progress) -> Any:
    return work(*arguments, tell)


_making = threading.Lock()


def findings_of(request: Request) -> Findings:
    """The application's findings, made at the first call."""
    state = request.app.state
    with _making:
        if not hasattr(state, "findings"):
            state.findings = Findings()
            context_of(request).closing.append(state.findings)
        found: Findings = state.findings
        return found
