"""Embeddings kept on disk by content and encoder, so that nothing is computed twice.

How they are kept, and what a damaged file costs: :mod:`lookalike.encoders.blob_store`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.encoders.blob_store import CACHE_VARIABLE, StoreFolder, cache_folder
from lookalike.encoders.content import identify
from lookalike.errors import InvalidArgument
from lookalike.images import ImageLike

__all__ = ["CACHE_VARIABLE", "EmbeddingCache", "cache_folder", "embed_cached"]

_EMBED_AT_ONCE = 256


class EmbeddingCache(StoreFolder):
    """float32 vectors by encoder fingerprint and content id; every bit comes back as it was put.

    Args:
        folder: where the files lie; None means ``embeddings`` in :func:`cache_folder`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder if folder is not None else cache_folder() / "embeddings")

    def get_many(
        self, fingerprint: str, content_ids: Sequence[str], dim: int
    ) -> dict[str, NDArray[np.float32]]:
        """Those of the wanted vectors that are known: content id -> float32 (dim,)."""
        blobs = self._store(fingerprint).read(list(dict.fromkeys(content_ids)))
        return {
            content: np.frombuffer(blob, dtype="<f4").astype(np.float32)
            for content, blob in blobs.items()
            if len(blob) == 4 * dim
        }

    def put_many(self, fingerprint: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep vectors, each float32 (dim,); one that is there already is replaced."""
        blobs = {}
        for content, vector in vectors.items():
            if vector.ndim != 1 or vector.dtype != np.float32:
                raise InvalidArgument(
                    f"a cached embedding is float32 (d,), got {vector.dtype} {vector.shape}"
                )
            blobs[content] = vector.astype("<f4").tobytes()
        if blobs:
            self._store(fingerprint).write(blobs)


def embed_cached(encoder: Encoder, images: Sequence[ImageLike], cache: EmbeddingCache) -> NDArray[np.float32]:
    """As :meth:`Encoder.embed`, but vectors that the cache holds are not computed again.

    The content id of a file is the sha256 (hex) of its bytes; that of pixels in memory is the sha256 of their
    size and values. Files are read once, and what was hashed is what is embedded.

    Returns:
        float32 (n, d) in the order of ``images``.

    Raises:
        ImageError: an image cannot be read.
    """
    rows = np.empty((len(images), encoder.card.dim), dtype=np.float32)
    fingerprint = encoder.card.fingerprint
    for start in range(0, len(images), _EMBED_AT_ONCE):
        contents = [identify(image) for image in images[start : start + _EMBED_AT_ONCE]]
        known = cache.get_many(fingerprint, [content for content, _ in contents], encoder.card.dim)
        wanted = {content: source for content, source in contents if content not in known}
        if wanted:
            fresh = dict(zip(wanted, encoder.embed(list(wanted.values())), strict=True))
            cache.put_many(fingerprint, fresh)
            known.update(fresh)
        for offset, (content, _) in enumerate(contents):
            rows[start + offset] = known[content]
    return rows
