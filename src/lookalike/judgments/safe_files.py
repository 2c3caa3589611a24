"""Which files a table of judgments may name: images in its own folder, whatever a name or a link tries.

A table comes from somebody else, and what it names is read, shown on pages and copied into folders that are passed on.
Three rules keep other files out of that:

* A name stays in the folder: ``../x`` and ``/x`` that lead out of it name nothing.
* A name has the ending of an image.
* A symbolic link (a linked folder too) may lead anywhere, because data sets are often built of links into a store, but
  only to an image: a file that begins like one. The same is asked of every file before it is copied.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from lookalike.errors import printable
from lookalike.images.formats import EXTENSIONS, PREFIX_BYTES, WEAK, describe, factory, sniff
from lookalike.images.quiet import quiet


class Fence:
    """The files below a folder that a table may name.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real_folders: dict[str, bool] = {}

    def file(self, name: str) -> Path | None:
        """Where a name points to below the folder, whether or not something is there; None: nowhere in it."""
        if not name or "\0" in name:
            return None
        place = os.path.normpath(name)
        if os.path.isabs(place):  # noqa: PTH117
            for root in dict.fromkeys((os.path.abspath(self.root), self._real_root)):  # noqa: PTH100
                if _below(place, root):
                    place = os.path.relpath(place, root)
                    break
            else:
                return None
        return None if Path(place).parts[:1] in ((), (os.pardir,)) else self.root / place

    def has(self, name: str) -> Path | None:
        """The image of exactly that name; None where there is none, or none that may be used."""
        file = self.file(name)
        if file is None or file.suffix.lower() not in EXTENSIONS or not is_file(file):
            return None
        return None if self.refusal(file) else file

    def why_not(self, name: str) -> str:
        """In words, why a name is not even looked for, or the file there not used; "" where that is not so."""
        file = self.file(name)
        if file is None:
            return f"leads out of {printable(str(self.root))}"
        if file.suffix.lower() in EXTENSIONS and is_file(file):
            return self.refusal(file)
        return ""

    def refusal(self, file: Path) -> str:
        """Why a file below the folder is not used: a link leads out of it, to something that is no image."""
        if self._is_inside(file):
            return ""
        problem = not_an_image(file)
        return f"is a link to what is {problem}" if problem else ""

    def _is_inside(self, file: Path) -> bool:
        folder = str(file.parent)
        if folder not in self._real_folders:
            self._real_folders[folder] = _below(os.path.realpath(folder), self._real_root)
        if self._real_folders[folder] and not file.is_symlink():
            return True
        return file.is_symlink() and _below(os.path.realpath(file), self._real_root)

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self.root)


def _below(place: str, root: str) -> bool:
    return place.startswith(root.rstrip(os.sep) + os.sep) or place == root


def is_file(path: Path) -> bool:
    """Whether a file is there; False for names that no file can have (too long, with a NUL)."""
    return os.path.isfile(path)  # noqa: PTH113 - pathlib raises on such names


def is_folder(path: Path) -> bool:
    """Whether a folder is there; False for names that no folder can have."""
    return os.path.isdir(path)  # noqa: PTH112


def not_an_image(file: Path) -> str:
    """Why a file is no image, by how it begins; "" where it is one, though its pixels may be damaged.

    Formats whose first bytes also begin ordinary text (BMP, PPM) must have a header that makes sense.
    """
    try:
        with file.open("rb") as stream:
            prefix = stream.read(PREFIX_BYTES)
            kind = sniff(prefix)
            if kind is None:
                return f"not an image: {describe(prefix)}" if prefix else "an empty file"
            if kind in WEAK:
                stream.seek(0)
                with quiet():
                    factory(kind)(stream, "")
    except OSError as error:
        return f"not an image that can be read ({error.strerror or 'its header makes no sense'})"
    except Exception:  # Pillow raises anything on a stranger's bytes
        return "not an image: it begins like one, but its header makes no sense"
    return ""
