"""What the pages are made from: plain data, no galleries, no files.

Whoever has results (the command line, a notebook) fills these in. Paths are text for people to read: nothing
here is opened. Thumbnails are JPEG bytes as a gallery stores them. Distances are whatever the search used
(cosine distance in [0, 2] for normalised encoders), smaller meaning more alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Thumbnails: TypeAlias = Mapping[int, bytes] | Callable[[Sequence[int]], Mapping[int, bytes]]
"""JPEG bytes by image id: a mapping, or a function that fetches some (``Gallery.thumbnails`` fits)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One image as a page shows it. Only ``path`` is needed; every known fact is shown.

    Attributes:
        path: the name people see (absolute path, or ``ARCHIVE::MEMBER``).
        thumbnail: JPEG bytes; None draws a placeholder.
        caption: one short line under the picture.
        href: where the original is: ``file:``, ``http(s):`` or relative; other schemes are dropped.
        width, height: pixels of the original. format: such as ``JPEG``. bytes: size of the file.
        taken: when the photograph was taken. label: its known label.
    """

    path: str
    thumbnail: bytes | None = field(default=None, repr=False)
    caption: str = ""
    href: str | None = None
    width: int | None = None
    height: int | None = None
    format: str = ""
    bytes: int | None = None
    taken: datetime | None = None
    label: str | None = None

    @property
    def pixels(self) -> int | None:
        """Number of pixels of the original, where known."""
        return self.width * self.height if self.width and self.height else None


@dataclass(frozen=True, slots=True)
class HitView:
    """One found image; ``rank`` counts from 1."""

    rank: int
    picture: Picture
    distance: float


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One file that could not be used: its name, the kind of error, and the reason in words."""

    name: str
    reason: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DuplicateGroupView:
    """Images that show the same thing: the one to keep, and the others with their distance to it.

    ``reason`` says why ``keep`` is kept; ``kind`` is "exact" when all files are byte for byte equal.
    """

    keep: Picture
    drop: Sequence[tuple[Picture, float]]
    reason: str = ""
    kind: Literal["exact", "near"] = "near"


@dataclass(frozen=True, slots=True)
class ThresholdView:
    """Where the line between "same" and "different" lies, and the distances that it was chosen from.

    Attributes:
        value: pairs closer than this count as near-duplicates.
        distances: distance of every image to its nearest neighbour, float (n,); may be empty.
        explanation: how the value was chosen, in one or two sentences.
    """

    value: float
    distances: NDArray[np.floating[Any]]
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One cluster: its most central picture, how many images it holds, and some of the others.

    ``label`` is a name for it; ``composition`` counts known labels within it, most frequent first.
    """

    medoid: Picture
    size: int
    members: Sequence[Picture] = ()
    label: str | None = None
    composition: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class MapView:
    """A 2-D map of many images.

    Attributes:
        title: heading of the page.
        xy: float32 (n, 2); y grows upwards. Every value finite.
        paths: n names.
        ids: int64 (n,): the keys of ``thumbnails``; None means 0 .. n-1.
        thumbnails: JPEG bytes by id; ids without one are drawn as plain points.
        columns: what the points can be coloured by: name -> n values. Text and booleans are categories;
            numbers, and dates (datetime or datetime64), get a scale; None and NaN mean "not known".
        color: the column that colours the map at first; None takes the first one.
        hrefs: n links to the originals, or None.
        note: one line: method, encoder, time.
    """

    title: str
    xy: NDArray[np.float32]
    paths: Sequence[str]
    thumbnails: Thumbnails = field(default_factory=dict, repr=False)
    ids: NDArray[np.int64] | None = None
    columns: Mapping[str, Sequence[Any] | NDArray[Any]] = field(default_factory=dict)
    color: str | None = None
    hrefs: Sequence[str | None] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class HitStrip:
    """A search in one row: the query pictures and what was found."""

    queries: Sequence[Picture]
    hits: Sequence[HitView]
    text: str = ""


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link to another page, written beside this one."""

    href: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MapPreview:
    """A still, small picture of a map, which links to the interactive page.

    ``xy`` is float (n, 2), y upwards; ``groups`` are n group names that colour the points (or None);
    ``pictures`` are (row of ``xy``, picture) pairs drawn on top.
    """

    href: str
    xy: NDArray[np.floating[Any]]
    groups: Sequence[str | None] | None = None
    pictures: Sequence[tuple[int, Picture]] = ()
    text: str = "Open the interactive map"


@dataclass(frozen=True, slots=True)
class TableView:
    """A small table: numbers that belong together."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


DemoPart: TypeAlias = (
    HitStrip | DuplicateGroupView | ClusterView | MapPreview | PageLink | TableView | ProblemView
)


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One step of the demonstration: what was typed, what came out, and the pictures that show it."""

    title: str
    command: str
    text: str
    parts: Sequence[DemoPart] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """Something that should have been found, and how much of it was."""

    what: str
    expected: int
    found: int
    wrong: int = 0
    note: str = ""
