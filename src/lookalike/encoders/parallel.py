"""Encoders that handle one image on one core: many images are spread over the cores, in order."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, check_finite, normalize
from lookalike.errors import InvalidArgument
from lookalike.images import ImageLike, decode


def available_cores() -> int:
    """Cores that this process may use (which can be fewer than the machine has)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_threads(threads: int | None) -> int:
    """``threads`` as asked, or one for each core when None.

    Raises:
        InvalidArgument: below 1.
    """
    if threads is None:
        return available_cores()
    if threads < 1:
        raise InvalidArgument(f"threads must be at least 1, got {threads}")
    return threads


class PerImageEncoder(Encoder):
    """Decodes and computes each image by itself on one core, so the batch size cannot change the numbers.

    A subclass implements :meth:`_embed_one` (and :meth:`_feature_map_one`), which must release the
    interpreter lock for most of its time and be callable from several threads at once.

    Attributes:
        threads: how many images a call of :meth:`embed` handles at once; one image starts no thread.
    """

    concurrent = True

    def __init__(self, threads: int | None = None) -> None:
        self.threads = check_threads(threads)

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        vectors = self._spread(images, self._embed_one, (self.card.dim,))
        check_finite(vectors, self.card.name, images)
        return normalize(vectors) if self.card.normalized else vectors

    def feature_map(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        if self.card.feature_map is None:
            return super().feature_map(images)
        return self._spread(images, self._feature_map_one, self.card.feature_map)

    def _spread(
        self,
        images: Sequence[ImageLike],
        compute: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
        shape: tuple[int, ...],
    ) -> NDArray[np.float32]:
        """``compute`` of every image as rows of float32 (n, *shape); the first failure stops the rest."""
        rows = np.empty((len(images), *shape), dtype=np.float32)

        def work(position: int) -> None:
            row = compute(decode(images[position], min_size=self.wanted_size))
            if row.shape != shape:
                raise InvalidArgument(
                    f"encoder {self.card.name}: one image gave an array of shape {row.shape}, "
                    f"the card promises {shape}; correct the card"
                )
            rows[position] = row

        workers = min(self.threads, len(images))
        if workers <= 1:
            for position in range(len(images)):
                work(position)
            return rows
        pool = ThreadPoolExecutor(workers, thread_name_prefix="lookalike-embed")
        try:
            for _ in pool.map(work, range(len(images))):
                pass
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return rows

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([self._embed_one(one) for one in pixels])

    def _feature_map(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([self._feature_map_one(one) for one in pixels])

    @abstractmethod
    def _embed_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One RGB image uint8 (h, w, 3) of any size -> float32 (d,), not yet normalised."""

    def _feature_map_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One RGB image uint8 (h, w, 3) of any size -> float32 (h', w', d)."""
        return super()._feature_map([pixels])
