"""Photographs made for measuring: seeded, so that every run reads the same files."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from _common import cores, shared_data
from PIL import Image

FOLDER_SIZE = 1_000
"""Images in one sub-folder."""


def small_images(folder: Path, count: int, *, side: int = 96, first: int = 0) -> Path:
    """``count`` different JPEGs of ``side`` pixels in ``folder``; what is there already is kept.

    Each is smooth colour blobs, an edge and some grain: no two alike, and as large on disk (about 3 kB) as
    a small photograph. They are written by all cores.
    """
    starts = range(first, first + count, FOLDER_SIZE)
    # Not by fork: the caller may have loaded lancedb, whose threads do not survive one.
    with ProcessPoolExecutor(cores(), mp_context=multiprocessing.get_context("spawn")) as pool:
        work = partial(_small_block, folder, first + count, side)
        for _ in pool.map(work, starts):
            pass
    return folder


def _small_block(folder: Path, stop: int, side: int, start: int) -> None:
    place = folder / f"{start // FOLDER_SIZE:04d}"
    place.mkdir(parents=True, exist_ok=True)
    for number in range(start, min(start + FOLDER_SIZE, stop)):
        file = place / f"{number:07d}.jpg"
        if not file.exists():
            _small_image(number, side).save(file, quality=85)


def _small_image(number: int, side: int) -> Image.Image:
    generator = np.random.default_rng(number)
    rows, columns = (int(n) for n in generator.integers(2, 9, 2))
    blobs = generator.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    image = np.asarray(Image.fromarray(blobs).resize((side, side), Image.Resampling.BICUBIC)).astype(np.int16)
    cut = int(generator.integers(side // 8, side - side // 8))
    image[cut:] = image[cut:] * 2 // 3 + generator.integers(0, 85, 3, dtype=np.int16)
    image += generator.integers(-8, 9, (side, side, 1), dtype=np.int16)
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


def large_photographs(folder: Path, count: int, *, width: int = 4_000, height: int = 3_000) -> Path:
    """``count`` JPEGs of 12 megapixels, quality 90, with the content of photographs, in ``folder``.

    Photographs of the shared data are enlarged, and grain and fine detail of another scale are added, since
    an enlarged picture alone would be smoother, and quicker to decode, than a camera's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = shared_data()
    sources = [*sorted((data / "nights-mini").rglob("*.jpg")), *sorted((data / "tll" / "left").glob("*.jpg"))]
    for number in range(count):
        file = folder / f"{number:04d}.jpg"
        if not file.exists():
            _photograph(sources[number * 7 % len(sources)], number, width, height).save(file, quality=90)
    return folder


def _photograph(source: Path, number: int, width: int, height: int) -> Image.Image:
    generator = np.random.default_rng(number)
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    enlarged = picture.resize((width, height), Image.Resampling.BICUBIC)
    # The same picture, small and repeated, gives edges and texture at the scale of single pixels.
    small = picture.convert("L").resize((width // 8, height // 8), Image.Resampling.BICUBIC)
    tile = np.asarray(small).astype(np.int16)
    detail = np.tile(tile - int(tile.mean()), (8, 8))[:height, :width, None] // 10
    grain = generator.normal(0.0, 4.0, (height, width, 1)).astype(np.int16)
    pixels = np.asarray(enlarged).astype(np.int16) + detail + grain
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
