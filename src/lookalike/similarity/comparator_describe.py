"""Everything a comparator wants to know of single images, computed once for each image and kept by content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, normalize
from lookalike.errors import ComparatorError
from lookalike.images import ImageLike
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.faces import Face, FaceEncoder

MAP_DEPTH = 256
"""Deeper cells of a feature map are projected to so many numbers at random (Johnson and Lindenstrauss, 1984)."""

PARTS = ("color", "color_layout", "gradients", "texture", "layout")
"""Parts of the encoder ``classic`` that measures may ask for."""

_AT_ONCE = 128
_SEED = 20180304


@dataclass(frozen=True, eq=False)
class Descriptions:
    """n images as a comparator sees them, before anything was learned.

    Attributes:
        vectors: name -> array with n rows: ``embedding`` float32 (n, d): signed square roots, mean of an image
            and its mirror image; ``map`` float16 (n, cells, depth), absent when the encoder has none; the parts of
            ``classic`` float32.
        faces: the faces of each image, or None when nobody looked for any.
        encoder: fingerprint of the encoder.
        face_encoder: fingerprint of the encoder of faces; '' without.
    """

    vectors: dict[str, NDArray[Any]]
    faces: tuple[tuple[Face, ...], ...] | None
    encoder: str
    face_encoder: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.vectors.values())))

    @property
    def holds(self) -> set[str]:
        """What measures may ask for."""
        return set(self.vectors) | ({"faces"} if self.faces is not None else set())

    def take(self, rows: NDArray[np.intp]) -> Descriptions:
        """Some of the images, in the order of ``rows``."""
        faces = None if self.faces is None else tuple(self.faces[int(row)] for row in rows)
        return replace(self, vectors={name: array[rows] for name, array in self.vectors.items()}, faces=faces)

    def join(self, other: Descriptions) -> Descriptions:
        """These images and then those.

        Raises:
            ComparatorError: they were described by other encoders.
        """
        if (self.encoder, self.face_encoder) != (other.encoder, other.face_encoder):
            raise ComparatorError(
                "descriptions by different encoders cannot be joined; describe all images anew"
            )
        vectors = {name: np.concatenate([array, other.vectors[name]]) for name, array in self.vectors.items()}
        faces = None if self.faces is None or other.faces is None else self.faces + other.faces
        return replace(self, vectors=vectors, faces=faces)


def describe(
    images: Sequence[ImageLike],
    encoder: Encoder,
    faces: FaceEncoder | None = None,
    *,
    cache: bool = True,
    progress: Progress | None = None,
) -> Descriptions:
    """Describe images; what the caches hold by content is not computed again.

    Args:
        images: n of anything :func:`lookalike.images.decode` takes, except open files, which are read several times.
        encoder: of the embedding and the feature map.
        faces: finds the faces; None: nobody looks for faces.
        cache: False computes everything and keeps nothing.
        progress: called after each batch.

    Raises:
        ImageError: an image cannot be read.
        ComparatorError: there are no images.
    """
    if not len(images):
        raise ComparatorError("there are no images to describe; give at least one")
    vectors: dict[str, NDArray[Any]] = {"embedding": _embedding(images, encoder, cache, progress)}
    if encoder.card.feature_map is not None:
        vectors["map"] = _maps(images, encoder, cache, progress)
    vectors.update(_classic(images, cache, progress))
    found = None if faces is None else _faces(images, faces, cache, progress)
    fingerprint = faces.card.fingerprint if faces is not None else ""
    return Descriptions(vectors, found, encoder.card.fingerprint, fingerprint)


def _embedding(
    images: Sequence[ImageLike], encoder: Encoder, cache: bool, progress: Progress | None
) -> NDArray[np.float32]:
    from lookalike.encoders.cache import EmbeddingCache
    from lookalike.encoders.transform_sides import embed_sides

    plain, mirrored = embed_sides(encoder, images, True, EmbeddingCache() if cache else None, progress)
    total = _signed_root(plain) + (_signed_root(mirrored) if mirrored is not None else 0.0)
    return np.asarray(total * np.float32(0.5), dtype=np.float32)


def _maps(
    images: Sequence[ImageLike], encoder: Encoder, cache: bool, progress: Progress | None
) -> NDArray[np.float16]:
    small = SmallMaps(encoder)
    height, width, depth = small.shape
    rows = np.empty((len(images), height * width, depth), dtype=np.float16)
    for start, part in _embed(images, small, cache, progress, "feature maps"):
        rows[start : start + len(part)] = part.reshape(len(part), height * width, depth)
    return rows


def _classic(
    images: Sequence[ImageLike], cache: bool, progress: Progress | None
) -> dict[str, NDArray[np.float32]]:
    from lookalike.encoders.classic import ClassicEncoder

    classic = ClassicEncoder()
    parts = list(_embed(images, classic, cache, progress, "colour, shape, texture"))
    rows = np.concatenate([part for _, part in parts])
    return {name: normalize(rows[:, place]) for name, place in classic.part_slices.items()}


def _faces(
    images: Sequence[ImageLike], encoder: FaceEncoder, cache: bool, progress: Progress | None
) -> tuple[tuple[Face, ...], ...]:
    if not cache:
        return tuple(tuple(found) for found in encoder.detect(images))
    from lookalike.encoders.faces import detect_cached

    return tuple(tuple(found) for found in detect_cached(encoder, images, progress=progress))


def _embed(
    images: Sequence[ImageLike], encoder: Encoder, cache: bool, progress: Progress | None, stage: str
) -> list[tuple[int, NDArray[np.float32]]]:
    from lookalike.encoders.cache import EmbeddingCache, embed_cached

    kept = EmbeddingCache() if cache else None
    parts = []
    for start in range(0, len(images), _AT_ONCE):
        part = images[start : start + _AT_ONCE]
        parts.append((start, encoder.embed(part) if kept is None else embed_cached(encoder, part, kept)))
        if progress is not None:
            progress(stage, start + len(part), len(images))
    return parts


class SmallMaps(Encoder):
    """An encoder's feature map as one vector: cells of unit length, signed square roots, at most MAP_DEPTH deep.

    The projection is a fixed random one: it needs no images to learn from, so nothing of a test image can leak
    through it, and inner products are kept up to about 1 / sqrt(MAP_DEPTH) for a cell, less for a whole map.
    """

    def __init__(self, base: Encoder) -> None:
        if base.card.feature_map is None:
            raise ComparatorError(
                f"encoder {base.card.name} has no feature map; compare without local features"
            )
        self.base = base
        self.batch_size = base.batch_size
        height, width, depth = base.card.feature_map
        self.shape = (height, width, min(depth, MAP_DEPTH))
        self._projection: NDArray[np.float32] | None = None
        if depth > MAP_DEPTH:
            random = np.random.default_rng(_SEED).standard_normal((depth, MAP_DEPTH))
            self._projection = (random / np.sqrt(MAP_DEPTH)).astype(np.float32)
        self.card = replace(
            base.card,
            name=f"{base.card.name} (map)",
            dim=height * width * self.shape[2],
            normalized=False,
            text=False,
            feature_map=None,
            details={**base.card.details, "small_map": MAP_DEPTH, "map_of": base.card.fingerprint},
        )

    @property
    def wanted_size(self) -> tuple[int, int]:
        return self.base.wanted_size

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        maps = self.base.feature_map(pixels)
        cells = _signed_root(normalize(maps.reshape(-1, maps.shape[-1])))
        if self._projection is not None:
            cells = cells @ self._projection
        return np.asarray(cells.reshape(len(pixels), -1), dtype=np.float32)


def _signed_root(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.copysign(np.sqrt(np.abs(values)), values), dtype=np.float32)


def load_faces(faces: bool | str | FaceEncoder) -> FaceEncoder | None:
    """The encoder of faces of that name, or as given; None for False."""
    if faces is False:
        return None
    if not isinstance(faces, str):
        return cast("FaceEncoder", faces)
    from lookalike.encoders.faces import FaceEncoder, parse_options

    return FaceEncoder(parse_options(faces.partition(":")[2]))
