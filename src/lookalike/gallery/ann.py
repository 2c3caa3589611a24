"""The approximate index: faiss, built from the record and kept beside it, stamped with what it was built from.

A row's vector never changes while its id lives (changed content gets a new id), so an index is brought up to date by
dropping ids that are gone and adding those that are new; it can lag behind the record, but not contradict it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import normalize
from lookalike.errors import InvalidArgument
from lookalike.gallery.store import Store, vector_column

FOLDER = "index"
TRAIN_PER_LIST = 40
TARGET_RECALL = 0.96
LEAST_GAIN = 0.001
"""Tuning stops when a quarter more probes gain less: 8-bit codes keep any recall somewhat below 1."""
REBUILD_SHARE = 0.3
"""Above this share of new rows the lists no longer fit the data: build anew."""
TUNING_QUERIES = 200


@dataclass(frozen=True)
class Stamp:
    """What an index was built from and how well it answers.

    Attributes:
        version: version of the `images` table.
        gallery: identity of the gallery.
        rows: vectors in the index.
        lists: inverted lists (IVF cells).
        probes: lists looked at for each query, chosen so that the measured recall reaches the target.
        recall: recall@10 against exact search on sampled rows and midpoints of rows, when it was built.
    """

    version: int
    gallery: str
    rows: int
    lists: int
    probes: int
    recall: float


@dataclass
class FaissIndex:
    """An IVF index with 8-bit codes (``IVFn,SQ8``) over unit vectors, by inner product."""

    index: Any
    stamp: Stamp
    ids: NDArray[np.int64] | None = None
    """int64 (n,), ascending; None while they are those on disk, which searching does not need."""

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        allowed: NDArray[np.int64] | None,
        denied: NDArray[np.int64],
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Approximate k nearest: (cosine distances float32 (m, k), ids int64 (m, k)), padded with +inf and -1."""
        import faiss

        library: Any = faiss  # its type stubs do not know that these take keywords
        selector = None
        if allowed is not None:
            selector = library.IDSelectorBatch(allowed)
        elif len(denied):
            outside = library.IDSelectorBatch(denied)
            selector = library.IDSelectorNot(outside)
        parameters = library.SearchParametersIVF(nprobe=self.stamp.probes, sel=selector)
        # One query is shared among the cores by its lists; several are shared out whole.
        self.index.parallel_mode = 1 if len(queries) == 1 else 0
        similarities, ids = self.index.search(
            np.ascontiguousarray(queries, dtype=np.float32), k, params=parameters
        )
        distances = np.clip(1.0 - similarities, 0.0, 2.0).astype(np.float32)
        distances[ids < 0] = np.inf
        return distances, ids

    def save(self, location: str) -> None:
        """Write index, ids and, last, the stamp; without a stamp that fits, the rest is ignored."""
        import faiss

        folder = Path(location) / FOLDER
        folder.mkdir(exist_ok=True)
        (folder / "stamp.json").unlink(missing_ok=True)
        faiss.write_index(self.index, str(folder / "faiss.new"))
        (folder / "faiss.new").replace(folder / "vectors.faiss")
        with (folder / "ids.new").open("wb") as stream:
            np.save(stream, self.ids if self.ids is not None else _ids_on_disk(location))
        (folder / "ids.new").replace(folder / "ids.npy")
        (folder / "stamp.new").write_text(json.dumps(asdict(self.stamp), indent=2) + "\n", encoding="utf-8")
        (folder / "stamp.new").replace(folder / "stamp.json")


def read_stamp(location: str) -> Stamp | None:
    """The stamp of the index beside a gallery, or None where there is no usable one."""
    try:
        return Stamp(**json.loads((Path(location) / FOLDER / "stamp.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def load_index(location: str, gallery: str) -> FaissIndex | None:
    """The index beside a gallery, as it was saved; None when there is none, it is damaged or of another gallery."""
    import faiss

    stamp = read_stamp(location)
    if stamp is None or stamp.gallery != gallery:
        return None
    folder = Path(location) / FOLDER
    try:
        index = faiss.read_index(str(folder / "vectors.faiss"))
    except (OSError, RuntimeError):
        return None
    return FaissIndex(index, stamp) if index.ntotal == stamp.rows else None


def _ids_on_disk(location: str) -> NDArray[np.int64]:
    ids: NDArray[np.int64] = np.load(Path(location) / FOLDER / "ids.npy", allow_pickle=False)
    return ids


def bring_up_to_date(found: FaissIndex, store: Store) -> FaissIndex | None:
    """The index with what the record has gained and lost since; None when it should be built anew."""
    if found.stamp.version == store.version:
        return found
    if found.stamp.version > store.version:
        return None  # the record was put back to an earlier state: its ids may have been given out anew
    try:
        before = _ids_on_disk(store.location)
    except (OSError, ValueError):
        return None
    if len(before) != found.stamp.rows:
        return None
    current = np.sort(store.scan(("id",)).column("id").to_numpy())
    gone = np.setdiff1d(before, current, assume_unique=True)
    new = np.setdiff1d(current, before, assume_unique=True)
    if len(new) + len(gone) > REBUILD_SHARE * max(len(before), 1):
        return None
    if len(gone):
        found.index.remove_ids(gone)
    for i in range(0, len(new), 10_000):
        rows = store.by_ids(new[i : i + 10_000], ("id", "vector"))
        found.index.add_with_ids(store.codec.decode(vector_column(rows)), rows.column("id").to_numpy())
    stamp = Stamp(**{**asdict(found.stamp), "version": store.version, "rows": len(current)})
    return FaissIndex(found.index, stamp, current)


def build_index(store: Store, gallery: str, *, lists: int | None = None, seed: int = 0) -> FaissIndex:
    """Build an index over every row of the record, reading it batch by batch.

    Args:
        store: the record.
        gallery: identity of the gallery, for the stamp.
        lists: inverted lists; None takes about 4 sqrt(n), a power of two.
        seed: of the training sample.

    Raises:
        InvalidArgument: too few rows (under 40 for each list).
    """
    import faiss

    version, count, dim = store.version, store.count(), store.codec.dim
    lists = lists or int(2 ** np.round(np.log2(max(4 * np.sqrt(count), 1))))
    if count < TRAIN_PER_LIST * lists:
        lists = max(1, count // TRAIN_PER_LIST)
    if count < TRAIN_PER_LIST:
        raise InvalidArgument(f"{count} images are too few for an index; they are searched exactly anyway")
    index: Any = faiss.index_factory(dim, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    index.train(_sample(store, min(count, TRAIN_PER_LIST * lists), count, seed))
    pieces = []
    for batch in store.scan_batches(("id", "vector")):
        ids = batch.column("id").to_numpy()
        index.add_with_ids(store.codec.decode(vector_column(batch)), ids)
        pieces.append(ids)
    ids = np.sort(np.concatenate(pieces))
    probes, recall = _tune(index, store, count, seed)
    return FaissIndex(index, Stamp(version, gallery, count, lists, probes, recall), ids)


def _sample(store: Store, size: int, count: int, seed: int) -> NDArray[np.float32]:
    """About ``size`` rows drawn at random in one pass: float32 (size, d)."""
    generator = np.random.default_rng(seed)
    wanted = np.sort(generator.choice(count, size=size, replace=False))
    sample = np.empty((size, store.codec.dim), dtype=np.float32)
    start = taken = 0
    for batch in store.scan_batches(("vector",)):
        stop = start + batch.num_rows
        end = int(np.searchsorted(wanted, stop))
        if end > taken:
            sample[taken:end] = store.codec.decode(vector_column(batch)[wanted[taken:end] - start])
        start, taken = stop, end
    return sample[:taken]


def _tune(index: Any, store: Store, count: int, seed: int) -> tuple[int, float]:
    """The fewest probes whose recall@10 against exact search reaches the target, and that recall.

    Half of the queries are rows (which lie where the data are dense and are easy), half are midpoints of two
    random rows (which lie between, as new pictures do).
    """
    from lookalike.gallery.exact import search_record

    rows = _sample(store, min(TUNING_QUERIES, count), count, seed + 1)
    half = len(rows) // 2
    queries = normalize(np.concatenate([rows[:half], rows[half : 2 * half] + rows[:half][::-1]]))
    _, truth = search_record(queries, store, 11)
    probes, recall, before = 1, 0.0, -1.0
    index.parallel_mode = 0
    while True:
        index.nprobe = probes
        _, found = index.search(queries, 11)
        # The nearest row of a query that is a row is that row itself: it proves nothing.
        recall = (
            recall_of(found[:half, 1:], truth[:half, 1:]) + recall_of(found[half:, :10], truth[half:, :10])
        ) / 2
        flat = recall > 0.9 and recall - before < LEAST_GAIN
        if recall >= TARGET_RECALL or probes >= index.nlist or flat:
            return probes, round(recall, 4)
        before, probes = recall, min(index.nlist, probes + max(1, probes // 4))


def recall_of(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of the true neighbours (m, k) that were found (m, k); padding (-1) does not count."""
    hits = sum(len(np.intersect1d(f[f >= 0], t[t >= 0])) for f, t in zip(found, truth, strict=True))
    return hits / max(int((truth >= 0).sum()), 1)
