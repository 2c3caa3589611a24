"""Bytes out of the file system, never blocking and never surprised: every failure is a typed ImageError."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.errors import ImageEmpty, ImageNotFound, ImageTooLarge, ImageUnreadable

MAX_FILE_BYTES = 1 << 30
"""Larger files are refused: no single photograph needs a gibibyte, and a sparse file could ask for all
memory."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: str) -> bytes:
    """The whole content of a regular file.

    Raises:
        ImageNotFound: nothing there, or a folder, FIFO, socket or device.
        ImageUnreadable: no permission, or the disk fails.
        ImageEmpty: zero bytes.
        ImageTooLarge: more than `MAX_FILE_BYTES`.
    """
    with _errors(path):
        # The look before opening matters: opening a device can have effects, opening a FIFO could block.
        _regular(path, os.stat(path))  # noqa: PTH116
        descriptor = os.open(path, _FLAGS)
        try:
            size = _regular(path, os.fstat(descriptor)).st_size
            if size > MAX_FILE_BYTES:
                raise ImageTooLarge(path, f"the file has {size:,} bytes, the limit is {MAX_FILE_BYTES:,}")
            data = _read_all(descriptor, size)
        finally:
            os.close(descriptor)
    if not data:
        raise ImageEmpty(path, "the file is empty (0 bytes)")
    return data


def content_id(data: bytes) -> str:
    """The name that the bytes of an image's file give it everywhere: their sha256, hex."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(file: Path) -> str:
    """sha256 (hex) of a file's bytes, read piece by piece; of an image's file the same as :func:`content_id`.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_signature(path: str) -> str:
    """``size:mtime_ns:ctime_ns``: cheap, and different after any ordinary change of the file.

    Raises:
        ImageNotFound, ImageUnreadable: as for `read_file`.
    """
    with _errors(path):
        status = _regular(path, os.stat(path))  # noqa: PTH116
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:  # one call is the rule; the extra byte tells whether the file grew meanwhile
        return data
    parts = [data]
    total = len(data)
    while parts[-1] and total <= MAX_FILE_BYTES:
        parts.append(os.read(descriptor, 1 << 20))
        total += len(parts[-1])
    return b"".join(parts)


def _regular(path: str, status: os.stat_result) -> os.stat_result:
    if stat.S_ISREG(status.st_mode):
        return status
    kind = next((words for test, words in _KINDS if test(status.st_mode)), "something else")
    raise ImageNotFound(path, f"is {kind}, not a file")


@contextmanager
def _errors(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        link = os.path.islink(path)  # noqa: PTH114 - the path may hold bytes that pathlib would choke on
        raise ImageNotFound(path, "the link points to nothing" if link else "no such file") from error
    except PermissionError as error:
        raise ImageUnreadable(path, "no permission to read it") from error
    except ValueError as error:  # an embedded NUL, or a surrogate that no file name can hold
        raise ImageNotFound(path, f"no such file ({error})") from error
    except OSError as error:
        words = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            raise ImageNotFound(path, f"no such file ({words})") from error
        raise ImageUnreadable(path, words) from error
