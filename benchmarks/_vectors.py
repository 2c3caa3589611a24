"""Vectors for measuring search: 512 numbers each, as like real embeddings as may be, and queries apart.

MobileNetV2 embeddings of about 25,000 real images (Caltech-101, Tiny ImageNet, Totally-Looks-Like), centred,
brought to 512 dimensions by PCA and to unit length. Some images are kept aside as queries. The rest are the
first vectors of the base; the others are mixtures of one of them with one of its ten nearest neighbours, plus
noise of the shape of the data (the standard deviation of each principal component).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from _common import bench_cache, mobilenet, say, shared_data
from numpy.typing import NDArray

DIM = 512
QUERIES = 500
TUNING = 200
NOISE = 0.35
"""Standard deviation of the noise, in those of the data."""
MIX = 0.5
"""A mixture takes at most this share of the neighbour."""
BLOCK = 20_000


def real_embeddings(*, quick: bool) -> NDArray[np.float32]:
    """MobileNetV2 embeddings of the shared images, float32 (n, 1280), computed once."""
    file = bench_cache() / f"embeddings{'-quick' if quick else ''}.npy"
    if file.exists():
        return np.asarray(np.load(file))
    from lookalike.gallery import Gallery

    data = shared_data()
    full = ["caltech101-112.tar", "tiny-imagenet-12k.tar", "tll-unlabelled.tar"]
    sources = [data / "tll"] if quick else [data / name for name in full]
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        gallery = Gallery.create(Path(folder) / "gallery", mobilenet())
        for source in sources:
            say(f"embedding {source.name}")
            gallery.index(source)
        matrix = gallery.vectors().matrix
    np.save(file, matrix)
    return matrix


def make(size: int, *, quick: bool, seed: int = 0) -> Path:
    """A folder with ``base.npy`` (size, 512), ``queries.npy``, ``tuning.npy``, their truth; made once."""
    folder = bench_cache() / f"vectors{'-quick' if quick else ''}-{size}"
    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    real, spread = _projected(real_embeddings(quick=quick))
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(real))
    aside = QUERIES + TUNING
    queries, real = real[order[:aside]], real[order[aside:]]
    np.save(folder / "queries.npy", queries[:QUERIES])
    np.save(folder / "tuning.npy", queries[QUERIES:])
    say(f"making {size:,} vectors")
    base = np.lib.format.open_memmap(folder / "base.npy", mode="w+", dtype=np.float32, shape=(size, DIM))
    first = min(size, len(real))
    base[:first] = real[:first]
    neighbours = _neighbours(real)
    for start in range(first, size, BLOCK):
        stop = min(size, start + BLOCK)
        base[start:stop] = _mixtures(real, neighbours, spread, stop - start, generator)
    base.flush()
    truth = exact(queries, folder / "base.npy", 10)
    np.save(folder / "truth.npy", truth[:QUERIES])
    np.save(folder / "tuning-truth.npy", truth[QUERIES:])
    (folder / "done").touch()
    return folder


def blocks(file: Path, rows: int = BLOCK) -> list[tuple[int, int]]:
    """(start, stop) of blocks of a matrix on disk."""
    count = np.load(file, mmap_mode="r").shape[0]
    return [(start, min(count, start + rows)) for start in range(0, count, rows)]


def read_rows(file: Path, start: int, stop: int) -> NDArray[np.float32]:
    """Rows of a matrix on disk, read rather than mapped, so that they leave memory again."""
    mapped = np.load(file, mmap_mode="r")
    dim, offset = mapped.shape[1], mapped.offset
    del mapped
    values = np.fromfile(file, dtype=np.float32, count=(stop - start) * dim, offset=offset + 4 * start * dim)
    return values.reshape(-1, dim)


def exact(queries: NDArray[np.float32], file: Path, k: int) -> NDArray[np.int64]:
    """Positions of the k nearest by cosine, int64 (m, k), nearest first; block by block."""
    best = np.full((len(queries), k), -np.inf, dtype=np.float32)
    found = np.full((len(queries), k), -1, dtype=np.int64)
    for start, stop in blocks(file):
        similar = queries @ read_rows(file, start, stop).T
        part = np.argpartition(-similar, k - 1, axis=1)[:, :k]
        values = np.concatenate([best, np.take_along_axis(similar, part, axis=1)], axis=1)
        places = np.concatenate([found, part + start], axis=1)
        order = np.argsort(-values, axis=1)[:, :k]
        best = np.take_along_axis(values, order, axis=1)
        found = np.take_along_axis(places, order, axis=1)
    return found


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of the true neighbours (m, k) that were found (m, k)."""
    return float(np.mean([len(np.intersect1d(f, t)) / len(t) for f, t in zip(found, truth, strict=True)]))


def _projected(matrix: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    centred = matrix - matrix.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    projected = _unit((centred @ vectors[:, ::-1][:, :DIM]).astype(np.float32))
    del values
    return projected, projected.std(axis=0)


def _neighbours(real: NDArray[np.float32]) -> NDArray[np.int64]:
    pieces = []
    for start in range(0, len(real), 1_000):
        similar = real[start : start + 1_000] @ real.T
        pieces.append(np.argpartition(-similar, 11, axis=1)[:, 1:11])
    return np.concatenate(pieces)


def _mixtures(
    real: NDArray[np.float32],
    neighbours: NDArray[np.int64],
    spread: NDArray[np.float32],
    count: int,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    one = generator.integers(0, len(real), count)
    other = neighbours[one, generator.integers(0, neighbours.shape[1], count)]
    share = generator.uniform(0, MIX, (count, 1)).astype(np.float32)
    noise = generator.standard_normal((count, DIM), dtype=np.float32) * (spread * np.float32(NOISE))
    return _unit((1 - share) * real[one] + share * real[other] + noise)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
