"""What may colour the points of a map: a column, the folder, or the clusters; as codes or numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lookalike.errors import printable
from lookalike.web.faults import PageError

if TYPE_CHECKING:
    from lookalike.gallery.clusters import Clusters
    from lookalike.web.served_gallery import ServedGallery

NONE = 65_535
"""The code of a point without a value."""
MOST_NAMES = 200
"""Rarer values than these share the last code."""
HIDDEN = ("id", "path", "content", "signature", "source", "missing")


@dataclass(frozen=True)
class Colours:
    """One value for each point.

    Attributes:
        kind: ``category``, ``number`` or ``date``.
        values: uint16 codes (n,) or float32 numbers (n,), seconds since 1970 for dates; nan where there is none.
        names, counts: category: what each code means, the commonest first, and how many points have it.
        other: the last code stands for all rarer values.
        missing: points without a value.
    """

    kind: Literal["category", "number", "date"]
    values: NDArray[Any]
    names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    other: bool = False
    missing: int = 0
    span: tuple[float, float] = field(default=(0.0, 1.0))

    def header(self, by: str) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "by": by, "kind": self.kind, "names": list(self.names), "counts": list(self.counts),
            "other": self.other, "low": self.span[0], "high": self.span[1], "missing": self.missing,
        }  # fmt: skip


def colour_columns(served: ServedGallery) -> list[str]:
    """Columns to choose from; ``folder`` is the last folder of each image's path."""
    names = [name for name in served.gallery.store.light_columns() if name not in HIDDEN]
    return [*names, *([] if "folder" in names else ["folder"])]


def column_colours(served: ServedGallery, column: str, ids: NDArray[np.int64]) -> Colours:
    """The values of a column for these rows, in this order.

    Raises:
        PageError: there is no such column (404).
    """
    if column not in colour_columns(served):
        raise PageError(404, "the gallery has no such column")
    is_folder = column == "folder" and "folder" not in served.gallery.store.light_columns()
    table = served.gallery.rows(["id", "path" if is_folder else column])
    known = table.column(0).to_numpy()
    if not len(known):
        return _categories([None] * len(ids))
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    there = known[places] == ids
    found = table.column(1).take(pa.array(places, mask=~there))
    kind = found.type
    if is_folder:
        return _categories([None if one is None else folder_of(one) for one in found.to_pylist()])
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _numbers(found.cast(pa.timestamp("s")).cast(pa.int64()), "date")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numbers(found, "number")
    return _categories(found.cast(pa.string()).to_pylist())


def _numbers(column: pa.ChunkedArray, kind: Literal["number", "date"]) -> Colours:
    numbers = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan).astype(np.float32)
    there = np.isfinite(numbers)
    span = (float(numbers[there].min()), float(numbers[there].max())) if there.any() else (0.0, 1.0)
    return Colours(kind, numbers, missing=int((~there).sum()), span=span)


def cluster_colours(clusters: Clusters, ids: NDArray[np.int64], word: str) -> Colours:
    """The cluster of each row; ``word`` names them, as in "Cluster {number}"."""
    order = np.argsort(ids, kind="stable")
    codes = np.full(len(ids), NONE, dtype=np.uint16)
    shown = clusters.clusters[: MOST_NAMES - 1]
    for code, cluster in enumerate(clusters.clusters):
        place = np.searchsorted(ids[order], cluster.ids)
        place = np.minimum(place, len(ids) - 1)
        hit = ids[order][place] == cluster.ids
        codes[order[place[hit]]] = min(code, MOST_NAMES - 1)
    names = [one.label or word.format(number=one.number + 1) for one in shown]
    other = len(clusters.clusters) > len(shown)
    counts = np.bincount(codes[codes != NONE], minlength=len(shown) + other)
    return Colours(
        "category", codes, (*names, *(["…"] if other else [])), tuple(int(one) for one in counts),
        other, int((codes == NONE).sum()),
    )  # fmt: skip


def folder_of(path: str) -> str:
    """The last folder of a path, or of a member's path inside an archive."""
    parts = [part for part in path.replace("\\", "/").replace("::", "/").split("/") if part]
    return parts[-2] if len(parts) > 1 else ""


def _categories(values: Sequence[str | None]) -> Colours:
    counted = Counter(value for value in values if value is not None)
    ranked = sorted(counted, key=lambda name: (-counted[name], name))
    other = len(ranked) > MOST_NAMES
    named = ranked[: MOST_NAMES - 1] if other else ranked
    code_of = {name: code for code, name in enumerate(named)}
    rest = len(named)
    codes = np.array([NONE if v is None else code_of.get(v, rest) for v in values], dtype=np.uint16)
    counts = [counted[name] for name in named]
    if other:
        counts.append(sum(counted.values()) - sum(counts))
    names = (*(printable(name) for name in named), *(["…"] if other else []))
    return Colours("category", codes, names, tuple(counts), other, sum(value is None for value in values))
