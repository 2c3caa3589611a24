"""Which way a search goes: exactly from memory, through the faiss index, through Lance's own, or over the record."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery import ann
from lookalike.gallery.exact import VectorSet, load_vectors, search_matrix, search_record
from lookalike.gallery.settings import GallerySettings, is_remote
from lookalike.gallery.store import Store, vector_column

Mode = Literal["auto", "exact", "index"]
EXACT_VALUES = 128_000_000
"""Up to this many numbers (n x d; 512 MB as float32) a gallery is searched exactly from memory."""
SMALL_SELECTION = 20_000
"""A filter that leaves fewer rows than this is searched exactly, whatever the gallery's size."""


@dataclass(frozen=True)
class Found:
    """Neighbours of m queries.

    Attributes:
        distances: float32 (m, k) ascending, +inf where there are fewer than k.
        ids: int64 (m, k), -1 where there are fewer.
        exact: True when no better neighbour can have been missed.
        engine: ``memory``, ``record``, ``faiss`` or ``lance``.
    """

    distances: NDArray[np.float32]
    ids: NDArray[np.int64]
    exact: bool
    engine: str


class Searcher:
    """Searches one gallery and remembers what it loaded until the record's version changes."""

    def __init__(self, location: str, store: Store, settings: GallerySettings) -> None:
        self.location = location
        self.store = store
        self.settings = settings
        self._generation = -1
        self._vectors: VectorSet | None = None
        self._index: ann.FaissIndex | None = None
        self._index_tried = False
        self._missing: NDArray[np.int64] | None = None
        self._rows: int | None = None

    def vectors(self) -> VectorSet:
        """All present vectors, in memory."""
        self._forget_if_stale()
        if self._vectors is None:
            self._vectors = load_vectors(self.store)
        return self._vectors

    def rows(self) -> int:
        """Rows of the record, missing ones included."""
        self._forget_if_stale()
        if self._rows is None:
            self._rows = int(self.store.count())
        return self._rows

    def present(self) -> int:
        """Rows whose file is there."""
        return self.rows() - len(self.missing())

    def nearest(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
        mode: Mode = "auto",
    ) -> Found:
        """The k nearest present rows of each query.

        Args:
            queries: float32 (m, d) as the encoder gave them.
            k: how many.
            allowed: ids to choose from; None allows all.
            mode: ``auto`` decides by size; ``exact`` and ``index`` insist.

        Raises:
            InvalidArgument: k < 1, an unknown mode, or ``index`` where there is none.
        """
        if k < 1:
            raise InvalidArgument(f"k must be at least 1, got {k}")
        if mode not in ("auto", "exact", "index"):
            raise InvalidArgument(f"search mode {mode!r} is not known; use auto, exact or index")
        if allowed is not None and len(self.missing()):
            allowed = np.setdiff1d(allowed, self.missing())
        prepared = self.store.codec.query(queries)
        small = not self.wants_index()
        few = allowed is not None and len(allowed) <= SMALL_SELECTION
        if mode != "index" and small:
            return self._from_memory(prepared, k, allowed)
        if mode != "exact" and not few:
            found = self._through_index(prepared, k, allowed)
            if found is not None:
                return found
            if mode == "index":
                raise InvalidArgument(
                    f"gallery {self.location} has no up-to-date index; build one with: "
                    f"lookalike index --gallery {self.location} --build-index"
                )
        if allowed is not None and few:
            rows = self.store.by_ids(allowed, ("id", "vector"))
            chosen = VectorSet(rows.column("id").to_numpy(), self.store.codec.decode(vector_column(rows)))
            distances, ids = search_matrix(prepared, chosen, k)
        else:
            distances, ids = search_record(prepared, self.store, k, allowed)
        return Found(distances, ids, True, "record")

    def index(self) -> ann.FaissIndex | None:
        """The faiss index, brought up to date in memory; None when there is none or it is too old to extend."""
        self._forget_if_stale()
        if self._index is None and not self._index_tried and not is_remote(self.location):
            self._index_tried = True
            loaded = ann.load_index(self.location, self.settings.identity)
            self._index = ann.bring_up_to_date(loaded, self.store) if loaded else None
        return self._index

    def missing(self) -> NDArray[np.int64]:
        """Ids of rows whose file is gone, which no search returns: int64, any order."""
        self._forget_if_stale()
        if self._missing is None:
            self._missing = np.empty(0, dtype=np.int64)
            if self.store.count("missing = true"):
                self._missing = self.store.scan(("id",), "missing = true").column("id").to_numpy()
        return self._missing

    def build(self, *, anew: bool = False) -> ann.FaissIndex:
        """Build or extend the index and save it; the caller holds the write lock."""
        current = None if anew else self.index()
        if current is None:
            current = ann.build_index(self.store, self.settings.identity)
        stamp = ann.read_stamp(self.location)
        if stamp is None or stamp != current.stamp:
            current.save(self.location)
        self._index = current
        return current

    def wants_index(self) -> bool:
        """True when the gallery is too large to be searched exactly from memory."""
        return self.rows() * self.settings.dim > EXACT_VALUES

    def _from_memory(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None) -> Found:
        vectors = self.vectors()
        chosen = None if allowed is None else vectors.positions(allowed)
        distances, ids = search_matrix(queries, vectors, k, chosen)
        return Found(distances, ids, True, "memory")

    def _through_index(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> Found | None:
        if self.index_fits():
            index = self.index()
            if index is not None:
                distances, ids = index.search(queries, k, allowed=allowed, denied=self.missing())
                return Found(distances, ids, False, "faiss")
        from lookalike.gallery import lance_index

        if lance_index.exists(self.store):
            distances, ids = lance_index.search(self.store, queries, k, allowed)
            return Found(distances, ids, False, "lance")
        return None

    def index_fits(self) -> bool:
        """True when a faiss index of this gallery fits in half of the machine's memory."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return self.rows() * (self.settings.dim + 8) < memory / 2

    def _forget_if_stale(self) -> None:
        if self._generation != self.store.generation:
            self._generation = self.store.generation
            self._vectors = self._index = self._missing = self._rows = None
            self._index_tried = False
