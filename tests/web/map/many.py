"""A gallery of many images that were never files: rows, vectors and thumbnails written straight into the record."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders import Encoder, EncoderCard, Preprocessing
from lookalike.gallery import Gallery
from lookalike.web.map_drawn import Drawn, write_drawn

DIM = 8
GROUPS = 12


class Nothing(Encoder):
    """Stands where an encoder has to; never asked."""

    concurrent = True

    def __init__(self) -> None:
        self.card = EncoderCard("nothing", DIM, (8, 8), Preprocessing())

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.ones((len(pixels), DIM), np.float32)


def thumbnails(count: int) -> list[bytes]:
    """``count`` different small JPEGs."""
    found = []
    for number in range(count):
        coarse = np.random.default_rng(number).integers(0, 255, (3, 4, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=70)
        found.append(buffer.getvalue())
    return found


def many(place: Path, count: int, *, drawn: bool = True) -> Gallery:
    """A gallery of ``count`` rows in twelve groups, with a map of as many round clouds."""
    random = np.random.default_rng(7)
    gallery = Gallery.create(place, Nothing())
    group = random.integers(0, GROUPS, count)
    vectors = np.eye(GROUPS, DIM, dtype=np.float32)[group] + random.normal(0, 0.05, (count, DIM)).astype("f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    small = thumbnails(48)
    names = [f"/photos/group-{g:02}/image-{i:06}.jpg" for i, g in enumerate(group)]
    gallery.store.append(
        pa.table(
            {
                "id": pa.array(np.arange(count)),
                "path": names,
                "content": [f"{i:064x}" for i in range(count)],
                "signature": ["1:1:1"] * count,
                "source": ["/photos"] * count,
                "label": [None if i % 50 == 0 else f"group {g}" for i, g in enumerate(group)],
                "width": pa.array(random.integers(200, 4000, count), pa.int32()),
                "height": pa.array(random.integers(200, 3000, count), pa.int32()),
                "format": ["JPEG"] * count,
                "bytes": pa.array(random.integers(10_000, 9_000_000, count)),
                "missing": [False] * count,
                "thumbnail": pa.array([small[i % len(small)] for i in range(count)], pa.binary()),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM),
            }
        )
    )
    if drawn:
        angle = group / GROUPS * 2 * np.pi
        centres = 0.5 + 0.34 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        xy = np.clip(centres + random.normal(0, 0.045, (count, 2)), 0, 1).astype(np.float32)
        write_drawn(Drawn(np.arange(count), xy, "umap", ""), gallery.location, gallery.settings)
    return gallery
