"""Both sides of an image: its embedding and that of its mirror image."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.encoders.parallel import available_cores
from lookalike.images import ImageLike, ImageRef, decode, read_source
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.cache import EmbeddingCache

_AT_ONCE = 128


class Mirrored(Encoder):
    """An encoder that looks at every image in the mirror (left and right exchanged).

    Its fingerprint differs from the encoder's, so both sides can be cached by the image's content.
    """

    def __init__(self, base: Encoder) -> None:
        self.base = base
        self.concurrent = base.concurrent
        self.batch_size = base.batch_size
        self.card = replace(
            base.card,
            name=f"{base.card.name} (mirrored)",
            text=False,
            feature_map=None,
            details={**base.card.details, "mirrored": True, "mirror_of": base.card.fingerprint},
        )

    @property
    def wanted_size(self) -> tuple[int, int]:
        return self.base.wanted_size

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        # Not the method of the class above: that would bring rows of unit length to unit length once more.
        starts = range(0, len(images), self.batch_size)
        batches = [self._embed(_decode_all(self.base, images[i : i + self.batch_size])) for i in starts]
        return np.concatenate(batches) if batches else np.empty((0, self.card.dim), dtype=np.float32)

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.base.embed([mirror(image) for image in pixels])


def mirror(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image uint8 (h, w, 3) with left and right exchanged."""
    return np.ascontiguousarray(pixels[:, ::-1])


def embed_sides(
    encoder: Encoder,
    images: Sequence[ImageLike],
    with_mirror: bool,
    cache: EmbeddingCache | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Embeddings of images and of their mirror images: float32 (n, d) each, the second None without mirror.

    Raises:
        ImageError: an image cannot be read.
    """
    plain: list[NDArray[np.float32]] = []
    mirrored: list[NDArray[np.float32]] = []
    for start in range(0, len(images), _AT_ONCE):
        part = images[start : start + _AT_ONCE]
        first, second = (
            _embed_decoded(encoder, part, with_mirror)
            if cache is None
            else _embed_cached(encoder, part, with_mirror, cache)
        )
        plain.append(first)
        if second is not None:
            mirrored.append(second)
        if progress is not None:
            progress("embedding images", start + len(part), len(images))
    return np.concatenate(plain), np.concatenate(mirrored) if with_mirror else None


def _embed_decoded(
    encoder: Encoder, images: Sequence[ImageLike], with_mirror: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Each image is decoded once for both sides; a batch at a time, so that memory stays small."""
    rows: list[NDArray[np.float32]] = []
    for start in range(0, len(images), encoder.batch_size):
        pixels = _decode_all(encoder, images[start : start + encoder.batch_size])
        rows.append(encoder.embed(pixels))
        if with_mirror:
            rows.append(encoder.embed([mirror(image) for image in pixels]))
    if not with_mirror:
        return np.concatenate(rows), None
    return np.concatenate(rows[::2]), np.concatenate(rows[1::2])


def _decode_all(encoder: Encoder, images: Sequence[ImageLike]) -> list[NDArray[np.uint8]]:
    def one(image: ImageLike) -> NDArray[np.uint8]:
        return decode(image, min_size=encoder.wanted_size)

    if len(images) == 1 or all(isinstance(image, np.ndarray) for image in images):
        return [one(image) for image in images]
    with ThreadPoolExecutor(available_cores(), thread_name_prefix="lookalike-decode") as pool:
        return list(pool.map(one, images))


def _embed_cached(
    encoder: Encoder, images: Sequence[ImageLike], with_mirror: bool, cache: EmbeddingCache
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    from lookalike.encoders.cache import embed_cached

    if not with_mirror:
        return embed_cached(encoder, images, cache), None
    # An open file can be read only once, and two sides are wanted of it.
    kept = [_readable_twice(image) for image in images]
    first = embed_cached(encoder, kept, cache)
    for image in kept:
        if isinstance(image, _Kept):
            image.seek(0)
    return first, embed_cached(Mirrored(encoder), kept, cache)


def _readable_twice(image: ImageLike) -> ImageLike:
    if isinstance(image, str | os.PathLike | bytes | np.ndarray | ImageRef) or hasattr(image, "getbands"):
        return image
    return _Kept(*read_source(image))


class _Kept(io.BytesIO):
    """An image's bytes in memory, with the name that error messages show."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name
