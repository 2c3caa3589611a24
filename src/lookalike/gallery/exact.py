"""Exact search: from a matrix in memory, or, for what does not fit, by reading the record batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.gallery.store import Store, vector_column
from lookalike.similarity.matrices import merge_nearest

BLOCK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class VectorSet:
    """Vectors with the ids of their rows.

    Attributes:
        ids: int64 (n,), ascending.
        matrix: float32 (n, d), rows of unit length.
    """

    ids: NDArray[np.int64]
    matrix: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def positions(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions of those of ``ids`` that are in the set."""
        places = np.searchsorted(self.ids, ids)
        places[places == len(self.ids)] = 0
        return places[self.ids[places] == ids] if len(self.ids) else np.empty(0, dtype=np.int64)


def load_vectors(store: Store, *, missing: bool = False) -> VectorSet:
    """All vectors of a gallery, sorted by id; without those marked missing unless asked for."""
    count = store.count(None if missing else "missing = false")
    ids = np.empty(count, dtype=np.int64)
    matrix = np.empty((count, store.codec.dim), dtype=np.float32)
    filled = 0
    for batch in store.scan_batches(("id", "missing", "vector")):
        keep = np.ones(batch.num_rows, dtype=bool)
        if not missing:
            keep = ~batch.column("missing").to_numpy(zero_copy_only=False)
        size = int(keep.sum())
        ids[filled : filled + size] = batch.column("id").to_numpy()[keep]
        matrix[filled : filled + size] = store.codec.decode(vector_column(batch)[keep])
        filled += size
    if np.all(ids[1:] > ids[:-1]):
        return VectorSet(ids, matrix)
    order = np.argsort(ids)
    return VectorSet(ids[order], matrix[order])


def search_matrix(
    queries: NDArray[np.float32], vectors: VectorSet, k: int, chosen: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k nearest by cosine distance, exactly.

    Args:
        queries: float32 (m, d), unit rows.
        vectors: what is searched.
        k: how many; the result is padded with +inf and -1.
        chosen: positions in ``vectors`` to look at; None looks at all.

    Returns:
        (distances float32 (m, k) ascending, ids int64 (m, k)).
    """
    matrix = vectors.matrix if chosen is None else vectors.matrix[chosen]
    ids = vectors.ids if chosen is None else vectors.ids[chosen]
    best = np.full((len(queries), k), np.inf, dtype=np.float32)
    found = np.full((len(queries), k), -1, dtype=np.int64)
    rows = max(1, BLOCK_BYTES // (4 * max(len(ids), 1)))
    for i in range(0, len(queries), rows):
        # One query is a matrix-vector product: BLAS runs it at memory speed.
        block = _distances(queries[i : i + rows], matrix)
        merge_nearest(best[i : i + rows], found[i : i + rows], block, ids)
    return best, found


def search_record(
    queries: NDArray[np.float32], store: Store, k: int, allowed: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """As :func:`search_matrix`, reading the vectors from disk: slow, but needs memory for one batch only."""
    best = np.full((len(queries), k), np.inf, dtype=np.float32)
    found = np.full((len(queries), k), -1, dtype=np.int64)
    for batch in store.scan_batches(("id", "missing", "vector")):
        ids = batch.column("id").to_numpy()
        keep = ~batch.column("missing").to_numpy(zero_copy_only=False)
        if allowed is not None:
            keep &= np.isin(ids, allowed)
        if keep.any():
            matrix = store.codec.decode(vector_column(batch)[keep])
            merge_nearest(best, found, _distances(queries, matrix), ids[keep])
    return best, found


def _distances(queries: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    product = (matrix @ queries[0])[None, :] if len(queries) == 1 else queries @ matrix.T
    np.subtract(np.float32(1.0), product, out=product)
    return np.clip(product, 0.0, 2.0, out=product)
