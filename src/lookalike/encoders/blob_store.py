"""Bytes kept on disk by content and encoder fingerprint, so that nothing is computed twice.

One SQLite file (write-ahead log) for each encoder fingerprint. Several threads and processes may use it at
once, a process may be killed at any moment, and a damaged file is moved aside: a store can cost time, never
an error.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self, TypeVar

from lookalike.errors import InvalidArgument

CACHE_VARIABLE = "LOOKALIKE_CACHE"
"""Environment variable: where caches lie instead of the user's cache folder."""

WAIT_SECONDS = 30.0
_ASK_AT_ONCE = 500
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS embeddings "
    "(content TEXT PRIMARY KEY, vector BLOB NOT NULL, crc INTEGER NOT NULL)"
)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

T = TypeVar("T")


def cache_folder() -> Path:
    """$LOOKALIKE_CACHE, or the user's cache folder of this system; it may not exist yet."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("lookalike", appauthor=False)


class StoreFolder:
    """A folder of :class:`BlobStore` files, one for each encoder fingerprint.

    Args:
        folder: where the files lie; it is made when something is first kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stores: dict[str, BlobStore] = {}
        self._lock = threading.Lock()

    def size(self) -> int:
        """Bytes on disk, over all encoders."""
        total = 0
        for file in self._files():
            with contextlib.suppress(OSError):
                total += file.stat().st_size
        return total

    def count(self, fingerprint: str) -> int:
        """How many images are kept for one encoder."""
        return self._store(fingerprint).count()

    def clear(self) -> None:
        """Forget everything, in this cache's folder."""
        self.close()
        for file in self._files():
            with contextlib.suppress(OSError):
                file.unlink()

    def close(self) -> None:
        """Close the files; the cache opens them again when it is used again."""
        with self._lock:
            for store in self._stores.values():
                store.close()
            self._stores.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _files(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            yield from list(self.folder.glob("*.sqlite*"))

    def _store(self, fingerprint: str) -> BlobStore:
        if not fingerprint.isalnum():
            raise InvalidArgument(f"an encoder fingerprint is letters and digits, got {fingerprint!r}")
        with self._lock:
            store = self._stores.get(fingerprint)
            if store is None:
                store = self._stores[fingerprint] = BlobStore(self.folder / f"{fingerprint}.sqlite")
            return store


class BlobStore:
    """One SQLite file of rows (content id, bytes, crc32 of the bytes).

    Opened when first used, and again in a forked child or after damage. A file that cannot be used answers
    with nothing and takes nothing; it never raises.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._inode = 0
        self._lock = threading.Lock()

    def read(self, content_ids: list[str]) -> dict[str, bytes]:
        """Those of the wanted rows that are there and whole: content id -> bytes."""

        def ask(connection: sqlite3.Connection) -> list[tuple[str, bytes, int]]:
            found: list[tuple[str, bytes, int]] = []
            for start in range(0, len(content_ids), _ASK_AT_ONCE):
                part = content_ids[start : start + _ASK_AT_ONCE]
                marks = ",".join("?" * len(part))
                found += connection.execute(
                    f"SELECT content, vector, crc FROM embeddings WHERE content IN ({marks})", part
                )
            return found

        rows: list[tuple[str, bytes, int]] = self._guarded(ask, [])
        return {
            content: blob
            for content, blob, crc in rows
            if isinstance(blob, bytes) and zlib.crc32(blob) == crc
        }

    def write(self, blobs: Mapping[str, bytes]) -> None:
        """Keep content id -> bytes; a row that is there already is replaced."""
        rows = [(content, blob, zlib.crc32(blob)) for content, blob in blobs.items()]

        def put(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)

        self._guarded(put, None)

    def count(self) -> int:
        return self._guarded(lambda c: int(c.execute("SELECT count(*) FROM embeddings").fetchone()[0]), 0)

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _guarded(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """``work`` on the open file; a damaged one is moved aside and a new one tried. Else ``otherwise``."""
        with self._lock:
            for _ in range(2):
                try:
                    return work(self._open())
                except (sqlite3.Error, OSError, OverflowError) as error:
                    damaged = isinstance(error, sqlite3.DatabaseError) and self._is_damage(error)
                    self._drop()
                    if not damaged:
                        return (
                            otherwise  # full or read-only disk, or another process holds the file very long
                        )
                    self._move_aside()
            return otherwise

    @staticmethod
    def _is_damage(error: sqlite3.DatabaseError) -> bool:
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _DAMAGE:
            return True
        # A sound SQLite file that is not this cache: its table is missing or has other columns.
        return isinstance(error, sqlite3.OperationalError) and "column" in str(error)

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._owner == os.getpid():
            return self._connection
        self._connection = None  # a connection must not be carried over a fork, nor closed there
        self.file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.file, timeout=WAIT_SECONDS, check_same_thread=False)
        try:
            self._inode = self.file.stat().st_ino
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        self._connection, self._owner = connection, os.getpid()
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._owner == os.getpid():
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _move_aside(self) -> None:
        """Rename the damaged file, unless another process did so already."""
        with contextlib.suppress(OSError):
            if self.file.stat().st_ino != self._inode:
                return
            mark = f".damaged-{time.time_ns()}"
            # The log first: a new file must not find the log of the old one.
            for ending in ("-wal", "-shm", ""):
                part = self.file.with_name(self.file.name + ending)
                with contextlib.suppress(FileNotFoundError):
                    part.rename(part.with_name(part.name + mark))
