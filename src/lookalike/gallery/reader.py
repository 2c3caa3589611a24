"""The reading side of a gallery: rows, vectors, thumbnails, neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.exact import VectorSet
from lookalike.gallery.searcher import Found, Mode, Searcher
from lookalike.gallery.settings import GallerySettings, read_settings
from lookalike.gallery.store import Store

if TYPE_CHECKING:
    import pyarrow as pa


class GalleryReader:
    """What can be read from a gallery without its encoder.

    Attributes:
        location: the folder as an absolute path, or the address.
        settings: encoder, storage and version of the layout.
        store: the record.
    """

    def __init__(self, location: str, settings: GallerySettings, store: Store) -> None:
        self.location = location
        self.settings = settings
        self.store = store
        self._searcher = Searcher(location, store, settings)

    def __len__(self) -> int:
        """Images that are present (not marked missing)."""
        return self._searcher.present()

    def refresh(self) -> None:
        """See what other processes have written since this gallery was opened."""
        self.store.refresh()
        self.settings = read_settings(self.location)
        self.store.codec.parameters = self.settings.codec

    def rows(
        self, columns: Sequence[str] | None = None, *, where: str | None = None, missing: bool = False
    ) -> pa.Table:
        """Metadata of the images, sorted by id.

        Args:
            columns: names; None gives all but thumbnail and vector.
            where: SQL over the columns, such as ``label = 'cup' AND width > 500``.
            missing: also rows whose file is gone.

        Raises:
            BadFilter: ``where`` cannot be understood.
        """
        wanted = list(columns) if columns is not None else self.store.light_columns()
        table = self.store.scan(list(dict.fromkeys([*wanted, "id"])), where, present=not missing).sort_by(
            "id"
        )
        return table.select(wanted)

    def problems(self) -> pa.Table:
        """Bad files that indexing met: path, kind, reason, source."""
        return self.store.problem_rows()

    def vectors(self, ids: NDArray[np.int64] | None = None) -> VectorSet:
        """Vectors of unit length of all present images, or of those with these ids, sorted by id."""
        everything = self._searcher.vectors()
        if ids is None:
            return everything
        chosen = everything.positions(np.unique(ids))
        return VectorSet(everything.ids[chosen], everything.matrix[chosen])

    def thumbnails(self, ids: Sequence[int] | NDArray[np.int64]) -> dict[int, bytes]:
        """JPEG bytes (long side at most 160 px) by id."""
        table = self.store.by_ids(ids, ("id", "thumbnail"))
        pairs = zip(table.column("id").to_pylist(), table.column("thumbnail").to_pylist(), strict=True)
        return {row_id: data for row_id, data in pairs if data}

    def nearest(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        ids: NDArray[np.int64] | None = None,
        mode: Mode = "auto",
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Neighbours of vectors: (cosine distances float32 (m, k), ids int64 (m, k)), padded with +inf and -1.

        Args:
            queries: float32 (m, d).
            k: how many.
            ids: rows to choose from; None takes all that are present.
            mode: ``auto``, ``exact`` or ``index``.
        """
        found = self.find(queries, k, ids=ids, mode=mode)
        return found.distances, found.ids

    def find(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        ids: NDArray[np.int64] | None = None,
        mode: Mode = "auto",
    ) -> Found:
        """As :meth:`nearest`, and says whether the answer is exact and which engine gave it."""
        if queries.ndim != 2 or queries.shape[1] != self.settings.dim:
            raise InvalidArgument(f"queries must have shape (m, {self.settings.dim}), got {queries.shape}")
        return self._searcher.nearest(queries, k, allowed=ids, mode=mode)

    @property
    def wants_index(self) -> bool:
        """True when the gallery is too large for exact search from memory."""
        return self._searcher.wants_index()

    @property
    def index_stamp(self) -> dict[str, Any] | None:
        """What the approximate index was built from, or None when the gallery has none that is usable."""
        index = self._searcher.index()
        return None if index is None else asdict(index.stamp)
