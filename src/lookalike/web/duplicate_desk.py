"""The table at which duplicates are reviewed: groups, what is suggested, what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fastapi import Request

from lookalike.reports.text import distance, file_size
from lookalike.web.context import context_of
from lookalike.web.duplicate_moves import decided
from lookalike.web.duplicate_review import Review
from lookalike.web.duplicate_search import (
    DuplicateQuery,
    FoundDuplicates,
    ReviewGroup,
    found_duplicates,
    review_groups,
)
from lookalike.web.faults import PageError
from lookalike.web.findings import findings_of
from lookalike.web.names import shown_name, shown_path

if TYPE_CHECKING:
    from lookalike.gallery.duplicates import DuplicateGroup, DuplicateImage
    from lookalike.web.served_gallery import ServedGallery


@dataclass(frozen=True)
class ImageView:
    """One image of a group, as the page shows it; ``better`` names the facts in which it beats the kept one."""

    id: int
    name: str
    place: str
    size: str
    format: str
    bytes: str
    taken: str
    distance: str
    exact: bool
    drop: bool
    better: frozenset[str]
    width: int
    height: int


@dataclass(frozen=True)
class GroupView:
    """One group, as the page shows it."""

    key: str
    images: tuple[ImageView, ...]
    suggested: tuple[int, ...]
    reason: str
    is_exact: bool
    is_decided: bool


class Desk:
    """The groups of one search with the decisions about them.

    Attributes:
        found: the search.
        review: the decisions.
        groups: those of which two images or more are still there.
    """

    def __init__(self, served: ServedGallery, found: FoundDuplicates, review: Review) -> None:
        self.served = served
        self.found = found
        self.review = review
        self.groups = review_groups(found, served.snapshot())

    @cached_property
    def by_key(self) -> dict[str, ReviewGroup]:
        """Groups by their key."""
        return {group.key: group for group in self.groups}

    @property
    def is_stale(self) -> bool:
        """Images were added since the search (files moved aside by us do not count)."""
        return self.found.version != self.served.snapshot().version and len(self.served.snapshot()) > (
            self.found.found.images
        )

    def shown(self, show: str) -> list[ReviewGroup]:
        """All groups, or those that are open or decided."""
        if show == "all":
            return self.groups
        decisions = self.review.decisions()
        return [group for group in self.groups if (group.key in decisions) == (show == "decided")]

    def views(self, groups: Sequence[ReviewGroup]) -> list[GroupView]:
        """What the page shows of some groups."""
        ids = [image.id for group in groups for image in group.images]
        table = self.served.gallery.store.by_ids(ids, ("id", "source"))
        sources = {row["id"]: row["source"] for row in table.to_pylist()}
        decisions = self.review.decisions()
        return [self._view(group, decisions.get(group.key), sources) for group in groups]

    def decide(self, key: str, drop: frozenset[int]) -> None:
        """Decide that some images of a group go.

        Raises:
            PageError: there is no such group (404), an image is not of it, or none would be kept (400).
        """
        group = self.by_key.get(key)
        if group is None:
            raise PageError.of(404, "no_group")
        members = frozenset(image.id for image in group.images)
        if not drop <= members:
            raise PageError.of(400, "not_of_group")
        if drop == members:
            raise PageError.of(400, "one_stays")
        self.review.decide({key: drop})

    def accept_open(self, *, exact_only: bool) -> dict[str, list[int]]:
        """Take the suggestion for every open group; what was decided."""
        step = {
            group.key: group.suggested for group in self.shown("open") if group.is_exact or not exact_only
        }
        self.review.decide(step)
        return {key: sorted(drop) for key, drop in step.items()}

    def decided(self) -> list[DuplicateGroup]:
        """What would be moved now."""
        return decided(self.groups, self.review.decisions())

    def summary(self) -> dict[str, Any]:
        """Counts for the foot of the page: plain JSON types."""
        decisions = self.review.decisions()
        going = [image for group in self.decided() for image in group.drop]
        open_groups = [group for group in self.groups if group.key not in decisions]
        return {
            "groups": len(self.groups),
            "decided": len(self.groups) - len(open_groups),
            "open_exact": sum(group.is_exact for group in open_groups),
            "files": len(going),
            "size": file_size(sum(image.bytes for image in going)),
            "undo": self.review.steps,
        }

    def _view(self, group: ReviewGroup, drop: frozenset[int] | None, sources: dict[int, str]) -> GroupView:
        chosen = group.suggested if drop is None else drop
        best = group.images[0]
        images = tuple(
            ImageView(
                image.id,
                shown_name(image.path),
                shown_path(image.path, sources.get(image.id, "")),
                f"{image.width} × {image.height}",
                image.format or "",
                file_size(image.bytes or 0),
                image.taken.strftime("%Y-%m-%d %H:%M") if image.taken else "",
                "" if image is best else distance(image.distance),
                image.exact and image is not best,
                image.id in chosen,
                _better(image, best),
                image.width or 1,
                image.height or 1,
            )
            for image in group.images
        )
        return GroupView(
            group.key, images, tuple(sorted(group.suggested)), group.group.reason, group.is_exact,
            drop is not None,
        )  # fmt: skip


def desk_of(request: Request, gallery: str, query: DuplicateQuery) -> Desk:
    """The desk of a gallery.

    Raises:
        PageError: the duplicates have not been looked for, or are not kept any more (409).
    """
    findings = findings_of(request)
    found = found_duplicates(findings, gallery, query)
    if found is None:
        raise PageError.of(409, "duplicates_gone")
    served = context_of(request).gallery(gallery)
    key = (gallery, "review")
    review = findings.keep_once(key, lambda: Review(served.gallery.location, served.settings))
    return Desk(served, found, review)


def _better(image: DuplicateImage, best: DuplicateImage) -> frozenset[str]:
    """Facts in which an image beats the one that is suggested to be kept."""
    facts = {
        "size": (image.width or 0) * (image.height or 0) > (best.width or 0) * (best.height or 0),
        "bytes": (image.bytes or 0) > (best.bytes or 0),
        "taken": bool(image.taken and best.taken and image.taken < best.taken),
    }
    return frozenset(name for name, holds in facts.items() if holds)
