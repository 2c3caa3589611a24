"""Duplicates of a gallery, looked for in the background and kept; the groups as they are now."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lookalike.gallery import Gallery
from lookalike.progress import Progress
from lookalike.web.cluster_search import APART
from lookalike.web.findings import Findings, Task

if TYPE_CHECKING:
    from lookalike.gallery.duplicates import DuplicateGroup, DuplicateImage, Duplicates
    from lookalike.web.served_gallery import ServedGallery
    from lookalike.web.snapshot import Snapshot

Kind = Literal["all", "exact", "near"]


@dataclass(frozen=True)
class DuplicateQuery:
    """What counts as a duplicate.

    Attributes:
        kind: ``all``, ``exact`` (the same bytes) or ``near``.
        threshold: cosine distance in [0, 2]; None chooses it from the gallery.
    """

    kind: Kind = "all"
    threshold: float | None = None

    @classmethod
    def of(cls, kind: Kind, threshold: float | None) -> DuplicateQuery:
        """Only what is looked at: same bytes need no threshold."""
        return cls(kind, None if kind == "exact" else threshold)

    def values(self) -> dict[str, str | float | None]:
        """For an address; what is usual is left out."""
        return {"kind": None if self.kind == "all" else self.kind, "threshold": self.threshold}


@dataclass(frozen=True)
class FoundDuplicates:
    """Duplicates, and the version of the record in which they were found."""

    query: DuplicateQuery
    version: int
    found: Duplicates


@dataclass(frozen=True)
class ReviewGroup:
    """A group whose images are still there.

    Attributes:
        key: the same for the same images.
        images: the one that is suggested to be kept comes first.
        group: as it was found.
    """

    key: str
    images: tuple[DuplicateImage, ...]
    group: DuplicateGroup

    @property
    def suggested(self) -> frozenset[int]:
        """Ids that would go if nobody objects."""
        return frozenset(image.id for image in self.images[1:])

    @property
    def is_exact(self) -> bool:
        """Whether all files have the same bytes."""
        return len({image.content for image in self.images}) == 1


def search_duplicates(location: str, query: DuplicateQuery, tell: Progress) -> FoundDuplicates:
    """Look for duplicates.

    Raises:
        LookalikeError: as `lookalike.gallery.duplicates.find_duplicates`.
    """
    gallery = Gallery.open(location)
    tell("duplicates", 0, 0)
    version = gallery.store.version
    found = gallery.duplicates(kind=query.kind, threshold=query.threshold)
    return FoundDuplicates(query, version, found)


def start_search(findings: Findings, served: ServedGallery, query: DuplicateQuery) -> Task:
    """Begin to look, unless somebody does already."""
    key = (served.name, "duplicates", query)
    apart = len(served.snapshot()) >= APART
    return findings.start(key, search_duplicates, served.gallery.location, query, apart=apart)


def found_duplicates(findings: Findings, gallery: str, query: DuplicateQuery) -> FoundDuplicates | None:
    """What was found for a query, or None."""
    found: FoundDuplicates | None = findings.result((gallery, "duplicates", query))
    return found


def review_groups(found: FoundDuplicates, rows: Snapshot) -> list[ReviewGroup]:
    """The groups of which two images or more are still there, in the order found."""
    groups = []
    for group in found.found.groups:
        images = tuple(image for image in (group.keep, *group.drop) if rows.has(image.id))
        if len(images) > 1:
            groups.append(ReviewGroup(group_key([image.id for image in images]), images, group))
    return groups


def group_key(ids: Sequence[int]) -> str:
    """A short name for a set of rows."""
    text = ",".join(map(str, sorted(ids)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
