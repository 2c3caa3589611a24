"""Content ids of files, remembered so that a big set is hashed once."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lookalike.encoders.cache import cache_folder
from lookalike.errors import ImageError
from lookalike.images.files import read_file

_FILE = "content-ids.sqlite"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS contents "
    "(path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, content TEXT NOT NULL)"
)
_ASK_AT_ONCE = 500
_HASH_AT_ONCE = 2_000
_FRESH_NS = 2_000_000_000
"""A file changed less than this ago is not remembered: it could change again without its time telling."""

_Key = tuple[int, int]


def content_ids(files: Sequence[Path]) -> list[str]:
    """sha256 (hex) of the bytes of each file, in order.

    Files that kept path, size and modification time since an earlier call are not read again; what is
    known lies in one SQLite file of :func:`lookalike.encoders.cache_folder`. Without that file (no
    permission, damage) everything is hashed: it can cost time, never an error.

    Raises:
        ImageNotFound, ImageUnreadable, ImageEmpty, ImageTooLarge: a file cannot be read.
    """
    known = _hash(files, skip_unreadable=False)
    return [known[str(file.absolute())] for file in files]


def readable_content_ids(files: Sequence[Path]) -> list[tuple[str, Path]]:
    """As :func:`content_ids`, as (content id, file); files that cannot be read are left out."""
    known = _hash(files, skip_unreadable=True)
    named = ((known.get(str(file.absolute())), file) for file in files)
    return [(content, file) for content, file in named if content is not None]


def _hash(files: Sequence[Path], *, skip_unreadable: bool) -> dict[str, str]:
    paths = list(dict.fromkeys(str(file.absolute()) for file in files))
    known: dict[str, str] = {}
    for start in range(0, len(paths), _HASH_AT_ONCE):
        known.update(_hash_some(paths[start : start + _HASH_AT_ONCE], skip_unreadable))
    return known


def _hash_some(paths: Sequence[str], skip_unreadable: bool) -> dict[str, str]:
    keys = {path: _key(path) for path in paths}
    known = _recall(keys)
    fresh: dict[str, str] = {}
    try:
        for path in paths:
            if path not in known:
                with contextlib.suppress(*([ImageError] if skip_unreadable else [])):
                    fresh[path] = hashlib.sha256(read_file(path)).hexdigest()
    finally:
        # What was hashed before an error or an interruption need not be hashed again.
        _remember({path: (keys[path], content) for path, content in fresh.items()})
    return {**known, **fresh}


def _key(path: str) -> _Key | None:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None  # reading it raises the error that says why
    return status.st_size, status.st_mtime_ns


def _recall(keys: dict[str, _Key | None]) -> dict[str, str]:
    known: dict[str, str] = {}
    with contextlib.suppress(sqlite3.Error, OSError, UnicodeError), _opened() as connection:
        wanted = [path for path, key in keys.items() if key is not None]
        for start in range(0, len(wanted), _ASK_AT_ONCE):
            part = wanted[start : start + _ASK_AT_ONCE]
            marks = ",".join("?" * len(part))
            asked = f"SELECT path, size, mtime, content FROM contents WHERE path IN ({marks})"
            for path, size, mtime, content in connection.execute(asked, part):
                if keys[path] == (size, mtime):
                    known[path] = content
    return known


def _remember(fresh: dict[str, tuple[_Key | None, str]]) -> None:
    now = time.time_ns()
    rows = [
        (path, key[0], key[1], content)
        for path, (key, content) in fresh.items()
        # The file may have changed between looking and reading: only one that still looks the same counts.
        if key is not None and now - key[1] > _FRESH_NS and _key(path) == key
    ]
    if rows:
        with contextlib.suppress(sqlite3.Error, OSError, UnicodeError), _opened() as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?)", rows)


@contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    file = cache_folder() / _FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(file, timeout=5)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(_SCHEMA)
        yield connection
