"""Images to calibrate and check an export on."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from lookalike.images import ImageLike, decode, open_source
from lookalike.images.samples import sample_images

if TYPE_CHECKING:
    from lookalike.judgments import PairTable

MOST_IMAGES = 256
"""More images make the check no better and cost an embedding in each of two encoders."""


def default_images(pairs: PairTable | None = None) -> list[ImageLike]:
    """Images of the pairs, both sides in turn; without pairs the photographs that come with scikit-image."""
    if pairs is None:
        return _photographs()
    sides = zip(pairs.paths("left"), pairs.paths("right"), strict=True)
    paths: list[Path] = list(dict.fromkeys(path for pair in sides for path in pair))
    return list(paths[:MOST_IMAGES])


def some_images(place: str | Path) -> list[ImageLike]:
    """Up to :data:`MOST_IMAGES` of a folder, list or archive: a choice by chance, always the same one.

    Files come sorted, often by what they show, and ranges are measured on the first.

    Raises:
        SourceError: nothing there.
    """
    refs = list(open_source(place))
    return [refs[i] for i in np.random.default_rng(0).permutation(len(refs))[:MOST_IMAGES]]


def _photographs() -> list[ImageLike]:
    with TemporaryDirectory() as folder:
        sample = sample_images(Path(folder))
        copies = {copy for _, copy in sample.exact_duplicates} | {sample.damaged}
        # Spread over the labels: files are sorted by them, and calibration takes the first.
        names = [name for name in sample.images if name not in copies]
        mixed = [name for start in range(7) for name in names[start::7]]
        return [decode(sample.folder / name) for name in mixed]
