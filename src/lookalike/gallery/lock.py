"""One writer at a time: a lock that the operating system releases when its holder dies."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lookalike.errors import GalleryError, GalleryLocked
from lookalike.gallery.settings import is_remote


@contextlib.contextmanager
def write_lock(location: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the gallery's write lock.

    On an object store there is no lock; Lance's commits are atomic there and a conflicting one fails.

    Args:
        location: the gallery's folder.
        wait: seconds to wait for another writer; 0 gives up at once.

    Raises:
        GalleryLocked: another process holds the lock.
    """
    if is_remote(location):
        yield
        return
    path = Path(location) / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise GalleryError(f"gallery {location}: cannot open its lock file: {error.strerror}") from error
    try:
        _acquire(descriptor, location, wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, location: str, wait: float) -> None:
    import fcntl

    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise GalleryLocked(
                f"gallery {location} is being written to by process {holder}; wait until it has finished, "
                "or use --wait SECONDS"
            ) from None
        except OSError as error:
            raise GalleryError(
                f"gallery {location}: this file system cannot lock files ({error.strerror}); put the gallery on a local disk"
            ) from error
