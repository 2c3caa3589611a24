"""Embeddings of a table's images, as they are and with an attribute taken away."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.ablation_attributes import Attribute, remove
from lookalike.benchmarks.features import only_typed
from lookalike.encoders import Encoder
from lookalike.encoders.base import check_finite
from lookalike.encoders.cache import EmbeddingCache, embed_cached
from lookalike.errors import ImageError, InvalidArgument
from lookalike.images import decode
from lookalike.progress import Progress
from lookalike.similarity import Metric, cosine, euclidean

if TYPE_CHECKING:
    from lookalike.judgments import ImageCatalogue

_IMAGES_AT_ONCE = 64
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Vectors:
    """float32 (n, d), and which row is which image."""

    values: NDArray[np.float32]
    row: Mapping[str, int]

    def of(self, contents: Sequence[str]) -> NDArray[np.float32]:
        """Rows of these images: float32 (len(contents), d)."""
        return self.values[[self.row[content] for content in contents]]


def intact_vectors(
    encoder: Encoder, images: ImageCatalogue, contents: Sequence[str], progress: Progress | None
) -> Vectors:
    """The images as they are, through the embedding cache.

    Raises:
        ImageError: an image cannot be read; names it.
        JudgmentError: an image is not on this machine.
    """
    blocks = []
    cacheable = bool(getattr(encoder, "cacheable", True))
    with EmbeddingCache() as cache:
        for start in range(0, len(contents), _IMAGES_AT_ONCE):
            paths = [str(images.path(content)) for content in contents[start : start + _IMAGES_AT_ONCE]]
            with only_typed(encoder):
                blocks.append(embed_cached(encoder, paths, cache) if cacheable else encoder.embed(paths))
            _tell(progress, "embedding", start + len(paths), len(contents))
    return _joined(blocks, encoder, contents)


def ablated_vectors(
    encoder: Encoder,
    images: ImageCatalogue,
    contents: Sequence[str],
    attribute: Attribute,
    seed: int,
    progress: Progress | None,
) -> Vectors:
    """The same images without ``attribute``; at most one batch of pixels is held.

    Each image gets random numbers of its own (from ``seed`` and its content), or two images shuffled alike would
    still share their layout. They are decoded as for the encoder itself, so nothing but the attribute changes.

    Raises:
        ImageError: an image cannot be read or is too small; names it.
        JudgmentError: an image is not on this machine.
    """
    blocks = []
    for start in range(0, len(contents), encoder.batch_size):
        batch = []
        for content in contents[start : start + encoder.batch_size]:
            path = str(images.path(content))
            pixels = decode(path, min_size=encoder.wanted_size)
            try:
                batch.append(remove(pixels, attribute, seed=zlib.crc32(f"{seed}:{content}".encode())))
            except InvalidArgument as error:
                raise ImageError(path, str(error)) from error
        with only_typed(encoder):
            blocks.append(encoder.embed(batch))
        _tell(progress, f"without {attribute.name}", start + len(batch), len(contents))
    return _joined(blocks, encoder, contents)


def row_distances(
    left: NDArray[np.float32], right: NDArray[np.float32], metric: Metric
) -> NDArray[np.float64]:
    """Distance of each row to the row at the same place: float64 (n,)."""
    measure = cosine if metric == "cosine" else euclidean
    found = np.empty(len(left), dtype=np.float64)
    for start in range(0, len(left), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        found[part] = measure(left[part], right[part])
    return found


def _joined(blocks: list[NDArray[np.float32]], encoder: Encoder, contents: Sequence[str]) -> Vectors:
    values = np.concatenate(blocks) if blocks else np.empty((0, encoder.card.dim), dtype=np.float32)
    check_finite(values, encoder.card.name, contents)  # the cache may hold what was never looked at
    return Vectors(values, {content: row for row, content in enumerate(contents)})


def _tell(progress: Progress | None, stage: str, done: int, total: int) -> None:
    if progress is not None:
        progress(stage, done, total)
