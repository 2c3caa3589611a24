"""Do two pictures show the same, place for place? A second look at pairs whose vectors are close.

An encoder calls two pictures of the same kind alike; duplicates are versions of *one* picture. So the small pictures of a
pair are laid over one another: the correlation of their colours at 24 x 24 places, each colour channel taken from its own
mean (brightness and tints drop out), the best over one of them being trimmed by nothing, 5 or 10 percent at any side.

``AGREE`` was chosen on 200 pictures of Caltech-101 in seven versions each (trimmed, recompressed, halved, brightened,
tinted) with glance: of 5,136 pairs within 0.15, 1,086 of them wrong, 0.93 keeps 3,909 and no wrong one; 0.9 keeps 3,999
with one wrong one, 0.8 keeps 4,157 with 107. Mirrored and rotated pictures do not agree.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

AGREE = 0.93
"""Least correlation of two versions of one picture."""
PLACES = 24
"""Side of the grid that is compared."""
TRIMS = (0.05, 0.10)
"""Parts of the sides by which one picture may be trimmed."""
_CORNERS = (0.0, 0.5, 1.0)


class HasThumbnails(Protocol):
    """What the second look needs of a gallery."""

    def thumbnails(self, ids: Sequence[int] | NDArray[np.int64]) -> Mapping[int, bytes]: ...


def disagreeing(
    gallery: HasThumbnails, ids: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of the pairs are no versions of one picture: bool (m,). Without a small picture a pair agrees.

    Args:
        gallery: hands out the small pictures.
        ids: int64 (n,), ascending.
        first, second: int64 (m,), positions into ids.
    """
    wanted, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    pictures = gallery.thumbnails(ids[wanted])
    views = [_views(pictures.get(int(one))) for one in ids[wanted]]
    a, b = place[: len(first)], place[len(first) :]
    return np.array([not _agree(views[i], views[j]) for i, j in zip(a, b, strict=True)], dtype=bool)


def _agree(one: NDArray[np.float16] | None, other: NDArray[np.float16] | None) -> bool:
    if one is None or other is None:
        return True
    left, right = one.astype(np.float32), other.astype(np.float32)
    return bool(max((left @ right[0]).max(), (right @ left[0]).max()) >= AGREE)


def _views(picture: bytes | None) -> NDArray[np.float16] | None:
    """The whole picture and its trimmed ones as unit vectors, float16 (19, 1728); None without one that can be read.

    A picture of one colour has zeros: it agrees with nothing, since nothing on it could be compared.
    """
    if not picture:
        return None
    try:
        image = Image.open(io.BytesIO(picture)).convert("RGB")
    except (OSError, ValueError):
        return None
    boxes = [(0.0, 0.5, 0.5), *((trim, x, y) for trim in TRIMS for y in _CORNERS for x in _CORNERS)]
    return np.stack([_view(image, *box) for box in boxes]).astype(np.float16)


def _view(image: Image.Image, trim: float, x: float, y: float) -> NDArray[np.float32]:
    width, height = image.width * (1 - trim), image.height * (1 - trim)
    left, top = (image.width - width) * x, (image.height - height) * y
    part = image.resize(
        (PLACES, PLACES), Image.Resampling.BILINEAR, box=(left, top, left + width, top + height)
    )
    colors = np.asarray(part, dtype=np.float32).reshape(-1, 3)
    colors -= colors.mean(axis=0)
    length = float(np.linalg.norm(colors))
    return colors.ravel() / max(length, 1e-6)
