"""More pictures for the stage glance-faces: parts of photographs, and faces close up.

    python scripts/make_views.py PHOTOGRAPHS --out FOLDER [--seed 0]

Of every photograph one random part, 40 to 70 % of its area; of every photograph with exactly one face two parts around it,
close and wider. The teachers are asked about each part anew. Faces are looked for once and kept in the cache.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.encoders.faces import FaceEncoder, detect_cached, face_crops
from lookalike.images import decode

CLOSE, WIDER = (0.2, 0.5), (0.5, 1.2)
"""How far beyond the face's box, as shares of its sides."""


def part(pixels: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """A random part of an image, of the image's own shape."""
    height, width = pixels.shape[:2]
    side = np.sqrt(dice.uniform(0.4, 0.7))
    tall, wide = max(1, round(side * height)), max(1, round(side * width))
    top, left = dice.integers(height - tall + 1), dice.integers(width - wide + 1)
    return pixels[top : top + tall, left : left + wide]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("photographs", type=Path)
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--seed", type=int, default=0)
    options = given.parse_args()
    files = sorted(options.photographs.rglob("*.jpg"))
    found = detect_cached(FaceEncoder(), files)
    options.out.mkdir(parents=True, exist_ok=True)
    with_face = 0
    for row, (file, faces) in enumerate(zip(files, found, strict=True)):
        dice = np.random.default_rng([options.seed, row])
        views = {"part": part(decode(file), dice)}
        if len(faces) == 1:
            with_face += 1
            for name, margins in (("close", CLOSE), ("wider", WIDER)):
                (views[name],) = face_crops(file, faces, margin=float(dice.uniform(*margins)))
        for name, pixels in views.items():
            Image.fromarray(pixels).save(options.out / f"{row:05}-{name}.jpg", quality=95)
    print(f"{options.out}: {len(files):,} parts, {2 * with_face:,} of faces")


if __name__ == "__main__":
    main()
