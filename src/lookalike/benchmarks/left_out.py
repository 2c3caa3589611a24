"""What a run leaves out because an image cannot be had, when it was told to go on without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lookalike.benchmarks.features import BadImage, Features, images_of
from lookalike.errors import BenchmarkError
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.judgments import Judgments

_NAMED = 10

Table = TypeVar("Table", bound="Judgments")


@dataclass(frozen=True)
class LeftOut:
    """Rows that were left out and the images that cost them.

    Attributes:
        rows: how many.
        images: what stands for the image (its content id, where it has one) -> name and reason.
    """

    rows: int = 0
    images: Mapping[str, BadImage] = field(default_factory=dict)

    def __add__(self, other: LeftOut) -> LeftOut:
        return LeftOut(self.rows + other.rows, {**self.images, **other.images})

    def to_dict(self) -> dict[str, Any]:
        """``rows`` and ``images``: name and reason of each."""
        listed = [{"name": bad.name, "reason": bad.reason} for bad in self.images.values()]
        return {"rows": self.rows, "images": listed}

    def notes(self) -> list[str]:
        """A line for people with the first images; none where nothing was left out."""
        if not self.rows:
            return []
        some = [f"{bad.name} ({bad.reason})" for bad in list(self.images.values())[:_NAMED]]
        rest = len(self.images) - len(some)
        more = f" and {rest:,} more, all of them in results.json" if rest else ""
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        images = "1 image" if len(self.images) == 1 else f"{len(self.images):,} images"
        return [f"Left out: {rows} with {images} that cannot be used: {', '.join(some)}{more}."]


def without_bad(judged: Table, progress: Progress | None = None, **cache: Any) -> tuple[Table, LeftOut]:
    """The rows whose images can all be decoded, and what was left out, on reading the table too.

    Args:
        judged: a table; its ``refused`` counts as left out.
        progress: told how many images were looked at.
        cache: of the features, as for :class:`~lookalike.benchmarks.features.Features`.

    Raises:
        BenchmarkError: no row is left.
    """
    found, bad = images_of(judged, judged.image_columns())
    unreadable = Features(found, progress=progress, **cache).find_bad()
    bad |= {content: BadImage(judged.images.name(content), one.reason) for content, one in unreadable.items()}
    keep = np.ones(len(judged), dtype=bool)
    for name in judged.image_columns():
        keep &= np.array([content not in bad for content in judged.column(name)], dtype=bool)
    left = refused(judged) + LeftOut(int((~keep).sum()), bad)
    if not keep.any():
        first = next(iter(left.images.values()))
        raise BenchmarkError(f"no row is left; the first bad image is {first.name}: {first.reason}")
    return judged.select(keep), left


def refused(judged: Judgments) -> LeftOut:
    """What the reader of a table left out, each image with its first line."""
    images: dict[str, BadImage] = {}
    for row in judged.refused:
        images.setdefault(row.name, BadImage(row.name, f"{row.reason} (line {row.line:,})"))
    return LeftOut(len(judged.refused), images)
