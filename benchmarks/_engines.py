"""The engines that search_speed.py compares. Each builds into a folder, and searches from that folder later.

Building and searching happen in different processes, so that the memory of building is not counted as that of
searching. An engine with a knob (lists to look at, breadth of the walk) gets the first setting of its ladder
whose recall@10 on tuning queries reaches 0.95; lookalike's index chooses its own.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from _common import cores
from _vectors import DIM, blocks, read_rows
from numpy.typing import NDArray

K = 10
HNSW_LINKS = 32
HNSW_BUILD = 100
Row = NDArray[np.float32]


class Engine(ABC):
    """One way of searching."""

    title: ClassVar[str]
    ladder: ClassVar[tuple[int, ...]] = ()
    threads: ClassVar[int | None] = 1
    """Threads while searching; None leaves the libraries' own choice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def build(self, base: Path) -> dict[str, float]:
        """Build into the folder; returns times besides the whole."""

    @abstractmethod
    def load(self) -> None:
        """Make ready to search."""

    @abstractmethod
    def search(self, query: Row) -> NDArray[np.int64]:
        """Positions of the ten nearest of one query float32 (512,)."""

    def set_effort(self, effort: int) -> None:
        """Turn the knob, where there is one."""
        raise NotImplementedError(f"{self.title} has no knob to set to {effort}")


class NumPy(Engine):
    """The alternative that all are compared with: one matrix in memory, one product."""

    title = "NumPy (matrix product)"

    def build(self, base: Path) -> dict[str, float]:
        with (self.folder / "base.npy").open("wb") as stream:
            stream.write(base.read_bytes()) if base.stat().st_size < 1e9 else _copy(base, stream)
        return {}

    def load(self) -> None:
        self.matrix = np.load(self.folder / "base.npy")

    def search(self, query: Row) -> NDArray[np.int64]:
        similar = self.matrix @ query
        part = np.argpartition(similar, -K)[-K:]
        return np.asarray(part[np.argsort(-similar[part])])


class Faiss(Engine):
    """A faiss index made by a factory string."""

    factory: ClassVar[str]

    def recipe(self, count: int) -> str:
        return self.factory.format(lists=2 ** int(np.log2(4 * np.sqrt(count))))

    def build(self, base: Path) -> dict[str, float]:
        import faiss

        count = blocks(base)[-1][1]
        index = faiss.index_factory(DIM, self.recipe(count), faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            wanted = min(count, 40 * 2 ** int(np.log2(4 * np.sqrt(count))))
            places = np.sort(np.random.default_rng(0).choice(count, wanted, replace=False))
            index.train(np.ascontiguousarray(np.load(base, mmap_mode="r")[places]))
        for start, stop in blocks(base):
            index.add(read_rows(base, start, stop))
        faiss.write_index(index, str(self.folder / "index.faiss"))
        return {}

    def load(self) -> None:
        import faiss

        self.index = faiss.read_index(str(self.folder / "index.faiss"))

    def search(self, query: Row) -> NDArray[np.int64]:
        return np.asarray(self.index.search(query[None], K)[1][0])


class FaissFlat(Faiss):
    title = "faiss Flat"
    factory = "Flat"


class FaissIvf(Faiss):
    title = "faiss IVF, Flat"
    factory = "IVF{lists},Flat"
    ladder = (2, 4, 8, 16, 32, 64, 128, 256)

    def set_effort(self, effort: int) -> None:
        self.index.nprobe = effort


class FaissIvfSq8(FaissIvf):
    title = "faiss IVF, SQ8"
    factory = "IVF{lists},SQ8"


class FaissHnsw(Faiss):
    title = "faiss HNSW32"
    factory = "HNSW32,Flat"
    ladder = (16, 32, 64, 128, 256, 512)

    def set_effort(self, effort: int) -> None:
        self.index.hnsw.efSearch = effort


class Usearch(Engine):
    title = "usearch (HNSW, float16)"
    ladder = (16, 32, 64, 128, 256, 512)

    def build(self, base: Path) -> dict[str, float]:
        index = self._index()
        for start, stop in blocks(base):
            index.add(np.arange(start, stop), read_rows(base, start, stop), threads=cores())
        index.save(str(self.folder / "index.usearch"))
        return {}

    def load(self) -> None:
        self.index = self._index()
        self.index.load(str(self.folder / "index.usearch"))

    def search(self, query: Row) -> NDArray[np.int64]:
        return np.asarray(self.index.search(query, K, threads=1).keys).astype(np.int64)

    def set_effort(self, effort: int) -> None:
        self.index.expansion_search = effort

    def _index(self) -> Any:
        from usearch.index import Index

        return Index(ndim=DIM, metric="ip", dtype="f16", connectivity=HNSW_LINKS, expansion_add=HNSW_BUILD)


class Hnswlib(Engine):
    title = "hnswlib"
    ladder = (16, 32, 64, 128, 256, 512)

    def build(self, base: Path) -> dict[str, float]:
        import hnswlib

        index = hnswlib.Index(space="ip", dim=DIM)
        index.init_index(max_elements=blocks(base)[-1][1], M=HNSW_LINKS // 2, ef_construction=HNSW_BUILD)
        for start, stop in blocks(base):
            index.add_items(read_rows(base, start, stop), np.arange(start, stop), num_threads=cores())
        index.save_index(str(self.folder / "index.hnswlib"))
        return {}

    def load(self) -> None:
        import hnswlib

        self.index = hnswlib.Index(space="ip", dim=DIM)
        self.index.load_index(str(self.folder / "index.hnswlib"))

    def search(self, query: Row) -> NDArray[np.int64]:
        return np.asarray(self.index.knn_query(query, k=K, num_threads=1)[0][0]).astype(np.int64)

    def set_effort(self, effort: int) -> None:
        self.index.set_ef(effort)


class Lookalike(Engine):
    """``Gallery.find``; the rows are written straight into the record, since there are no pictures."""

    title = "lookalike exact"
    mode: ClassVar[str] = "exact"

    def build(self, base: Path) -> dict[str, float]:
        started = time.perf_counter()
        gallery = write_gallery(self.folder / "gallery", base)
        written = time.perf_counter() - started
        self.make_index(gallery)
        return {"writing_rows_s": written, "index_s": time.perf_counter() - started - written}

    def make_index(self, gallery: Any) -> None:
        """What comes after the rows."""

    def load(self) -> None:
        from lookalike.gallery import Gallery

        self.gallery = Gallery.open(self.folder / "gallery")

    def search(self, query: Row) -> NDArray[np.int64]:
        return np.asarray(self.gallery.find(query[None], K, mode=self.mode).ids[0])


class LookalikeExactThreads(Lookalike):
    title = "lookalike exact, default threads"
    threads = None


class NumPyThreads(NumPy):
    title = "NumPy, default threads"
    threads = None


class LookalikeIndex(Lookalike):
    title = "lookalike index"
    mode = "index"

    def make_index(self, gallery: Any) -> None:
        gallery.build_index()


class LookalikeIndexThreads(LookalikeIndex):
    title = "lookalike index, default threads"
    threads = None


class LookalikeHits(LookalikeIndex):
    """``Gallery.search_vectors``: ranked by the stored vectors, with the rows of the hits."""

    title = "lookalike index, whole hits"

    def search(self, query: Row) -> NDArray[np.int64]:
        return np.array([hit.id for hit in self.gallery.search_vectors(query[None], k=K, mode="index")])


class Lance(Lookalike):
    title = "Lance's own (IVF_HNSW_SQ)"

    def make_index(self, gallery: Any) -> None:
        from lookalike.gallery import lance_index

        lance_index.build(gallery.store)

    def search(self, query: Row) -> NDArray[np.int64]:
        from lookalike.gallery import lance_index

        return np.asarray(lance_index.search(self.gallery.store, query[None], K, None)[1][0])


ENGINES: dict[str, type[Engine]] = {
    "numpy": NumPy,
    "numpy-threads": NumPyThreads,
    "lookalike-exact": Lookalike,
    "lookalike-exact-threads": LookalikeExactThreads,
    "lookalike-index": LookalikeIndex,
    "lookalike-threads": LookalikeIndexThreads,
    "lookalike-hits": LookalikeHits,
    "lance": Lance,
    "faiss-flat": FaissFlat,
    "faiss-ivf": FaissIvf,
    "faiss-ivf-sq8": FaissIvfSq8,
    "faiss-hnsw": FaissHnsw,
    "usearch": Usearch,
    "hnswlib": Hnswlib,
}
SAME_BUILD = {
    "numpy-threads": "numpy",
    "lookalike-exact-threads": "lookalike-exact",
    "lookalike-threads": "lookalike-index",
    "lookalike-hits": "lookalike-index",
}
"""Engines that search what another one built."""


def write_gallery(location: Path, base: Path, encoder: Any = None) -> Any:
    """A gallery with one row for each vector of a matrix on disk; ids are positions."""
    from lookalike.gallery import Gallery

    gallery = Gallery.create(location, encoder if encoder is not None else placeholder(DIM))
    for start, stop in blocks(base):
        append_rows(gallery, read_rows(base, start, stop), start)
    gallery.store.tidy()
    return gallery


def append_rows(gallery: Any, vectors: NDArray[np.float32], first: int) -> None:
    """Rows straight into the record: no pictures needed."""
    import pyarrow as pa

    ids = np.arange(first, first + len(vectors))
    columns = {
        "id": ids,
        "path": [f"/vectors/{i:09d}.jpg" for i in ids],
        "content": [f"{i:064x}" for i in ids],
        "signature": ["1:0:0"] * len(ids),
        "source": ["/vectors"] * len(ids),
        "label": [str(i % 100) for i in ids],
        "missing": [False] * len(ids),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
    }
    gallery.store.append(pa.table(columns))


def placeholder(dim: int) -> Any:
    """An encoder that only has a card: these galleries hold vectors that no image was embedded for."""
    from lookalike.encoders import Encoder, EncoderCard
    from lookalike.encoders.base import Preprocessing

    class Vectors(Encoder):
        card = EncoderCard("vectors", dim, (1, 1), Preprocessing(), sha256="0" * 64)

        def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
            raise RuntimeError(f"this gallery holds vectors only, asked for {len(pixels)} images")

    return Vectors()


def _copy(base: Path, stream: Any) -> None:
    import shutil

    with base.open("rb") as source:
        shutil.copyfileobj(source, stream, 16 * 1024 * 1024)
