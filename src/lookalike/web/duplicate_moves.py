"""Files that were decided to go are moved to the folder that the server was started with, and brought back."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.errors import GalleryLocked, LookalikeError
from lookalike.gallery.duplicates import DuplicateGroup, Duplicates
from lookalike.gallery.file_moves import Move, MoveReport, NotMoved, UndoReport, apply, undo
from lookalike.gallery.lock import write_lock
from lookalike.gallery.move_journal import JournalEntry, read_journal
from lookalike.progress import Progress
from lookalike.web.duplicate_review import Decisions, Review
from lookalike.web.duplicate_search import ReviewGroup
from lookalike.web.faults import PageError

if TYPE_CHECKING:
    from lookalike.web.served_gallery import ServedGallery

log = logging.getLogger(__name__)
WAIT = 10.0
"""Seconds to wait for another writer of the gallery."""


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
        raise PageError.of(409, "moves_no_files")
    return aside.expanduser().absolute() / gallery


def move_aside(
    served: ServedGallery,
    groups: Sequence[ReviewGroup],
    decisions: Decisions,
    folder: Path,
    review: Review,
    tell: Progress,
) -> MoveReport:
    """Move what is decided to go; the gallery then leaves those images out, and these decisions are done with.

    Raises:
        PageError: the folder lies inside one that is indexed, or the gallery is being written to (409).
        LookalikeError: the journal cannot be written; nothing was moved.
    """
    sources = set(served.gallery.rows(["source"], missing=True).column("source").to_pylist())
    place = folder.resolve()
    if any(place.is_relative_to(Path(source).resolve()) for source in sources if Path(source).is_dir()):
        raise PageError.of(409, "aside_inside")
    going = decided(groups, decisions)
    tell("moving", 0, sum(len(group.drop) for group in going))
    with _writing(served):
        report = _apply(going, folder)
        _mark(served, [str(move.source) for move in report.moved], missing=True)
    moved = {move.source for move in report.moved}
    done = {}
    for group in groups:
        drop = decisions.get(group.key, frozenset())
        if drop and all(Path(image.path) in moved for image in group.images if image.id in drop):
            done[group.key] = drop
    review.forget(done)
    _read_anew(served)
    return report


def last_journal(folder: Path) -> tuple[Path, int] | None:
    """The newest journal with files that can be brought back, and how many these are."""
    try:
        journals = sorted(folder.glob("lookalike-moves-*.jsonl"), reverse=True)
    except OSError:
        return None
    for journal in journals:
        count = len(_still_aside(journal))
        if count:
            return journal, count
    return None


def bring_back(served: ServedGallery, folder: Path, tell: Progress) -> UndoReport:
    """Undo the newest move.

    Raises:
        PageError: there is nothing to bring back, or the gallery is being written to (409).
        LookalikeError: the journal cannot be read or written; nothing was brought back.
    """
    with _writing(served):
        newest = last_journal(folder)
        if newest is None:
            raise PageError.of(409, "nothing_back")
        tell("restoring", 0, newest[1])
        report = _undo(newest[0])
        _mark(served, [str(path) for path in (*report.restored, *report.already)], missing=False)
    _read_anew(served)
    return report


def _still_aside(journal: Path) -> list[JournalEntry]:
    """Entries whose file is where it was moved to; none where the file is no journal."""
    try:
        entries = read_journal(journal)
    except (LookalikeError, KeyError, TypeError, ValueError):
        return []
    return [e for e in entries if e.state not in ("undone", "failed") and os.path.lexists(e.target)]


@contextlib.contextmanager
def _writing(served: ServedGallery) -> Iterator[None]:
    """Hold the gallery's write lock, so that what is moved can be noted at once."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(write_lock(served.gallery.location, wait=WAIT))
        except GalleryLocked as error:
            raise PageError.of(409, "being_written") from error
        yield


def _apply(groups: Sequence[DuplicateGroup], folder: Path) -> MoveReport:
    """As `apply`; where it breaks off, a report of what had been moved by then."""
    try:
        return apply(Duplicates(tuple(groups), None, 0, 0, ()), folder)
    except LookalikeError as error:
        newest = last_journal(folder)
        images = {Path(image.path): image for group in groups for image in group.drop}
        moved = [
            Move(entry.source, entry.target, images[entry.source].bytes)
            for entry in (_still_aside(newest[0]) if newest else ())
            if entry.source in images and not os.path.lexists(entry.source)
        ]
        if newest is None or not moved:
            raise
        gone = {move.source for move in moved}
        left = [NotMoved(str(path), str(error)) for path in images if path not in gone]
        return MoveReport(newest[0], moved, left)


def _undo(journal: Path) -> UndoReport:
    """As `undo`; where it breaks off, a report of what had been brought back by then."""
    before = _still_aside(journal)
    try:
        return undo(journal)
    except LookalikeError as error:
        report = UndoReport()
        for entry in before:
            if os.path.lexists(entry.source) and not os.path.lexists(entry.target):
                report.restored.append(entry.source)
            else:
                report.not_restored.append(NotMoved(str(entry.source), str(error)))
        if not report.restored:
            raise
        return report


def _mark(served: ServedGallery, paths: Sequence[str], *, missing: bool) -> None:
    """As `Gallery.mark_files`, for who holds the lock; a failure must not hide which files were moved."""
    if not paths:
        return
    wanted, gallery = set(paths), served.gallery
    try:
        gallery.refresh()
        rows = gallery.rows(["id", "path"], missing=True).to_pylist()
        gallery.store.mark_missing([row["id"] for row in rows if row["path"] in wanted], missing=missing)
    except Exception as error:  # Lance raises errors of many types
        log.warning("gallery %s: moved files are not noted, index again: %s", served.name, error)


def _read_anew(served: ServedGallery) -> None:
    try:
        served.forget()
    except Exception as error:  # the files are moved; the next look at the record reads it
        log.warning("gallery %s: %s", served.name, error)
