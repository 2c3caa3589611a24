"""Do two pictures show the same, place for place? A second look at pairs whose vectors are close.

An encoder calls two pictures of the same kind alike; duplicates are versions of *one* picture. So the small pictures of a
pair are laid over one another: the correlation of their colours at 24 x 24 places, each colour channel taken from its own
mean (brightness and tints drop out), the best over one of them being trimmed by nothing, 5 or 10 percent at any side.

``AGREE`` was chosen on 200 pictures of Caltech-101 in seven versions each (trimmed, recompressed, halved, brightened,
tinted), so figures on these pictures (benchmarks/duplicate_figures.py) flatter it slightly. Mirrored and rotated
pictures do not agree.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
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
ROWS_AT_ONCE = 64
"""Images whose trimmed views are held at a time: 9 MB of views, and 15 MB of products with 3,000 images."""
_CORNERS = (0.0, 0.5, 1.0)
_WHOLE = (0.0, 0.5, 0.5)
_BOXES = (_WHOLE, *((trim, x, y) for trim in TRIMS for y in _CORNERS for x in _CORNERS))


class HasThumbnails(Protocol):
    """What the second look needs of a gallery."""

    def thumbnails(self, ids: Sequence[int] | NDArray[np.int64]) -> Mapping[int, bytes]: ...


def disagreeing(
    gallery: HasThumbnails, ids: NDArray[np.int64], asked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the pairs are no versions of one picture: bool (n, n), symmetric. Without a small picture a pair agrees.

    Args:
        gallery: hands out the small pictures.
        ids: int64 (n,), ascending.
        asked: bool (n, n), symmetric: the pairs to look at.
    """
    wanted = np.flatnonzero(asked.any(axis=1))
    found = gallery.thumbnails(ids[wanted])
    pictures = {int(place): found.get(int(ids[place]), b"") for place in wanted}
    return asked & (agreement(pictures, asked) < AGREE)


def agreement(pictures: Mapping[int, bytes], asked: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The best correlation of each pair: float32 (n, n), symmetric.

    +inf for pairs that nobody asked for (some of them are computed all the same) and where a picture cannot be read.
    Memory: two such matrices, 14 kB for each image, and what ``ROWS_AT_ONCE`` says; 140 MB at 3,000 images.

    Args:
        pictures: position -> JPEG bytes.
        asked: bool (n, n), symmetric.
    """
    n = len(asked)
    best = np.full((n, n), np.inf, dtype=np.float32)
    whole = np.zeros((n, 3 * PLACES * PLACES), dtype=np.float32)
    known = np.zeros(n, dtype=bool)
    for place, data in pictures.items():
        image = _opened(data)
        if image is not None:
            whole[place], known[place] = _view(image, *_WHOLE), True
    rows = np.flatnonzero(known & asked.any(axis=1))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        block = rows[start : start + ROWS_AT_ONCE]
        columns = np.flatnonzero(known & asked[block].any(axis=0))
        if columns.size:
            views = np.stack([_view(image, *box) for image in _images(pictures, block) for box in _BOXES])
            products = (views @ whole[columns].T).reshape(len(block), len(_BOXES), len(columns))
            best[np.ix_(block, columns)] = products.max(axis=1)
    # Either of the two may be the trimmed one; asked for is symmetric, so both ways were computed.
    return np.maximum(best, best.T, out=best)


def _opened(picture: bytes) -> Image.Image | None:
    if not picture:
        return None
    try:
        return Image.open(io.BytesIO(picture)).convert("RGB")
    except (OSError, ValueError):
        return None


def _images(pictures: Mapping[int, bytes], places: NDArray[np.int64]) -> Iterator[Image.Image]:
    """Opened again rather than kept: together they would take far more memory than their views."""
    for place in places:
        image = _opened(pictures[int(place)])
        assert image is not None  # it was opened before
        yield image


def _view(image: Image.Image, trim: float, x: float, y: float) -> NDArray[np.float32]:
    """A part of the picture as a unit vector, float32 (1728,).

    A picture of one colour has zeros: it agrees with nothing, since nothing on it could be compared.
    """
    width, height = image.width * (1 - trim), image.height * (1 - trim)
    left, top = (image.width - width) * x, (image.height - height) * y
    part = image.resize(
        (PLACES, PLACES), Image.Resampling.BILINEAR, box=(left, top, left + width, top + height)
    )
    colors = np.asarray(part, dtype=np.float32).reshape(-1, 3)
    colors -= colors.mean(axis=0)
    length = float(np.linalg.norm(colors))
    return np.asarray(colors.ravel() / max(length, 1e-6), dtype=np.float32)
