"""Groups of duplicates in a gallery, and which image of each group to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.duplicate_groups import CloseGroups, close_groups
from lookalike.gallery.duplicate_threshold import ThresholdChoice, choose_threshold, given_threshold
from lookalike.gallery.keep_rule import FORMATS, KEEP, KeepRule
from lookalike.gallery.reading import ReadableGallery, Selection, data_frame, select

if TYPE_CHECKING:
    import pandas

Kind = Literal["all", "exact", "near"]

COLUMNS = (
    "path", "content", "signature", "width", "height", "format", "bytes", "taken", "modified",
)  # fmt: skip


@dataclass(frozen=True)
class DuplicateImage:
    """One image of a group.

    Attributes:
        id: row of the gallery.
        path: as the gallery names it (a file, or ``ARCHIVE::MEMBER``).
        distance: cosine distance to the image that is kept (0 for that image itself and for exact copies).
        exact: True when its bytes are those of the kept image.
        content: sha256 of the file, hex.
        signature: how the file looked when it was indexed ("size:mtime_ns:ctime_ns").
    """

    id: int
    path: str
    distance: float
    exact: bool
    content: str
    signature: str
    width: int
    height: int
    format: str
    bytes: int
    taken: datetime | None
    modified: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "id": self.id,
            "path": self.path,
            "distance": self.distance,
            "exact": self.exact,
            "width": self.width,
            "height": self.height,
            "format": self.format,
            "bytes": self.bytes,
            "taken": self.taken.isoformat() if self.taken else None,
        }


@dataclass(frozen=True)
class DuplicateGroup:
    """Images that are duplicates of one another.

    Attributes:
        keep: the image to keep.
        drop: the others, best first by the keep rule.
        reason: why ``keep`` is kept, in words.
        diameter: largest distance between two images of the group.
    """

    keep: DuplicateImage
    drop: tuple[DuplicateImage, ...]
    reason: str
    diameter: float

    @property
    def kind(self) -> Literal["exact", "near"]:
        """``exact`` when all files have the same bytes."""
        return "exact" if all(image.exact for image in self.drop) else "near"

    @property
    def bytes_freed(self) -> int:
        """Bytes of the files that are not kept."""
        return sum(image.bytes for image in self.drop)

    def to_dict(self) -> dict[str, Any]:
        """``keep`` is a path, ``drop`` a list of paths; the rest stands beside them."""
        return {
            "keep": self.keep.path,
            "drop": [image.path for image in self.drop],
            "kind": self.kind,
            "reason": self.reason,
            "distances": [image.distance for image in self.drop],
            "diameter": self.diameter,
            "bytes_freed": self.bytes_freed,
            "images": [image.to_dict() for image in (self.keep, *self.drop)],
        }


@dataclass(frozen=True)
class Duplicates:
    """What :func:`find_duplicates` found.

    Attributes:
        groups: most bytes freed first, then by path of the kept image.
        threshold: the distance that counted as near, and where it comes from; None when only exact copies
            were asked.
        images: how many images were looked at.
        left_out: images with a neighbour within the threshold that ended in no group, because they are too
            far from the group's other images (chains are cut).
        keep: criteria of the keep rule, in order.
        refused: pairs within the threshold whose small pictures do not agree place for place; None when the
            vectors alone decided.
        unlooked: images without a second look, as more than 3,000 are linked to one another; None as above.
    """

    groups: tuple[DuplicateGroup, ...]
    threshold: ThresholdChoice | None
    images: int
    left_out: int
    keep: tuple[str, ...]
    refused: int | None = None
    unlooked: int | None = None

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def bytes_freed(self) -> int:
        """Bytes of all files that are not kept."""
        return sum(group.bytes_freed for group in self.groups)

    @property
    def dropped(self) -> int:
        """How many images are not kept."""
        return sum(len(group.drop) for group in self.groups)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: {"groups": [{"keep", "drop": [...], ...}], "threshold", ...}."""
        return {
            "groups": [group.to_dict() for group in self.groups],
            "images": self.images,
            "dropped": self.dropped,
            "bytes_freed": self.bytes_freed,
            "left_out": self.left_out,
            "refused": self.refused,
            "unlooked": self.unlooked,
            "keep_rule": list(self.keep),
            "threshold": None if self.threshold is None else self.threshold.to_dict(),
        }

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each image of a group.

        Raises:
            MissingDependency: pandas is not installed.
        """
        rows = [
            (number, image is group.keep, group.kind, image)
            for number, group in enumerate(self.groups)
            for image in (group.keep, *group.drop)
        ]
        names = ("id", "path", "distance", "exact", "width", "height", "format", "bytes", "taken")
        return data_frame(
            {
                "group": [row[0] for row in rows],
                "keep": [row[1] for row in rows],
                "kind": [row[2] for row in rows],
                **{name: [getattr(row[3], name) for row in rows] for name in names},
            }
        )


def find_duplicates(
    gallery: ReadableGallery,
    *,
    threshold: float | None = None,
    kind: Kind = "all",
    keep: Sequence[str] = KEEP,
    formats: Sequence[str] = FORMATS,
    where: str | None = None,
    seed: int = 0,
    second_look: bool | None = None,
) -> Duplicates:
    """Find groups of duplicate images and choose the one of each group to keep.

    Exact duplicates have the same bytes. Near-duplicates lie at most ``threshold`` apart (cosine distance);
    any two images of a group do, so a chain A-B-C whose ends differ is cut (complete linkage inside
    connected components).

    Args:
        gallery: the gallery.
        threshold: cosine distance in [0, 2]; None chooses it from the gallery's own distances.
        kind: ``exact`` looks at bytes only; ``near`` leaves out further copies of the same bytes; ``all``
            does both.
        keep: criteria in order, see :class:`lookalike.gallery.keep_rule.KeepRule`.
        formats: best first, for the criterion ``format``.
        where: metadata filter; only matching images take part.
        seed: of the samples that the threshold is chosen from.
        second_look: near-duplicates must also agree place for place in their small pictures, so that different
            pictures of one thing are not taken for versions of one picture; None: when the threshold is not given.

    Raises:
        InvalidArgument: an unknown criterion or kind, or a threshold outside [0, 2].
        BadFilter: ``where`` cannot be understood.
    """
    if kind not in ("all", "exact", "near"):
        raise InvalidArgument(f"kind of duplicates {kind!r} is unknown; choose all, exact or near")
    rule = KeepRule(tuple(keep), tuple(formats))
    chosen = selection = select(gallery, COLUMNS, where)
    records = [{name: selection.columns[name][i] for name in COLUMNS} for i in range(len(selection))]
    copies = _same_content(selection.columns["content"], rule, records)
    sets: list[list[int]] = [members for members in copies if len(members) > 1]
    choice: ThresholdChoice | None = None
    close = CloseGroups([])
    look = False
    if kind != "exact":
        heads = np.array(sorted(members[0] for members in copies), dtype=np.int64)
        candidates = None if selection.everything and len(heads) == len(selection) else chosen.ids[heads]
        ids, matrix = chosen.ids[heads], chosen.matrix[heads]
        if threshold is None:
            choice = choose_threshold(gallery, ids, matrix, candidates=candidates, seed=seed)
        else:
            choice = given_threshold(threshold, len(heads))
        look = threshold is None if second_look is None else second_look
        close = close_groups(gallery, ids, matrix, choice.value, candidates, second_look=look)
        near = [[int(heads[i]) for i in group] for group in close.groups]
        sets = _merge(copies, near, near_only=kind == "near")
    groups = [_group(selection, records, members, rule) for members in sets]
    groups.sort(key=lambda group: (-group.bytes_freed, group.keep.path, group.keep.id))
    looked = (close.refused, close.unlooked) if look else (None, None)
    return Duplicates(tuple(groups), choice, len(selection), close.left_out, rule.criteria, *looked)


def _same_content(contents: list[str], rule: KeepRule, records: list[dict[str, Any]]) -> list[list[int]]:
    """Positions by content, the one to keep first."""
    by_content: dict[str, list[int]] = {}
    for position, content in enumerate(contents):
        by_content.setdefault(content, []).append(position)
    return [rule.order(members, records) if len(members) > 1 else members for members in by_content.values()]


def _merge(copies: list[list[int]], near: list[list[int]], *, near_only: bool) -> list[list[int]]:
    """Near groups of content heads, widened by the copies of each; then the copies in no near group."""
    if near_only:
        return near
    by_head = {members[0]: members for members in copies}
    taken = {head for group in near for head in group}
    widened = [[position for head in group for position in by_head[head]] for group in near]
    return widened + [m for m in copies if len(m) > 1 and m[0] not in taken]


def _group(
    selection: Selection, records: list[dict[str, Any]], members: list[int], rule: KeepRule
) -> DuplicateGroup:
    """The group of these positions: ordered by the rule, with distances to the kept image."""
    order = rule.order(members, records)
    vectors = selection.matrix[order]
    distances = np.clip(1.0 - vectors @ vectors[0], 0.0, 2.0)
    content = records[order[0]]["content"]
    images = []
    for position, distance in zip(order, distances, strict=True):
        record = records[position]
        exact = record["content"] == content
        images.append(
            DuplicateImage(
                id=int(selection.ids[position]),
                distance=0.0 if exact else float(distance),
                exact=exact,
                **{**record, "signature": record["signature"].split("#")[0]},
            )
        )
    reason = rule.reason([records[position] for position in order])
    return DuplicateGroup(images[0], tuple(images[1:]), reason, _diameter(vectors, images))


def _diameter(vectors: NDArray[np.float32], images: list[DuplicateImage]) -> float:
    if all(image.exact for image in images):
        return 0.0
    blocks = (vectors[start : start + 512] for start in range(0, len(vectors), 512))
    lowest = min(float((block @ vectors.T).min()) for block in blocks)
    return float(np.clip(1.0 - lowest, 0.0, 2.0))
