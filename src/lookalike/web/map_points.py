"""The points of a map as the page gets them: those whose image is there, in an order that favours none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.web.findings import Findings
from lookalike.web.map_drawn import Drawn, read_drawn
from lookalike.web.served_gallery import ServedGallery


@dataclass(frozen=True)
class OnMap:
    """The points that are shown.

    Attributes:
        version: changes when the points or their order do.
        ids: int64 (n,); shuffled (always the same way), so that no label lies over the others because it was
            indexed last.
        xy: float32 (n, 2) in [0, 1], y downwards.
        method, note: see `Drawn`.
        fresh: images of the gallery that are not on the map, because they were indexed after it was drawn.
    """

    version: str
    ids: NDArray[np.int64]
    xy: NDArray[np.float32]
    method: str
    note: str
    fresh: int


def map_key(gallery: str) -> tuple[str, str]:
    """Where the findings keep a gallery's `Drawn`."""
    return (gallery, "map")


def on_map(served: ServedGallery, findings: Findings) -> OnMap | None:
    """The points of a gallery; None when no map has been drawn."""
    drawn = findings.result(map_key(served.name))
    if drawn is None:
        drawn = read_drawn(served.gallery.location, served.settings)
        if drawn is None:
            return None
        findings.put(map_key(served.name), drawn)
    rows = served.snapshot()
    key = (served.name, "points", rows.version, drawn.token)
    kept: OnMap | None = findings.result(key)
    if kept is None:
        kept = _points(drawn, rows.ids, f"{rows.version}-{drawn.token}")
        findings.put(key, kept)
    return kept


def _points(drawn: Drawn, present: NDArray[np.int64], version: str) -> OnMap:
    _, places, _ = np.intersect1d(drawn.ids, present, assume_unique=True, return_indices=True)
    order = places[np.random.default_rng(0).permutation(len(places))]
    xy = drawn.xy[order] * np.array([1, -1], np.float32) + np.array([0, 1], np.float32)
    return OnMap(
        version, drawn.ids[order], np.ascontiguousarray(xy, dtype=np.float32),
        drawn.method, drawn.note, len(present) - len(places),
    )  # fmt: skip
