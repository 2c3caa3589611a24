"""Indexing that was started from a page: counts while it runs, and a way to stop it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.web.faults import PageError
from lookalike.web.work import Stopped, Task

if TYPE_CHECKING:
    from lookalike.gallery import IndexReport
    from lookalike.web.context import AppContext
    from lookalike.web.served_gallery import ServedGallery

DEALT_WITH = ("indexed", "unchanged", "moved", "problems")
"""Counts of a report that make up the files that are done."""


def start_job(context: AppContext, gallery: str, root: int) -> Task:
    """Index one of the server's folders into a gallery.

    Raises:
        PageError: no such gallery or folder (404), or the gallery is being indexed already (409).
    """
    served = context.gallery(gallery)
    if not 0 <= root < len(context.settings.roots):
        raise PageError.of(404, "no_root")
    newest = job_of(context, gallery)
    if newest is not None and not newest.is_over:
        raise PageError.of(409, "indexing")
    folder = str(Path(context.settings.roots[root]).absolute())
    counts = {**_counts({}), "root": root}
    return context.work.start(
        (gallery, "index"), index_folder, served, folder, lane="index", tells_task=True, counts=counts
    )


def job_of(context: AppContext, gallery: str) -> Task | None:
    """The newest run of indexing of a gallery."""
    return context.work.newest((gallery, "index"))


def job_by_id(context: AppContext, job_id: str) -> Task:
    """A run of indexing.

    Raises:
        PageError: there is none of that id (404).
    """
    task = context.work.task(job_id)
    if task.key[1:] != ("index",):
        raise PageError.of(404, "no_task")
    return task


def index_folder(served: ServedGallery, folder: str, task: Task) -> None:
    """Body of the task; what was committed stays when it is stopped.

    Raises:
        Stopped: somebody asked for it.
        LookalikeError: as `Gallery.index`.
    """

    def show(report: IndexReport) -> None:
        counts = report.to_dict()
        done = sum(int(counts.get(key, 0)) for key in DEALT_WITH)
        task.change(counts={**task.counts, **_counts(counts)}, done=done)

    def go_on(report: IndexReport) -> None:
        show(report)
        if task.stopping.is_set():
            raise Stopped("stopped")

    show(served.index(folder, go_on, lambda total: task.change(total=total)))


def _counts(report: dict[str, Any]) -> dict[str, Any]:
    """The figures of a report without the list of bad files, whose places are not for everybody."""
    empty = {"indexed": 0, "problems": 0, "images_per_second": 0.0}
    return {**empty, **{key: value for key, value in report.items() if key != "problem_list"}}


def job_dict(task: Task) -> dict[str, Any]:
    """As `JobAnswer` has it."""
    counts = {key: value for key, value in task.counts.items() if key != "root"}
    return {
        "id": task.id, "gallery": task.key[0], "root": task.counts.get("root", 0), "state": task.state,
        "total": task.total, "done": task.done, "error": task.error or None, "counts": counts,
    }  # fmt: skip
