"""Lance's own vector index, for galleries that outgrow memory or lie in an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.store import Store, translated

if TYPE_CHECKING:
    import pyarrow as pa

PROBES = 40
REFINE = 5
"""Lance fetches this many times k candidates by their codes and ranks them by their full vectors."""


def exists(store: Store) -> bool:
    """True when the record carries a vector index."""
    return any("vector" in index.columns for index in store.images.list_indices())


def build(store: Store) -> None:
    """Build it (IVF_HNSW_SQ by cosine); ``optimize`` keeps it up to date with later commits.

    Raises:
        InvalidArgument: the storage has no index of this kind (int8 and binary).
    """
    if store.codec.name not in ("float32", "float16"):
        raise InvalidArgument(
            f"Lance indexes float32 and float16 vectors only, this gallery keeps {store.codec.name}; "
            "use the index beside the gallery (--build-index) instead"
        )
    from lancedb.index import HnswSq

    with translated(store.location):
        store.images.create_index("vector", config=HnswSq(distance_type="cosine"), replace=True)


def search(
    store: Store, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Approximate k nearest present rows: (cosine distances float32 (m, k), ids int64 (m, k))."""
    where = "missing = false"
    if allowed is not None:
        where += f" AND id IN ({', '.join(str(int(i)) for i in allowed)})" if len(allowed) else " AND false"
    distances = np.full((len(queries), k), np.inf, dtype=np.float32)
    ids = np.full((len(queries), k), -1, dtype=np.int64)
    for row, query in enumerate(queries):
        found = _search_one(store, query, k, where)
        distances[row, : found.num_rows] = found.column("_distance").to_numpy()
        ids[row, : found.num_rows] = found.column("id").to_numpy()
    return distances, ids


def _search_one(store: Store, query: NDArray[np.float32], k: int, where: str) -> pa.Table:
    with translated(store.location):
        return (
            store.images.search(query, vector_column_name="vector")
            .distance_type("cosine")
            .nprobes(PROBES)
            .refine_factor(REFINE)
            .where(where, prefilter=True)
            .select(["id", "_distance"])
            .limit(k)
            .to_arrow()
        )
