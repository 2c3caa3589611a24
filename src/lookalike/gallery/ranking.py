"""From the vectors of a query to hits with their metadata."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.hits import Hit, Hits
from lookalike.gallery.reader import GalleryReader
from lookalike.gallery.searcher import Mode
from lookalike.gallery.store import Store, vector_column

if TYPE_CHECKING:
    import pyarrow as pa

REFINE = 3
"""This many times k candidates are fetched: an approximate index ranks them by rounded vectors, we by the stored."""


def rank(
    gallery: GalleryReader,
    queries: NDArray[np.float32],
    *,
    k: int,
    where: str | None,
    max_distance: float | None,
    mode: Mode,
) -> Hits:
    """The k best images for float32 (m, d); with m > 1 an image counts by its best match.

    Raises:
        BadFilter: ``where`` cannot be understood.
        InvalidArgument: k < 1, another length of vectors, an unknown mode.
    """
    started = time.perf_counter()
    allowed = None
    if where is not None:
        allowed = np.sort(gallery.store.scan(("id",), where, present=True).column("id").to_numpy())
    if k < 1:
        raise InvalidArgument(f"k must be at least 1, got {k}")
    candidates = min(k * REFINE, max(1, len(gallery)))
    found = gallery.find(queries, candidates, ids=allowed, mode=mode)
    best: dict[int, float] = {}
    for row_id, distance in zip(found.ids.ravel().tolist(), found.distances.ravel().tolist(), strict=True):
        if row_id >= 0 and distance < best.get(row_id, np.inf):
            best[row_id] = distance
    columns = [*gallery.store.light_columns(), "thumbnail"]
    if found.exact:
        ranked = _best(best, k, max_distance)
        table = gallery.store.by_ids([row_id for row_id, _ in ranked], columns)
    else:
        # An index knows rounded vectors only: its candidates are ranked anew by the stored ones.
        table = gallery.store.by_ids(list(best), [*columns, "vector"])
        ranked = _best(_stored_distances(gallery.store, queries, table), k, max_distance)
        table = table.drop_columns(["vector"])
    rows, thumbnails = _hits(table, ranked)
    considered = len(gallery) if allowed is None else len(allowed)
    seconds = time.perf_counter() - started
    return Hits(rows, found.exact, found.engine, seconds, considered, thumbnails)


def _best(distances: dict[int, float], k: int, max_distance: float | None) -> list[tuple[int, float]]:
    ranked = sorted(distances.items(), key=lambda item: (item[1], item[0]))[:k]
    return [item for item in ranked if max_distance is None or item[1] <= max_distance]


def _hits(table: pa.Table, ranked: list[tuple[int, float]]) -> tuple[tuple[Hit, ...], dict[int, bytes]]:
    records = {row["id"]: row for row in table.to_pylist()}
    thumbnails = {row_id: records[row_id]["thumbnail"] for row_id, _ in ranked if row_id in records}
    for row in records.values():
        del row["thumbnail"]
    # A row may have been pruned by another process between the search and this look-up.
    there = [(row_id, distance) for row_id, distance in ranked if row_id in records]
    rows = tuple(
        Hit(place, records[row_id]["path"], distance, row_id, records[row_id])
        for place, (row_id, distance) in enumerate(there, start=1)
    )
    return rows, {row_id: data for row_id, data in thumbnails.items() if data}


def _stored_distances(store: Store, queries: NDArray[np.float32], rows: pa.Table) -> dict[int, float]:
    matrix = store.codec.decode(vector_column(rows))
    distances = 1.0 - (matrix @ store.codec.query(queries).T).max(axis=1)
    return dict(zip(rows.column("id").to_pylist(), np.clip(distances, 0.0, 2.0).tolist(), strict=True))
