"""Face crops, and generic features of them: the GF features of Totally-Looks-Like (section 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.encoders.cache import EmbeddingCache, embed_cached
from lookalike.encoders.faces_cache import detect_cached
from lookalike.encoders.faces_types import Face
from lookalike.errors import InvalidArgument
from lookalike.images import ImageLike, crop_box, decode
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.faces import FaceEncoder

_CROP_AT_ONCE = 64


def face_crops(image: ImageLike, faces: Sequence[Face], *, margin: float = 0.0) -> list[NDArray[np.uint8]]:
    """The part of the image that each face takes: n arrays RGB uint8 (h_i, w_i, 3), cut at the border.

    Args:
        image: the image in which the faces were found.
        faces: of that image.
        margin: how far to go beyond the box on each side, as a share of the box's width and height; 0 is the
            box itself, 0.5 gives twice the width.

    Raises:
        ImageError: the image cannot be read.
        InvalidArgument: the margin is below 0 or not finite, or a face is of an image of another size.
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise InvalidArgument(f"the margin of a face crop must be 0 or more, got {margin}")
    pixels = decode(image)
    return [_crop(pixels, face, margin) for face in faces]


def _crop(pixels: NDArray[np.uint8], face: Face, margin: float) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if face.image_size != (height, width):
        raise InvalidArgument(
            f"the face was found in an image of {face.image_size[1]} x {face.image_size[0]} pixels, this one has "
            f"{width} x {height}; crop from the image in which it was found"
        )
    left, top, right, bottom = face.box
    across, down = margin * face.width, margin * face.height
    # At least one pixel, also of a face whose box lies beyond the border.
    first_x = min(max(0, round(left - across)), width - 1)
    first_y = min(max(0, round(top - down)), height - 1)
    last_x = max(first_x + 1, min(width, round(right + across)))
    last_y = max(first_y + 1, min(height, round(bottom + down)))
    return np.ascontiguousarray(crop_box(pixels, (first_x, first_y, last_x, last_y)))


def generic_facial(
    face_encoder: FaceEncoder,
    encoder: Encoder,
    images: Sequence[ImageLike],
    *,
    faces: Sequence[Sequence[Face]] | None = None,
    margin: float = 0.0,
    face_cache: Path | None = None,
    cache: EmbeddingCache | None = None,
    progress: Progress | None = None,
) -> list[NDArray[np.float32]]:
    """Embeddings of the face crops of each image by any encoder (GF): n arrays float32 (n_i, d), n_i may be 0.

    Args:
        face_encoder: finds the faces.
        encoder: embeds the crops.
        images: n of anything :func:`lookalike.images.decode` takes; not open files, they are read twice.
        faces: of each image, when they are known already.
        margin: see :func:`face_crops`.
        face_cache: folder where faces are kept; None: the user's cache folder.
        cache: where the crops' embeddings are kept, by their pixels; None: the user's cache folder.
        progress: called as ``progress("faces", done, n)``, then ``progress("face crops", done, n)``.

    Raises:
        ImageError: an image cannot be read.
        InvalidArgument: ``faces`` is of another length than ``images``.
    """
    if faces is None:
        faces = detect_cached(face_encoder, images, face_cache, progress)
    if len(faces) != len(images):
        raise InvalidArgument(f"{len(images)} images and faces of {len(faces)}; give one list for each image")
    if cache is None:
        with EmbeddingCache() as own:
            return _embed_crops(encoder, images, faces, margin, own, progress)
    return _embed_crops(encoder, images, faces, margin, cache, progress)


def _embed_crops(
    encoder: Encoder,
    images: Sequence[ImageLike],
    faces: Sequence[Sequence[Face]],
    margin: float,
    cache: EmbeddingCache,
    progress: Progress | None,
) -> list[NDArray[np.float32]]:
    sets: list[NDArray[np.float32]] = []
    for start in range(0, len(images), _CROP_AT_ONCE):
        block = range(start, min(start + _CROP_AT_ONCE, len(images)))
        crops = [face_crops(images[i], faces[i], margin=margin) if faces[i] else [] for i in block]
        rows = embed_cached(encoder, [crop for some in crops for crop in some], cache)
        ends = np.cumsum([len(some) for some in crops])
        sets += [np.ascontiguousarray(part) for part in np.split(rows, ends[:-1])]
        if progress is not None:
            progress("face crops", len(sets), len(images))
    return sets
