"""A tar archive of images, read in any order without unpacking it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import posixpath
import tarfile
import tempfile
import threading
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, NamedTuple, TypeAlias, cast

from lookalike.errors import (
    ImageEmpty,
    ImageError,
    ImageNotFound,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    SourceError,
    printable,
)
from lookalike.images.files import MAX_FILE_BYTES
from lookalike.images.presence import SEPARATOR
from lookalike.images.ref import ImageRef
from lookalike.images.sources.base import ImageSource, utf8_problem
from lookalike.images.sources.patterns import Chooser

_Reader: TypeAlias = gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
_DAMAGED = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError)


class _Place(NamedTuple):
    """Where a member's bytes are; ``size`` is -1 for a link to nothing."""

    offset: int
    size: int
    mtime: int


class _Archive:
    """An open archive: one descriptor, read by position, so by any number of threads."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.stamp = _stamp(path)
            self.descriptor = self._plain(path)
        except _DAMAGED as error:
            raise SourceError(f"{printable(path)}: the archive cannot be read ({_words(error)})") from error
        weakref.finalize(self, os.close, self.descriptor)
        self._lock = threading.Lock()

    def _plain(self, path: str) -> int:
        """A descriptor of the archive without compression (unpacked once, to a nameless temporary file)."""
        with open(path, "rb") as packed:  # noqa: PTH123 - pathlib chokes on names that are not UTF-8
            reader = _unpacked(packed)
            if reader is None:
                return os.dup(packed.fileno())
            with reader, tempfile.TemporaryFile() as plain:
                return self._unpack(reader, plain)

    @staticmethod
    def _unpack(reader: _Reader, plain: IO[bytes]) -> int:
        try:
            # Small pieces: what is left of a damaged archive is lost with the piece that holds the damage.
            while piece := reader.read1(1 << 16):
                plain.write(piece)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
            if not plain.tell():
                raise  # what could be unpacked before the damage is used, and the listing reports the end
        plain.flush()
        return os.dup(plain.fileno())

    def read_at(self, offset: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self.descriptor, size, offset)
        with self._lock:
            os.lseek(self.descriptor, offset, os.SEEK_SET)
            return os.read(self.descriptor, size)


@dataclass(frozen=True, slots=True)
class TarMember:
    """The bytes of one member."""

    archive: _Archive
    place: _Place

    def read(self, name: str) -> bytes:
        """The member's bytes; typed ImageErrors as for a file."""
        offset, size, _ = self.place
        if size < 0:
            raise ImageNotFound(name, "a link to something that is not in the archive, or no file at all")
        if size == 0:
            raise ImageEmpty(name, "the member is empty (0 bytes)")
        if size > MAX_FILE_BYTES:
            raise ImageTooLarge(name, f"the member has {size:,} bytes, the limit is {MAX_FILE_BYTES:,}")
        try:
            data = self.archive.read_at(offset, size)
            while len(data) < size:  # the kernel hands out at most 2 GiB at once, network disks less
                more = self.archive.read_at(offset + len(data), size - len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise ImageUnreadable(name, f"the archive cannot be read ({_words(error)})") from error
        if len(data) < size:
            raise ImageTruncated(name, f"the archive ends after {len(data):,} of the member's {size:,} bytes")
        return data

    def signature(self, name: str) -> str:  # noqa: ARG002 - the protocol of `Member`
        """The archive's size and times when it was opened, then the member's offset, size and time."""
        return f"{self.archive.stamp}:{self.place.offset}:{self.place.size}:{self.place.mtime}"


class TarSource(ImageSource):
    """The images of a tar archive, in its order. Plain archives are read in place; compressed ones unpacked
    once.

    A name is ``ARCHIVE::MEMBER``; of members with the same name the last counts, as for ``tar``; hard and
    symbolic links inside the archive are followed. The label is the last component of the member's folder,
    None at the top.
    """

    def __init__(self, path: str, chooser: Chooser) -> None:
        super().__init__(path)
        self._chooser = chooser
        self._archive = _Archive(path)
        self._lock = threading.Lock()
        self._places: dict[str, _Place] | None = None
        self._scan_problems: list[ImageError] = []

    def covers(self, name: str) -> bool:
        """Whether ``name`` begins with this archive's path and its member would be chosen."""
        prefix = self.spec + SEPARATOR
        return name.startswith(prefix) and self._chooser.chooses(name[len(prefix) :])

    def count(self) -> int:
        """How many images the archive holds."""
        return len(self._members())

    def _list(self, problems: list[ImageError]) -> Iterator[ImageRef]:
        members = self._members()
        problems.extend(self._scan_problems)
        for member, place in members.items():
            folder = posixpath.basename(posixpath.dirname(member)) or None
            yield ImageRef(f"{self.spec}{SEPARATOR}{member}", folder, member=TarMember(self._archive, place))

    def _members(self) -> dict[str, _Place]:
        """The table of contents; read once, at the first listing."""
        with self._lock:
            if self._places is None:
                self._places = self._scan()
            return self._places

    def _scan(self) -> dict[str, _Place]:
        everything: dict[str, _Place] = {}
        links: list[tuple[str, str]] = []
        last = "its beginning"
        with os.fdopen(os.dup(self._archive.descriptor), "rb") as file:
            file.seek(0)
            try:
                with tarfile.open(fileobj=file, mode="r:", errorlevel=2) as tar:
                    for info in tar:
                        cast(Any, tar).members = []  # tarfile would keep a kilobyte for each member
                        self._note(info, everything, links)
                        last = info.name
                    # tarfile takes a header that makes no sense for the end of the archive.
                    if self._archive.read_at(tar.offset, tarfile.BLOCKSIZE).strip(b"\0"):
                        raise tarfile.ReadError("bad header")
            except _DAMAGED as error:
                if not everything and not links:
                    reason = "not a tar archive, or damaged from its beginning on"
                    raise SourceError(f"{printable(self.spec)}: {reason} ({_words(error)})") from error
                problem = (
                    f"the archive is damaged or ends too early after {printable(last)} ({_words(error)})"
                )
                self._scan_problems.append(ImageTruncated(self.spec, problem))
        for name, target in links:
            everything[name] = everything.get(target, _Place(0, -1, 0))
        return {name: place for name, place in everything.items() if self._chooser.chooses(name)}

    def _note(
        self, info: tarfile.TarInfo, everything: dict[str, _Place], links: list[tuple[str, str]]
    ) -> None:
        """File one header under the members or the links."""
        name = _clean(info.name)
        wanted = self._chooser.chooses(name)
        full = f"{self.spec}{SEPARATOR}{name}"
        bad = utf8_problem(full)
        if bad is not None:
            if wanted:
                self._scan_problems.append(bad)
            return
        everything.pop(name, None)
        if info.issparse() and wanted:
            self._scan_problems.append(ImageUnreadable(full, "sparse members cannot be read"))
        elif info.isreg():
            everything[name] = _Place(info.offset_data, info.size, int(info.mtime))
        elif info.islnk():
            links.append((name, _clean(info.linkname)))
        elif info.issym():
            links.append((name, _clean(posixpath.join(posixpath.dirname(name), info.linkname))))
        elif wanted and not info.isdir():
            everything[name] = _Place(0, -1, 0)


def _clean(name: str) -> str:
    return posixpath.normpath(name).lstrip("/")


def _stamp(path: str) -> str:
    status = os.stat(path)  # noqa: PTH116
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _unpacked(packed: BinaryIO) -> _Reader | None:
    """A compressed file opened for reading, None when it is not compressed; content decides, not the name."""
    magic = packed.read(6)
    packed.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=packed)
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(packed)
    return lzma.LZMAFile(packed) if magic.startswith(b"\xfd7zXZ\x00") else None


def _words(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:120] or type(error).__name__
