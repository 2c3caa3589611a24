"""One version of a gallery, held in memory so that a search touches no disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.gallery.exact import search_matrix
from lookalike.gallery.searcher import EXACT_VALUES
from lookalike.gallery.store import vector_column
from lookalike.web.batching import Batcher
from lookalike.web.names import shown_name

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.gallery import Gallery

RANDOM_PAIRS = 20_000
SHOWN = ("id", "path", "label", "width", "height")
"""Columns of every row that stay in memory: what a grid shows."""

PLACES = frozenset({"path", "source", "signature"})
"""Columns that tell where files lie on the server; no filter may ask for them."""

Neighbours = tuple[NDArray[np.float32], NDArray[np.int64]]


@dataclass(frozen=True)
class Row:
    """One image as the grid shows it.

    Attributes:
        id: of the row.
        name: the last part of its path.
        label: "" where there is none.
        width, height: in pixels; 1 where they are not known.
    """

    id: int
    name: str
    label: str
    width: int
    height: int


class Snapshot:
    """Rows and, where they fit, vectors of one version of a gallery.

    Attributes:
        version: of the record.
        ids: int64 (n,), ascending: rows whose file is there.
        vectors: all of them; None for a gallery that is too large, which is searched by its index.
    """

    def __init__(self, gallery: Gallery) -> None:
        self.version = gallery.store.version
        self._gallery = gallery
        self._table: pa.Table = gallery.rows(SHOWN)
        self.ids: NDArray[np.int64] = self._table.column("id").to_numpy().astype(np.int64)
        self.in_memory = len(self.ids) * gallery.settings.dim <= EXACT_VALUES
        self.vectors = gallery.vectors() if self.in_memory else None
        self._batcher: Batcher[NDArray[np.float32], Neighbours] = Batcher(self._search_together)

    def __len__(self) -> int:
        return len(self.ids)

    def has(self, row_id: int) -> bool:
        """Whether a row of that id is there."""
        return self.position(row_id) is not None

    def position(self, row_id: int) -> int | None:
        """Place of a row among `ids`."""
        if not 0 <= row_id <= np.iinfo(np.int64).max:
            return None
        place = int(np.searchsorted(self.ids, row_id))
        return place if place < len(self.ids) and self.ids[place] == row_id else None

    def rows(self, ids: Sequence[int] | NDArray[np.int64]) -> list[Row]:
        """Those of the ids that are there, in their order."""
        places = [place for one in ids if (place := self.position(int(one))) is not None]
        found = self._table.take(np.asarray(places, dtype=np.int64)).to_pylist()
        return [
            Row(one["id"], shown_name(one["path"]), one["label"] or "", one["width"] or 1, one["height"] or 1)
            for one in found
        ]

    def path(self, row_id: int) -> str | None:
        """Where the file of a row is; for this server only, never sent."""
        place = self.position(row_id)
        return None if place is None else str(self._table.column("path")[place].as_py())

    def vectors_of(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Unit vectors float32 (m, d) of rows that are there, in the order of ``ids``."""
        if self.vectors is not None:
            return self.vectors.matrix[[int(np.searchsorted(self.vectors.ids, one)) for one in ids]]
        store = self._gallery.store
        table = store.by_ids(list(ids), ("id", "vector"))
        matrix = store.codec.decode(vector_column(table))
        place = {row_id: i for i, row_id in enumerate(table.column("id").to_pylist())}
        return np.asarray(matrix[[place[int(one)] for one in ids]], dtype=np.float32)

    def nearest(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], bool]:
        """Neighbours by cosine distance: (distances float32 (k',), ids int64 (k',), exact); best match counts.

        Single queries over all rows that come at the same time are answered by one matrix product.
        """
        k = min(k, len(self.ids) if allowed is None else len(allowed))
        if k < 1:
            return np.empty(0, np.float32), np.empty(0, np.int64), True
        exact = True
        if self.vectors is None:
            found = self._gallery.find(queries, k, ids=allowed)
            distances, ids, exact = found.distances, found.ids, found.exact
        elif allowed is None and len(queries) == 1:
            distances, ids = self._batcher.ask(queries)
        else:
            chosen = None if allowed is None else self.vectors.positions(allowed)
            distances, ids = search_matrix(queries, self.vectors, k, chosen)
        return (*_merged(distances, ids, k), exact)

    def _search_together(self, asked: Sequence[NDArray[np.float32]]) -> list[Neighbours]:
        assert self.vectors is not None
        depth = min(len(self.vectors), DEPTH)
        distances, ids = search_matrix(np.concatenate(asked), self.vectors, depth)
        return [(distances[i : i + 1], ids[i : i + 1]) for i in range(len(asked))]

    @cached_property
    def random_distances(self) -> NDArray[np.float32]:
        """Distances of up to 20,000 random pairs of different rows, ascending: float32 (p,)."""
        if len(self.ids) < 2:
            return np.empty(0, np.float32)
        random = np.random.default_rng(0)
        if self.vectors is not None:
            matrix = self.vectors.matrix
        else:
            matrix = self.vectors_of(random.choice(self.ids, 2_000, replace=False).tolist())
        first = random.integers(len(matrix), size=RANDOM_PAIRS)
        second = (first + random.integers(1, len(matrix), size=RANDOM_PAIRS)) % len(matrix)
        found = np.empty(RANDOM_PAIRS, np.float32)
        for start in range(0, RANDOM_PAIRS, 2_000):
            part = slice(start, start + 2_000)
            found[part] = 1.0 - np.einsum("ij,ij->i", matrix[first[part]], matrix[second[part]])
        return np.sort(found)

    def percentile(self, distance: float) -> float | None:
        """Share of random pairs of the gallery that are farther apart, in per cent; None below two images.

        Never 0 or 100: a sample cannot know that.
        """
        sample = self.random_distances
        if not len(sample):
            return None
        closer = (np.searchsorted(sample, distance, "left") + np.searchsorted(sample, distance, "right")) / 2
        least = 100.0 / (len(sample) + 1)
        return float(np.clip(100.0 * (1.0 - closer / len(sample)), least, 100.0 - least))

    def columns(self) -> dict[str, str]:
        """Name -> type of the columns that a filter may use."""
        schema: Any = self._gallery.store.images.schema
        names = (name for name in self._gallery.store.light_columns() if name not in PLACES)
        return {name: str(schema.field(name).type) for name in names}


DEPTH = 1_000
"""Neighbours that one search finds; pages of results are cut from them."""


def _merged(
    distances: NDArray[np.float32], ids: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """One list from the neighbours of several queries: a row counts by its best match."""
    flat, rows = distances.ravel(), ids.ravel()
    there = rows >= 0
    flat, rows = flat[there], rows[there]
    order = np.lexsort((rows, flat))
    rows, flat = rows[order], flat[order]
    if len(distances) > 1:
        first = np.sort(np.unique(rows, return_index=True)[1])
        rows, flat = rows[first], flat[first]
    return flat[:k], rows[:k]
