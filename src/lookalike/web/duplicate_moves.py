"""Files that were decided to go are moved to the folder that the server was started with, and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.gallery.duplicates import DuplicateGroup, Duplicates
from lookalike.gallery.file_moves import MoveReport, UndoReport, apply, undo
from lookalike.gallery.move_journal import read_journal
from lookalike.progress import Progress
from lookalike.web.duplicate_review import Decisions, Review
from lookalike.web.duplicate_search import ReviewGroup
from lookalike.web.faults import PageError

if TYPE_CHECKING:
    from lookalike.web.served_gallery import ServedGallery


def decided(groups: Sequence[ReviewGroup], decisions: Decisions) -> list[DuplicateGroup]:
    """Groups with one image to keep and at least one to move, as `lookalike.gallery.file_moves.apply` takes them."""
    found = []
    for group in groups:
        drop = decisions.get(group.key, frozenset())
        kept = [image for image in group.images if image.id not in drop]
        gone = tuple(image for image in group.images if image.id in drop)
        if kept and gone:
            found.append(replace(group.group, keep=kept[0], drop=gone))
    return found


def aside_of(aside: Path | None, gallery: str) -> Path:
    """Where files of a gallery go.

    Raises:
        PageError: the server was started without such a folder (409).
    """
    if aside is None:
        raise PageError(
            409, "this server moves no files; start it with a folder for duplicates that go aside"
        )
    return aside.expanduser().absolute() / gallery


def move_aside(
    served: ServedGallery, groups: Sequence[DuplicateGroup], folder: Path, review: Review, tell: Progress
) -> MoveReport:
    """Move what is decided to go; the gallery then leaves those images out, and the decisions are done with.

    Raises:
        PageError: the folder lies inside one that is indexed (409).
        LookalikeError: the journal cannot be written.
    """
    sources = set(served.gallery.rows(["source"], missing=True).column("source").to_pylist())
    if any(folder.is_relative_to(source) for source in sources if Path(source).is_dir()):
        raise PageError(
            409, "the folder for duplicates lies inside a folder that is indexed; choose another at start"
        )
    tell("moving", 0, sum(len(group.drop) for group in groups))
    found = Duplicates(tuple(groups), None, 0, 0, ())
    report = apply(found, folder)
    if report.moved:
        served.gallery.mark_files([str(move.source) for move in report.moved], missing=True, wait=30.0)
    review.clear()
    served.forget()
    return report


def last_journal(folder: Path) -> tuple[Path, int] | None:
    """The newest journal with files that can be brought back, and how many these are."""
    try:
        journals = sorted(folder.glob("lookalike-moves-*.jsonl"), reverse=True)
    except OSError:
        return None
    for journal in journals:
        count = sum(entry.state not in ("undone", "failed") for entry in read_journal(journal))
        if count:
            return journal, count
    return None


def bring_back(served: ServedGallery, folder: Path, tell: Progress) -> UndoReport:
    """Undo the newest move.

    Raises:
        PageError: there is nothing to bring back (409).
        LookalikeError: the journal cannot be read or written.
    """
    newest = last_journal(folder)
    if newest is None:
        raise PageError(409, "there is nothing to bring back")
    tell("restoring", 0, newest[1])
    report = undo(newest[0])
    back = [str(path) for path in (*report.restored, *report.already)]
    if back:
        served.gallery.mark_files(back, missing=False, wait=30.0)
    served.forget()
    return report
