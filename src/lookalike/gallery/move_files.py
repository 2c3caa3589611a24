"""One file from one place to another without ever overwriting or losing it, whatever interrupts the move."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

_NO_LINK = {
    errno.EXDEV,
    errno.EPERM,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EMLINK,
    errno.ENOSYS,
    errno.EACCES,
}
"""Answers of ``link`` that mean: not between these two places; copy instead."""


def move(source: Path, target: Path) -> None:
    """Move a file; the target must not exist.

    The file exists at ``source``, at ``target`` or at both at every moment; it is complete wherever it is
    seen.

    Raises:
        FileExistsError: something is at ``target``.
        OSError: the file system refuses; the file is where it was.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        copy_exclusively(source, target)
    sync_folder(target.parent)
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise
    sync_folder(source.parent)


def part_of(target: Path) -> Path:
    """Where a copy grows before it is called ``target``."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return target.with_name(f".lookalike-{digest}.part")


def copy_exclusively(source: Path, target: Path) -> None:
    """Copy with times and permissions; ``target`` appears complete and on disk, or not at all.

    Raises:
        FileExistsError: something is at ``target``.
        OSError: the file system refuses.
    """
    part = part_of(target)
    part.unlink(missing_ok=True)  # the remains of a copy that was killed; the name is used by nothing else
    try:
        with source.open("rb") as reader, part.open("xb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        shutil.copystat(source, part)
        if not same_bytes(source, part):
            raise OSError(errno.EIO, "the copy differs from the file", str(source))
        _name_exclusively(part, target)
    finally:
        part.unlink(missing_ok=True)


def _name_exclusively(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        # No hard links here (FAT, some network shares): reserve the name, then rename over the reservation.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        part.replace(target)


def same_file(first: Path, second: Path) -> bool:
    """Two names of one file (hard links)?"""
    a, b = first.lstat(), second.lstat()
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)


def same_bytes(first: Path, second: Path) -> bool:
    """Two files of equal content?"""
    if first.stat().st_size != second.stat().st_size:
        return False
    with first.open("rb") as a, second.open("rb") as b:
        while block := a.read(1 << 20):
            if block != b.read(1 << 20):
                return False
    return True


def sync_folder(folder: Path) -> None:
    """Make a folder's entries survive a power cut, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open folders
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
