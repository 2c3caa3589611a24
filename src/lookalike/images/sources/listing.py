"""A list of images: a text file with one path a line."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lookalike.errors import ImageError, ImageNotFound, SourceError, printable
from lookalike.images.ref import ImageRef
from lookalike.images.sources.base import ImageSource, Namer, utf8_problem
from lookalike.images.sources.patterns import Chooser


class ListSource(ImageSource):
    """The images of a list file, in its order; blank lines and lines that begin with ``#`` are skipped.

    Relative paths start at the folder of the list. A path that leads nowhere is yielded all the same, so
    that reading it reports it; a path given twice is yielded once. The label is the name of the folder that
    holds the image, None when that is the folder of the list itself.
    """

    def __init__(self, path: str, chooser: Chooser) -> None:
        super().__init__(path)
        self._chooser = chooser
        self._folder = os.path.dirname(path)  # noqa: PTH120
        with _open(path):  # so that a list that cannot be read says so at once
            pass

    def covers(self, name: str) -> bool:
        """Whether ``name`` is in the list."""
        return any(ref.name == name for ref in self._list([]))

    def _list(self, problems: list[ImageError]) -> Iterator[ImageRef]:
        namer = Namer(self._folder)
        # Hashes instead of names: a list may hold millions of lines.
        seen: set[int] = set()
        with _open(self.spec) as lines:
            for raw in lines:
                written = os.fsdecode(raw.rstrip(b"\r\n")).strip()
                if not written or written.startswith("#"):
                    continue
                ref = listed(written, namer, self._folder, problems)
                if ref is None or hash(ref.name) in seen or not self._chooser.allows(ref.name, self._folder):
                    continue
                seen.add(hash(ref.name))
                yield ref


def listed(
    written: str,
    namer: Namer,
    folder: str,
    problems: list[ImageError],
) -> ImageRef | None:
    """The image for one path written in a list or table; None, with a problem recorded, where there can be
    none."""
    if "\x00" in written:
        problems.append(ImageNotFound(written, "no file name can hold a zero byte"))
        return None
    name = namer.name(written)
    bad = utf8_problem(name)
    if bad is not None:
        problems.append(bad)
        return None
    parent = os.path.dirname(name)  # noqa: PTH120
    return ImageRef(name, None if parent == folder else os.path.basename(parent) or None)  # noqa: PTH119


def _open(path: str) -> _Lines:
    try:
        return _Lines(path)
    except OSError as error:
        raise SourceError(f"{printable(path)}: the list cannot be read ({error.strerror})") from error


class _Lines:
    """The lines of a file as bytes: a file name need not be text."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115, PTH123 - closed by __exit__

    def __enter__(self) -> Iterator[bytes]:
        first = self._file.read(3)
        if first != b"\xef\xbb\xbf":  # the byte order mark that some Windows editors write
            self._file.seek(0)
        return iter(self._file)

    def __exit__(self, *_: object) -> None:
        self._file.close()
