"""Content ids of files, remembered so that a big set is hashed once."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lookalike.encoders.cache import cache_folder
from lookalike.errors import ImageError
from lookalike.images.files import content_id, read_file
from lookalike.progress import Progress

_FILE = "content-ids.sqlite"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS contents "
    "(path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, content TEXT NOT NULL)"
)
_ASK_AT_ONCE = 500
_HASH_AT_ONCE = 2_000
_FRESH_NS = 2_000_000_000
"""A file changed less than this ago is not remembered: it could change again without its time telling."""

HASHING = "reading the images (their content names them)"
LOOKING = "looking for the images"
_TELL_EVERY = 16

_Key = tuple[int, int]


def content_ids(files: Sequence[Path], progress: Progress | None = None) -> list[str]:
    """sha256 (hex) of the bytes of each file, in order.

    Files that kept path, size and modification time since an earlier call are not read again; what is
    known lies in one SQLite file of :func:`lookalike.encoders.cache_folder`. Without that file (no
    permission, damage) everything is hashed: it can cost time, never an error.

    Args:
        files: to be read.
        progress: told how many of the different files are known.

    Raises:
        ImageNotFound, ImageUnreadable, ImageEmpty, ImageTooLarge: a file cannot be read.
    """
    known = _hash(files, progress, None)
    return [known[str(file.absolute())] for file in files]


def readable_content_ids(files: Sequence[Path], progress: Progress | None = None) -> list[tuple[str, Path]]:
    """As :func:`content_ids`, as (content id, file); files that cannot be read are left out."""
    found, _ = hashed(files, progress)
    return [(found[file], file) for file in files if file in found]


def hashed(
    files: Sequence[Path], progress: Progress | None = None
) -> tuple[dict[Path, str], dict[Path, ImageError]]:
    """As :func:`content_ids`: (file -> content id, file that cannot be read -> why)."""
    wrong: dict[str, ImageError] = {}
    known = _hash(files, progress, wrong)
    named = {file: str(file.absolute()) for file in files}
    return (
        {file: known[path] for file, path in named.items() if path in known},
        {file: wrong[path] for file, path in named.items() if path in wrong},
    )


def _hash(
    files: Sequence[Path], progress: Progress | None, wrong: dict[str, ImageError] | None
) -> dict[str, str]:
    """Path -> content id; errors are raised where ``wrong`` is None, else collected there."""
    paths = list(dict.fromkeys(str(file.absolute()) for file in files))
    known: dict[str, str] = {}
    for start in range(0, len(paths), _HASH_AT_ONCE):

        def tell(done: int, before: int = start) -> None:
            if progress is not None:
                progress(HASHING, before + done, len(paths))

        known.update(_hash_some(paths[start : start + _HASH_AT_ONCE], tell, wrong))
    return known


def _hash_some(
    paths: Sequence[str], tell: Callable[[int], None], wrong: dict[str, ImageError] | None
) -> dict[str, str]:
    keys = {path: _key(path) for path in paths}
    known = _recall(keys)
    fresh: dict[str, str] = {}
    missing = [path for path in paths if path not in known]
    tell(len(known))
    try:
        for number, path in enumerate(missing, 1):
            try:
                fresh[path] = content_id(read_file(path))
            except ImageError as error:
                if wrong is None:
                    raise
                wrong[path] = error
            if number % _TELL_EVERY == 0 or number == len(missing):
                tell(len(known) + number)
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
