"""Indexing that was started from a page: one job at a time, counts while it runs, and a way to stop it."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lookalike.errors import LookalikeError
from lookalike.web.faults import PageError

if TYPE_CHECKING:
    from lookalike.gallery import IndexReport
    from lookalike.web.served_gallery import ServedGallery

State = Literal["waiting", "running", "done", "stopped", "failed"]
KEPT_JOBS = 50


class _Stopped(LookalikeError):
    """Raised out of the progress callback: what was committed stays."""


@dataclass
class Job:
    """One run of indexing.

    Attributes:
        id: random.
        gallery: its name.
        root: which of the server's folders.
        state: waiting, running, done, stopped or failed.
        total: images in the folder; None while they are counted.
        report: counts so far, as `IndexReport.to_dict`.
        error: why it failed.
    """

    id: str
    gallery: str
    root: int
    state: State = "waiting"
    total: int | None = None
    report: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    started: float = field(default_factory=time.time)
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def active(self) -> bool:
        """Whether it will go on."""
        return self.state in ("waiting", "running")

    @property
    def done(self) -> int:
        """Files dealt with."""
        return sum(int(self.report.get(key, 0)) for key in ("indexed", "unchanged", "moved", "problems"))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; bad files are named by their last part only."""
        counts = {key: value for key, value in self.report.items() if key != "problem_list"}
        return {
            "id": self.id, "gallery": self.gallery, "root": self.root, "state": self.state, "total": self.total,
            "done": self.done, "error": self.error or None, "counts": counts,
        }  # fmt: skip


class Jobs:
    """All jobs of this server, the newest last."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, served: ServedGallery, root: int, folder: str) -> Job:
        """Index a folder into a gallery.

        Raises:
            PageError: the gallery is being indexed already (409).
        """
        with self._lock:
            if any(job.active and job.gallery == served.name for job in self._jobs.values()):
                raise PageError(409, "this gallery is being indexed already")
            job = Job(secrets.token_urlsafe(9), served.name, root)
            self._jobs[job.id] = job
            while len(self._jobs) > KEPT_JOBS:
                self._jobs.popitem(last=False)
            thread = threading.Thread(target=self._run, args=(job, served, folder), daemon=True)
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()
        return job

    def get(self, job_id: str) -> Job:
        """A job.

        Raises:
            PageError: there is none of that id (404).
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise PageError(404, "there is no such job")
        return job

    def of(self, gallery: str) -> Job | None:
        """The newest job of a gallery."""
        with self._lock:
            return next((job for job in reversed(self._jobs.values()) if job.gallery == gallery), None)

    def close(self) -> None:
        """Ask every job to stop, and wait for a moment."""
        for job in list(self._jobs.values()):
            job.stopping.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self, job: Job, served: ServedGallery, folder: str) -> None:
        def show(report: IndexReport) -> None:
            job.report = report.to_dict()
            if job.stopping.is_set():
                raise _Stopped("stopped")

        with self._turn:
            try:
                if job.stopping.is_set():
                    raise _Stopped("stopped")
                job.state = "running"
                job.report = served.index(folder, show, lambda total: setattr(job, "total", total)).to_dict()
                job.state = "done"
            except _Stopped:
                job.state = "stopped"
            except LookalikeError as error:
                job.error, job.state = str(error), "failed"
            except Exception as error:  # a thread's traceback would be seen by nobody
                job.error, job.state = f"{type(error).__name__}: {error}", "failed"
