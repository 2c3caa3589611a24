"""The journal of file moves: one JSON object a line, on disk before the next step is taken."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lookalike.errors import GalleryError, printable
from lookalike.gallery.move_files import sync_folder

VERSION = 1


@dataclass
class JournalEntry:
    """One file that was to be moved.

    Attributes:
        number: counts from 0 in the order of the moves.
        source: where the file was.
        target: where it goes.
        made: folders that were made for it, outermost first.
        state: ``intent`` (the move may have happened or not), ``done``, ``failed`` (it did not happen),
            ``undoing`` (it may be back or not), ``undone``.
    """

    number: int
    source: Path
    target: Path
    made: tuple[Path, ...]
    state: str = "intent"


class Journal:
    """Appends lines to a journal file, each synced to disk."""

    def __init__(self, path: Path, *, new: bool) -> None:
        self.path = path
        flags = os.O_WRONLY | os.O_APPEND | (os.O_CREAT | os.O_EXCL if new else 0)
        try:
            self._descriptor = os.open(path, flags, 0o644)
            if new:
                now = datetime.now().astimezone().isoformat(timespec="seconds")
                self.write("lookalike moves", version=VERSION, at=now)
                sync_folder(path.parent)
            else:
                os.write(self._descriptor, b"\n")  # a line torn by a crash must not swallow the next one
        except OSError as error:
            raise _failure(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write(self, event: str, **fields: Any) -> None:
        """Append one line and wait until it is on disk.

        Raises:
            GalleryError: it cannot be written; nothing may be moved then.
        """
        line = json.dumps({"event": event, **fields}).encode() + b"\n"
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(self._descriptor, view) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise _failure(self.path, error) from error


def new_journal(folder: Path) -> Journal:
    """A journal of its own name in ``folder``, which is made when absent.

    Raises:
        GalleryError: the folder cannot be written.
    """
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failure(folder, error) from error
    for attempt in range(1000):
        suffix = f"-{attempt}" if attempt else ""
        path = folder / f"lookalike-moves-{stamp}{suffix}.jsonl"
        if not path.exists():
            return Journal(path, new=True)
    raise GalleryError(f"{printable(str(folder))}: no free name for a journal; move older journals elsewhere")


def read_journal(path: Path) -> list[JournalEntry]:
    """The moves of a journal in order, each with its last state; a torn line is passed over.

    Raises:
        GalleryError: the file cannot be read or is no journal of lookalike.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise GalleryError(
            f"journal {printable(str(path))} cannot be read: {error.strerror}; name the .jsonl file that "
            "the moves were reported with"
        ) from error
    events = [event for event in map(_parse, lines) if event is not None]
    if not events or events[0].get("event") != "lookalike moves" or events[0].get("version") != VERSION:
        raise GalleryError(
            f"{printable(str(path))} is no journal of moves that this version of lookalike understands; "
            "name the .jsonl file that the moves were reported with"
        )
    entries: dict[int, JournalEntry] = {}
    for event in events[1:]:
        number = int(event.get("number", -1))
        if event["event"] == "intent":
            made = tuple(Path(folder) for folder in event.get("made", ()))
            entries[number] = JournalEntry(number, Path(event["source"]), Path(event["target"]), made)
        elif number in entries:
            entries[number].state = str(event["event"])
    return list(entries.values())


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "event" in value else None


def _failure(path: Path, error: OSError) -> GalleryError:
    reason = error.strerror or str(error)
    return GalleryError(
        f"journal {printable(str(path))} cannot be written: {reason}; nothing more was moved; "
        "make room or name another folder"
    )
