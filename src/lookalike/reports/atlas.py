"""Thumbnails packed into sheets, so that a map of 50,000 pictures is one page of bearable size.

The order of the tiles matters more than their format. Points are ordered coarse to fine: first one for each
cell of an 8 x 8 grid over the map, then those that a 16 x 16 grid adds, and so on to 128 x 128, every level
along a Z-curve, and last all others along a Z-curve. A view of the whole map then needs the first sheets
only, and a close view a few neighbouring ones, so that a browser never decodes them all. The same order
serves as priority: where two thumbnails would overlap, the earlier one is drawn.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.reports.models import Thumbnails

SHEET_SIDE = 1024
"""Pixels; a decoded sheet takes 4 MiB in the browser."""

_TILES = ((1_200, 128), (4_000, 112), (12_000, 88), (30_000, 68), (60_000, 56), (120_000, 40))
_LEVELS = (8, 16, 32, 64, 128)
_THREADS = 2
_BACKGROUND = (128, 128, 128)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some tiles as one JPEG; ``sizes`` is uint8 (m, 2): width and height of each, 0 where there is none."""

    jpeg: bytes
    sizes: NDArray[np.uint8]


def tile_side(count: int) -> int:
    """Side of a tile in pixels, so that ``count`` of them stay within some 40 MB of JPEG."""
    return next((side for limit, side in _TILES if count <= limit), 20)


def tiles_per_sheet(side: int) -> int:
    """How many tiles of ``side`` pixels a sheet holds."""
    return (SHEET_SIDE // side) ** 2


def drawing_order(unit: NDArray[np.float64]) -> NDArray[np.int64]:
    """Coarse-to-fine order of points.

    Args:
        unit: float (n, 2) in [0, 1].

    Returns:
        int64 (n,), a permutation: the point to draw first, second, ...
    """
    count = len(unit)
    curve = z_curve(unit)
    rank = np.full(count, len(_LEVELS), dtype=np.int64)
    for level, grid in enumerate(_LEVELS):
        column = np.minimum((unit * grid).astype(np.int64), grid - 1)
        cell = column[:, 1] * grid + column[:, 0]
        free = np.setdiff1d(np.arange(count), np.flatnonzero(rank < level), assume_unique=True)
        free = free[~np.isin(cell[free], cell[rank < level])]
        # The point nearest to the middle of its cell stands for the cell, so that thumbnails spread evenly.
        off = np.abs(unit[free] * grid - column[free] - 0.5).max(axis=1)
        free = free[np.argsort(off, kind="stable")]
        _, first = np.unique(cell[free], return_index=True)
        rank[free[first]] = level
    return np.lexsort((curve, rank))


def z_curve(unit: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of points of the unit square along a Z-curve (Morton order) of 2^16 x 2^16 cells: int64 (n,)."""
    cells = np.minimum((unit * 65536).astype(np.int64), 65535)
    return _spread(cells[:, 0]) | (_spread(cells[:, 1]) << 1)


def _spread(values: NDArray[np.int64]) -> NDArray[np.int64]:
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        values = (values | (values << shift)) & mask
    return values


def sheets(ids: NDArray[np.int64], thumbnails: Thumbnails, side: int) -> Iterator[Sheet]:
    """The tiles of ``ids``, in that order, sheet by sheet.

    Thumbnails are fetched a sheet at a time and shrunk in threads (Pillow lets go of the interpreter's lock
    while it decodes), with only a few sheets under way, so that memory does not grow with ``ids``.
    """
    step = tiles_per_sheet(side)
    waiting: deque[Future[Sheet]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(ids), step):
            wanted = [int(i) for i in ids[start : start + step]]
            waiting.append(pool.submit(_compose, _fetch(thumbnails, wanted), side))
            if len(waiting) > _THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _fetch(thumbnails: Thumbnails, ids: Sequence[int]) -> list[bytes | None]:
    found: Mapping[int, bytes] = thumbnails(ids) if callable(thumbnails) else thumbnails
    return [found.get(i) for i in ids]


def _compose(pictures: Sequence[bytes | None], side: int) -> Sheet:
    across = SHEET_SIDE // side
    rows = -(-len(pictures) // across)
    sheet = Image.new("RGB", (min(across, len(pictures)) * side, rows * side), _BACKGROUND)
    sizes = np.zeros((len(pictures), 2), dtype=np.uint8)
    for n, picture in enumerate(pictures):
        tile = _shrink(picture, side)
        if tile is not None:
            sheet.paste(tile, (n % across * side, n // across * side))
            sizes[n] = tile.size
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=72 if side >= 72 else 64, optimize=True)
    return Sheet(buffer.getvalue(), sizes)


def _shrink(picture: bytes | None, side: int) -> Image.Image | None:
    """The picture with its long side at most ``side``; None where it cannot be read."""
    if not picture:
        return None
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG",)) as image:
            image.draft("RGB", (side, side))
            image.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=None)
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError):
        return None
