"""Put duplicates aside and bring them back. Files are moved, never deleted or overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lookalike.errors import InvalidArgument, printable
from lookalike.gallery.duplicates import DuplicateImage, Duplicates
from lookalike.gallery.move_files import move, part_of, same_bytes, same_file
from lookalike.gallery.move_journal import Journal, JournalEntry, new_journal, read_journal
from lookalike.images.files import file_sha256


@dataclass(frozen=True)
class Move:
    """A file that was moved from ``source`` to ``target``."""

    source: Path
    target: Path
    bytes: int


@dataclass(frozen=True)
class NotMoved:
    """A file that stayed where it was, and why."""

    path: str
    reason: str


@dataclass
class MoveReport:
    """What :func:`apply` did.

    Attributes:
        journal: the file to hand to :func:`undo`; None when nothing was to be moved.
        moved: in order.
        not_moved: files that stayed, each with its reason.
    """

    journal: Path | None = None
    moved: list[Move] = field(default_factory=list)
    not_moved: list[NotMoved] = field(default_factory=list)

    @property
    def bytes_moved(self) -> int:
        """Total size of the moved files."""
        return sum(move.bytes for move in self.moved)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "journal": None if self.journal is None else str(self.journal),
            "moved": [{"from": str(m.source), "to": str(m.target), "bytes": m.bytes} for m in self.moved],
            "not_moved": [{"path": n.path, "reason": n.reason} for n in self.not_moved],
            "bytes_moved": self.bytes_moved,
        }


@dataclass
class UndoReport:
    """What :func:`undo` did.

    Attributes:
        restored: files that were brought back.
        already: files that were in their place already.
        not_restored: files that could not be brought back, each with its reason.
    """

    restored: list[Path] = field(default_factory=list)
    already: list[Path] = field(default_factory=list)
    not_restored: list[NotMoved] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "restored": [str(path) for path in self.restored],
            "already": [str(path) for path in self.already],
            "not_restored": [{"path": n.path, "reason": n.reason} for n in self.not_restored],
        }


def apply(
    duplicates: Duplicates, folder: str | Path, *, journal_folder: str | Path | None = None
) -> MoveReport:
    """Move every image that is not kept into ``folder``, below which it keeps its relative place.

    A file stays, and the report says why, when it has changed since it was indexed, when the image kept in
    its place is gone or changed, when it is a symbolic link or a member of an archive, or when the file
    system refuses. Each move is written to a journal before and after it happens, so that :func:`undo`
    works even after ``kill -9``.

    Args:
        duplicates: from :func:`lookalike.gallery.duplicates.find_duplicates`.
        folder: where the files go; made when absent.
        journal_folder: where the journal is written; ``folder`` unless named.

    Raises:
        InvalidArgument: ``folder`` is a file.
        GalleryError: the journal cannot be written; nothing more is moved then.
    """
    aside = Path(folder).expanduser().absolute()
    if aside.exists() and not aside.is_dir():
        raise InvalidArgument(
            f"{printable(str(aside))} is not a folder; name a folder to move duplicates into"
        )
    report = MoveReport()
    if not duplicates.groups:
        return report
    root = _common_root(duplicates)
    journals = Path(journal_folder).expanduser().absolute() if journal_folder else aside
    with new_journal(journals) as journal:
        report.journal = journal.path
        for group in duplicates.groups:
            kept_fault = _fault(group.keep, may_be_member=True)
            for image in group.drop:
                reason = (
                    f"the image kept in its place {kept_fault}"
                    if kept_fault
                    else _obstacle(image, group.keep)
                )
                reason = reason or _inside(Path(image.path), aside)
                if reason:
                    report.not_moved.append(NotMoved(image.path, reason))
                else:
                    _put_aside(image, aside, root, journal, report)
    if not report.moved and not read_journal(report.journal):
        report.journal.unlink(missing_ok=True)  # nothing was even tried: there is nothing to undo
        report.journal = None
    return report


def undo(journal: str | Path) -> UndoReport:
    """Bring the files of a journal back to where they were, last moved first. May be repeated.

    Nothing is overwritten: a file whose old place is taken stays, and the report says so. Folders that were
    made for the moved files are removed when they have become empty.

    Raises:
        GalleryError: the journal cannot be read or written.
    """
    path = Path(journal).expanduser().absolute()
    entries = read_journal(path)
    report = UndoReport()
    with Journal(path, new=False) as log:
        for entry in reversed(entries):
            try:
                _bring_back(entry, log, report)
            except OSError as error:
                report.not_restored.append(NotMoved(str(entry.source), _words(error)))
    return report


def _common_root(duplicates: Duplicates) -> Path:
    """Deepest folder that holds every file of the groups (archive members do not count)."""
    parents = [
        str(Path(image.path).parent)
        for group in duplicates.groups
        for image in (group.keep, *group.drop)
        if os.path.lexists(image.path)
    ]
    try:
        return Path(os.path.commonpath(parents)) if parents else Path(os.sep)
    except ValueError:  # several drives
        return Path(os.sep)


def _fault(image: DuplicateImage, *, may_be_member: bool = False) -> str:
    """Why the file is not what was indexed; "" when it is."""
    path = Path(image.path)
    try:
        if not os.path.lexists(path):
            archive, member, _ = image.path.partition("::")
            if member and Path(archive).is_file():
                return "" if may_be_member else "is a member of an archive, which is left as it is"
            return "is no longer there"
        status = path.stat()
        if image.signature == f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}":
            return ""
        # Renaming, touching and chmod change the signature but not the image.
        if status.st_size == image.bytes and file_sha256(path) == image.content:
            return ""
    except OSError as error:
        return f"cannot be read ({_words(error)})"
    return "has changed since it was indexed; index again"


def _obstacle(image: DuplicateImage, keep: DuplicateImage) -> str:
    """Why this file must not be moved; "" when it may."""
    path = Path(image.path)
    if path.is_symlink():
        return "is a symbolic link"
    if fault := _fault(image):
        return fault
    if os.path.realpath(path) == os.path.realpath(keep.path):
        return "is the very file that the kept image links to"
    return ""


def _inside(path: Path, folder: Path) -> str:
    return "is in that folder already" if path.is_relative_to(folder) else ""


def _put_aside(image: DuplicateImage, aside: Path, root: Path, journal: Journal, report: MoveReport) -> None:
    source = Path(image.path)
    place = source.relative_to(root) if source.is_relative_to(root) else Path(*source.parts[1:])
    number = len(report.moved) + len(report.not_moved)
    try:
        target = _free_name(aside / place)
        while True:
            made = _missing_folders(target.parent)
            journal.write(
                "intent", number=number, source=str(source), target=str(target), made=[str(f) for f in made]
            )
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                move(source, target)
                break
            except FileExistsError:  # taken since the name was chosen
                journal.write("failed", number=number)
                target = _free_name(target)
    except OSError as error:
        journal.write("failed", number=number)
        report.not_moved.append(NotMoved(image.path, _words(error)))
        return
    journal.write("done", number=number)
    report.moved.append(Move(source, target, image.bytes))


def _free_name(wanted: Path) -> Path:
    """``wanted``, or name-1.jpg, name-2.jpg ... where something is there."""
    name, count = wanted, 0
    while os.path.lexists(name):
        count += 1
        name = wanted.with_name(f"{wanted.stem}-{count}{wanted.suffix}")
    return name


def _missing_folders(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing[::-1]


def _bring_back(entry: JournalEntry, log: Journal, report: UndoReport) -> None:
    if entry.state in ("undone", "failed"):
        if entry.state == "undone":
            report.already.append(entry.source)
        return
    here, away = os.path.lexists(entry.source), os.path.lexists(entry.target)
    interrupted = entry.state in ("intent", "undoing")
    if interrupted:
        # A copy that a kill left half made: the whole file is still on the other side.
        for part, whole in ((part_of(entry.target), here), (part_of(entry.source), away)):
            if whole:
                part.unlink(missing_ok=True)
    if here and away and same_file(entry.source, entry.target):
        log.write("undoing", number=entry.number)
        entry.target.unlink()
    elif here and away and interrupted and same_bytes(entry.source, entry.target):
        entry.target.unlink()
    elif here and away and entry.state != "intent":
        reason = f"its old place is taken by another file; it stays at {printable(str(entry.target))}"
        report.not_restored.append(NotMoved(str(entry.source), reason))
        return
    elif here:
        report.already.append(entry.source)
        log.write("undone", number=entry.number)
        _remove_empty(entry.made)
        return
    elif away:
        log.write("undoing", number=entry.number)
        entry.source.parent.mkdir(parents=True, exist_ok=True)
        move(entry.target, entry.source)
    else:
        reason = f"is neither in its old place nor at {printable(str(entry.target))}"
        report.not_restored.append(NotMoved(str(entry.source), reason))
        return
    log.write("undone", number=entry.number)
    report.restored.append(entry.source)
    _remove_empty(entry.made)


def _remove_empty(folders: tuple[Path, ...]) -> None:
    for folder in reversed(folders):
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone: either way not ours to remove
            return


def _words(error: OSError) -> str:
    return error.strerror or str(error)
