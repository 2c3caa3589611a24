"""`ImageSource`: many images, listed lazily and countable."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator

from lookalike.errors import ImageError, ImageUnreadable
from lookalike.images.ref import ImageRef


class ImageSource(ABC):
    """A folder, list, table or archive of images.

    Iterating lists the images anew each time, in an order that depends only on names, and never reads a
    pixel.

    Attributes:
        spec: absolute and canonical; the same source has the same spec.
        problems: what the latest iteration could not list (a name that is not UTF-8, a folder that may not
            be read, a loop of links); complete when the iteration has ended.
    """

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.problems: list[ImageError] = []

    def __iter__(self) -> Iterator[ImageRef]:
        self.problems = []
        return self._list(self.problems)

    def count(self) -> int:
        """How many images an iteration would yield; does not touch `problems`."""
        return sum(1 for _ in self._list([]))

    def metadata_schema(self) -> dict[str, str]:
        """Column name -> "int", "float", "string" or "bool"; empty for sources without columns."""
        return {}

    @abstractmethod
    def covers(self, name: str) -> bool:
        """Whether an image of this name, if it were there, would belong to this source."""

    @abstractmethod
    def _list(self, problems: list[ImageError]) -> Iterator[ImageRef]: ...

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.spec!r})"


def canonical(path: str) -> str:
    """The absolute path with every link on the way to the last component resolved; the last keeps its name.

    So a file has one name, by whichever source it is reached, and a link to a file keeps its own.
    """
    parent, name = os.path.split(os.path.abspath(path))  # noqa: PTH100
    return os.path.join(os.path.realpath(parent), name)  # noqa: PTH118


class Namer:
    """The paths written in a list or table, as the names of images; relative ones start where the list
    lies."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._parents: dict[str, str] = {}

    def name(self, written: str) -> str:
        """As `canonical`, but each folder is looked up once only."""
        path = os.path.abspath(os.path.join(self._folder, written))  # noqa: PTH100, PTH118
        parent, last = os.path.split(path)
        if parent not in self._parents:
            self._parents[parent] = os.path.realpath(parent)
        return os.path.join(self._parents[parent], last)  # noqa: PTH118


def utf8_problem(path: str) -> ImageError | None:
    """An error when a path cannot be written as UTF-8 (it could not be stored, shown or passed on)."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return ImageUnreadable(path, "its name is not valid UTF-8; rename it")
    return None
