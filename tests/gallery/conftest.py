"""A quick encoder and folders of small pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders import Encoder, EncoderCard, Preprocessing
from lookalike.gallery import Gallery
from lookalike.images import resize


class Thumb(Encoder):
    """Centred 6x6 thumbnail: 108 numbers, no weights. Counts how many images it has embedded."""

    concurrent = True

    def __init__(self, name: str = "thumb", version: int = 1) -> None:
        self.card = EncoderCard(name, 108, (6, 6), Preprocessing(), version=version)
        self.embedded = 0

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.embedded += len(pixels)
        rows = [resize(image, (6, 6)).astype(np.float32).ravel() for image in pixels]
        return np.stack([row - row.mean() + 0.001 for row in rows])


class BatchThumb(Thumb):
    """The same, but wants batches."""

    concurrent = False
    batch_size = 7


def picture(seed: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A smooth random picture (width, height): survives JPEG."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (5, 5, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def save_pictures(folder: Path, count: int, first: int = 0) -> list[Path]:
    """``count`` different JPEGs."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{first + i:04d}.jpg" for i in range(count)]
    for i, path in enumerate(paths):
        picture(first + i).save(path, quality=90)
    return paths


@pytest.fixture
def thumb() -> Thumb:
    return Thumb()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    save_pictures(tmp_path / "photos" / "a", 12)
    save_pictures(tmp_path / "photos" / "b", 8, first=100)
    return tmp_path / "photos"


@pytest.fixture
def gallery(tmp_path: Path, photos: Path, thumb: Thumb) -> Gallery:
    made = Gallery.create(tmp_path / "gallery", thumb)
    made.index(photos, cache=False)
    thumb.embedded = 0
    return made


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], Gallery]:
    return lambda: Gallery.open(tmp_path / "gallery", encoder=Thumb())
