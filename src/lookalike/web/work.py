"""What takes longer than a page may wait: indexing, maps, clusters, duplicates, moves, preparing a game.

One registry of tasks and one runner for all of them. Whoever shows a task may watch it (`Task.watch`): progress is
told, not asked for.
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

from lookalike.errors import LookalikeError
from lookalike.web.child import Child
from lookalike.web.faults import PageError, task_text

log = logging.getLogger("lookalike.web")

Key = tuple[Hashable, ...]
State = Literal["waiting", "running", "done", "stopped", "failed"]
Lane = Literal["index", "find"]
"""Tasks of one lane run one after another: indexing may take hours and must not hold up a map."""

KEPT_TASKS = 100
MOST_AT_ONCE = 8
"""So many tasks may wait or run."""


class Stopped(LookalikeError):
    """Raised by work that was asked to stop."""


@dataclass(eq=False)
class Task:
    """One piece of work.

    Attributes:
        id: random.
        key: what it is about; its first part is the gallery's name.
        work: what is done.
        state: waiting (for its turn), running, done, stopped or failed.
        stage, done, total: how far it is, see `lookalike.progress.Progress`; ``total`` is None while it is not known.
        counts: further figures of the work.
        error: why it failed, in one line.
        stopping: set when somebody asked it to stop.
    """

    id: str
    key: Key
    work: Callable[..., Any] = field(repr=False)
    state: State = "waiting"
    stage: str = ""
    done: int = 0
    total: int | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    started: float = field(default_factory=time.monotonic)
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    _watchers: list[Callable[[], None]] = field(default_factory=list, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in ("done", "stopped", "failed")

    def tell(self, stage: str, done: int, total: int) -> None:
        """Note how far it is; the work calls this."""
        self.change(stage=stage, done=done, total=total or None)

    def change(self, **values: Any) -> None:
        """Set attributes, and let those who watch know."""
        for name, value in values.items():
            setattr(self, name, value)
        for told in tuple(self._watchers):
            told()

    def watch(self, told: Callable[[], None]) -> None:
        """``told`` is called, by the thread that works, after every change."""
        self._watchers.append(told)

    def unwatch(self, told: Callable[[], None]) -> None:
        """Undo `watch`."""
        self._watchers.remove(told)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "id": self.id, "state": self.state, "stage": self.stage, "done": self.done, "total": self.total or 0,
            "seconds": round(time.monotonic() - self.started, 1), "error": self.error or None, "counts": self.counts,
        }  # fmt: skip


Job = Callable[[], None]


class Work:
    """All tasks of this server, the newest last, and the threads that do them: one for each lane."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._lock = threading.Lock()
        self._lanes: dict[Lane, queue.SimpleQueue[Job | None]] = {}
        self._threads: list[threading.Thread] = []
        self._children: set[Child] = set()
        self._closed = False

    def start(
        self,
        key: Key,
        work: Callable[..., Any],
        *arguments: Any,
        lane: Lane = "find",
        apart: bool = False,
        keep: Callable[[Any], None] | None = None,
        tells_task: bool = False,
        counts: dict[str, Any] | None = None,
    ) -> Task:
        """Begin with something; the task that does so already, if there is one.

        Args:
            key: what it is about.
            work: called with the arguments and ``tell`` (see `lookalike.progress.Progress`).
            arguments: picklable where ``apart``.
            lane: whose turn it waits for.
            apart: in a process of its own, so that pages do not wait for it.
            keep: takes the result, before the task is called done.
            tells_task: ``work`` gets the task in place of ``tell``, and looks itself at ``stopping``.
            counts: figures that the task begins with.

        Raises:
            PageError: other work for the same key is not done yet (409), or too much is (429).
        """
        with self._lock:
            open_tasks = [task for task in self._tasks.values() if not task.is_over]
            for task in open_tasks:
                if task.key == key:
                    if task.work is not work:
                        raise PageError.of(409, "other_work")
                    return task
            if len(open_tasks) >= MOST_AT_ONCE:
                raise PageError.of(429, "much_work")
            task = Task(secrets.token_urlsafe(9), key, work, counts=counts or {})
            self._tasks[task.id] = task
            over = [one.id for one in self._tasks.values() if one.is_over]
            for old in over[: max(0, len(self._tasks) - KEPT_TASKS)]:
                del self._tasks[old]
            told = task if tells_task else task.tell
            run = self._apart if apart else _here
            self._lane(lane).put(lambda: self._do(task, lambda: run(work, arguments, told), keep))
        return task

    def task(self, task_id: str, start: Key = ()) -> Task:
        """A task by its id, whose key begins with ``start``.

        Raises:
            PageError: there is none (404).
        """
        task = self._tasks.get(task_id)
        if task is None or task.key[: len(start)] != start:
            raise PageError.of(404, "no_task")
        return task

    def newest(self, key: Key) -> Task | None:
        """The newest task of a key."""
        with self._lock:
            return next((task for task in reversed(self._tasks.values()) if task.key == key), None)

    def stop(self, task: Task) -> None:
        """Ask a task to stop.

        One that waits is over at once, and its key can be started again; one that runs is when it looks at ``stopping``.
        """
        with self._lock:
            task.stopping.set()
            waited = task.state == "waiting"
            if waited:
                task.state = "stopped"
        if waited:
            task.change(state="stopped")  # those who watch are told without the lock

    def close(self, seconds: float = 10.0) -> None:
        """Ask every task to stop, end processes that are at work, and wait for a moment for what has to be written."""
        with self._lock:
            self._closed = True
            for task in self._tasks.values():
                task.stopping.set()
            for child in self._children:
                child.stop()
            for lane in self._lanes.values():
                lane.put(None)
            self._lanes.clear()
            threads, self._threads = self._threads, []
        end = time.monotonic() + seconds
        for thread in threads:
            thread.join(timeout=max(0.0, end - time.monotonic()))
        self._closed = False  # an application may be started again

    def _lane(self, name: Lane) -> queue.SimpleQueue[Job | None]:
        if name not in self._lanes:
            self._lanes[name] = queue.SimpleQueue()
            thread = threading.Thread(
                target=_serve, args=(self._lanes[name],), name=f"work-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return self._lanes[name]

    def _do(self, task: Task, run: Callable[[], Any], keep: Callable[[Any], None] | None) -> None:
        with self._lock:  # from here on `stop` no longer ends it by itself
            if task.is_over:
                return
            begins = not (task.stopping.is_set() or self._closed)
            task.state = "running" if begins else "stopped"
        task.change(state=task.state)
        if not begins:
            return
        try:
            found = run()
            if keep is not None:
                keep(found)
            task.change(state="done")
        except Stopped:
            task.change(state="stopped")
        except LookalikeError as error:
            log.error("%s: %s", task.key, error)
            task.change(error=task_text(error), state="failed")
        except Exception as error:  # a thread's traceback would be seen by nobody
            log.exception("%s", task.key)
            task.change(error=task_text(error), state="failed")

    def _apart(self, work: Callable[..., Any], arguments: tuple[Any, ...], told: Any) -> Any:
        """Compiled loops of UMAP and HDBSCAN in a process of their own do not hold up this one's pages."""
        child = Child(work, arguments)
        with self._lock:
            self._children.add(child)
            if self._closed:
                child.stop()
        try:
            return child.result(told)
        finally:
            with self._lock:
                self._children.discard(child)


def _here(work: Callable[..., Any], arguments: tuple[Any, ...], told: Any) -> Any:
    return work(*arguments, told)


def _serve(waiting: queue.SimpleQueue[Job | None]) -> None:
    """Body of a lane's thread."""
    while (job := waiting.get()) is not None:
        job()
