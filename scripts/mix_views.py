"""Mixed pictures for the stage glance-broaden or glance-faces: parts, blends of two photographs, blends of two faces.

    python scripts/mix_views.py FOLDER FOLDER ... --out FOLDER [--views 3] [--faces 2] [--seed 0]

A student that sees a few thousand photographs again and again learns them by heart. A teacher can be asked about any picture,
also about one that nobody took (mixup of Zhang et al. 2018, arXiv 1710.09412, with the teacher asked about the mixture: Beyer
et al. 2022, arXiv 2106.05237, section 3). Of every photograph come --views pictures: every other one a random part of it, 15 to
100 % of its area, mirrored or not; the others such a part blended with one of another photograph. Of every photograph with
exactly one face come --faces blends with another's face, laid upon it by their landmarks. Faces are kept in the cache.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders.faces import Face, FaceEncoder, detect_cached, face_crops
from lookalike.images import decode

AREA = (0.15, 1.0)
LONGER = 176
BLEND, FACES_BLEND = (0.2, 0.8), (0.35, 0.65)
MARGIN = (0.2, 1.2)
"""How far beyond a face's box, as a share of its sides."""

Pixels = NDArray[np.uint8]


def part(pixels: Pixels, dice: np.random.Generator) -> Pixels:
    """A random part of an image, its sides' ratio changed by up to a quarter, mirrored or not, at most LONGER long."""
    height, width = pixels.shape[:2]
    side, stretch = np.sqrt(dice.uniform(*AREA)), np.exp(dice.uniform(-0.22, 0.22) / 2)
    tall = min(height, max(1, round(height * side * stretch)))
    wide = min(width, max(1, round(width * side / stretch)))
    top, left = dice.integers(height - tall + 1), dice.integers(width - wide + 1)
    cut = pixels[top : top + tall, left : left + wide]
    scale = min(1.0, LONGER / max(tall, wide))
    cut = resized(cut, (max(1, round(tall * scale)), max(1, round(wide * scale))))
    return np.ascontiguousarray(cut[:, ::-1] if dice.random() < 0.5 else cut)


def resized(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    height, width = shape
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def blended(a: Pixels, b: Pixels, share: float) -> Pixels:
    """share x a + (1 - share) x b, in a's shape."""
    b = resized(b, a.shape[:2])
    return np.rint(share * a.astype(np.float32) + (1 - share) * b.astype(np.float32)).astype(np.uint8)


def laid_upon(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """The similarity transform (2, 3) that takes target's points to source's (least squares; Umeyama 1991)."""
    a, b = target.astype(float), source.astype(float)
    middle_a, middle_b = a.mean(axis=0), b.mean(axis=0)
    a, b = a - middle_a, b - middle_b
    left, size, right = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, np.sign(np.linalg.det(left @ right))])
    turn = (left * sign) @ right * (size * sign).sum() / (a**2).sum()
    return np.c_[turn, middle_b - turn @ middle_a]


def two_faces(a: Pixels, face: Face, b: Pixels, other: Face, dice: np.random.Generator) -> Pixels:
    """A cut around a's face, blended with b, whose face lies upon it."""
    moved = laid_upon(other.landmarks, face.landmarks)
    height, width = a.shape[:2]
    over = Image.fromarray(b).transform(
        (width, height), Image.Transform.AFFINE, tuple(moved.ravel()), Image.Resampling.BICUBIC
    )
    inside = Image.new("L", (b.shape[1], b.shape[0]), 255).transform(
        (width, height), Image.Transform.AFFINE, tuple(moved.ravel()), Image.Resampling.NEAREST
    )
    share = np.where(np.asarray(inside) > 0, dice.uniform(*FACES_BLEND), 0.0)[..., None]
    both = np.rint((1 - share) * a + share * np.asarray(over)).astype(np.uint8)
    return face_crops(both, [face], margin=dice.uniform(*MARGIN))[0]


def pictures(
    files: list[Path], found: list[list[Face]], views: int, blends: int, seed: int
) -> Iterator[tuple[str, Pixels]]:
    """(name, picture) of everything that is made."""
    with_face = [row for row, faces in enumerate(found) if len(faces) == 1]
    for row, file in enumerate(files):
        dice = np.random.default_rng([seed, row])
        pixels = decode(file)
        for number in range(views):
            if (row + number) % 2:
                yield f"{row:05}-part-{number}", part(pixels, dice)
                continue
            other = decode(files[int(dice.integers(len(files)))])
            yield (
                f"{row:05}-blend-{number}",
                blended(part(pixels, dice), part(other, dice), dice.uniform(*BLEND)),
            )
        for number in range(blends if len(found[row]) == 1 and len(with_face) > 1 else 0):
            other_row = int(dice.choice(with_face))
            made = two_faces(pixels, found[row][0], decode(files[other_row]), found[other_row][0], dice)
            yield f"{row:05}-faces-{number}", made


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("photographs", type=Path, nargs="+")
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--views", type=int, default=3, help="of every photograph")
    given.add_argument("--faces", type=int, default=2, help="of every photograph with one face")
    given.add_argument("--seed", type=int, default=0)
    options = given.parse_args()
    files = [file for folder in options.photographs for file in sorted(folder.rglob("*.jpg"))]
    found = detect_cached(FaceEncoder(), files)
    options.out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, pixels in pictures(files, found, options.views, options.faces, options.seed):
        if min(pixels.shape[:2]) > 1:
            Image.fromarray(pixels).save(options.out / f"{name}.jpg", quality=92)
            count += 1
    print(f"{options.out}: {count:,} pictures made of {len(files):,} photographs")


if __name__ == "__main__":
    main()
