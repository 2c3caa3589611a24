"""How many near-duplicates are found, and how many wrong ones: sets whose versions are known.

The demonstration's images, and every 46th picture of Caltech-101 (200 of them, many of one kind) in seven versions:
as it is, JPEG of quality 40, half the size, trimmed by 5 and by 10 percent, brighter, tinted. A pair is right when both
are versions of one picture. With the second look at the small pictures, and without it; at the threshold that is chosen, and at
those of --thresholds.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import tempfile
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
from _common import Results, encoder_spec, number, parser, say, shared_data
from PIL import Image, ImageEnhance


def versions(image: Image.Image, rng: np.random.Generator) -> Iterator[tuple[str, Image.Image, int]]:
    """(name, picture, JPEG quality)."""
    width, height = image.size
    yield "as-it-is", image, 92
    yield "recompressed", image, 40
    yield "half", image.resize((max(8, width // 2), max(8, height // 2)), Image.Resampling.BICUBIC), 85
    for percent in (5, 10):
        inner = round(width * (1 - percent / 100)), round(height * (1 - percent / 100))
        left, top = (
            round((whole - part) * rng.random()) for whole, part in zip(image.size, inner, strict=True)
        )
        yield f"trimmed-{percent}", image.crop((left, top, left + inner[0], top + inner[1])), 90
    yield "brighter", ImageEnhance.Brightness(image).enhance(1.2), 88
    tinted = np.clip(np.asarray(image) * np.array([1.12, 1.0, 0.88]), 0, 255).astype(np.uint8)
    yield "tinted", Image.fromarray(tinted), 88


def caltech(folder: Path, count: int) -> dict[str, str]:
    """Write the versions; path -> the picture that it is a version of."""
    rng = np.random.default_rng(5)
    folder.mkdir()
    owner = {}
    with tarfile.open(shared_data() / "caltech101-112.tar") as archive:
        names = sorted(member.name for member in archive.getmembers() if member.name.endswith(".jpg"))
        for place in np.linspace(0, len(names) - 1, count).round().astype(int):
            stream = archive.extractfile(names[place])
            assert stream is not None
            image = Image.open(io.BytesIO(stream.read())).convert("RGB")
            for version, picture, quality in versions(image, rng):
                path = folder / f"{place:05}-{version}.jpg"
                picture.save(path, quality=quality)
                owner[str(path)] = names[place]
    return owner


def demonstration(folder: Path) -> dict[str, str]:
    """Write the demonstration's images; path -> the picture that it is a version of (itself where there is no other)."""
    from lookalike.images.samples import sample_images

    samples = sample_images(folder)
    owner = {str(folder / name): name for name in samples.images}
    for group in samples.near_duplicates:
        owner |= {str(folder / name): group[0] for name in group}
    return owner


def count(
    gallery: Any, owner: dict[str, str], threshold: float | None, second_look: bool
) -> dict[str, float]:
    """Pairs that are there, that were joined, and that were joined rightly."""
    found = gallery.duplicates(threshold=threshold, second_look=second_look)
    there = {frozenset(pair) for pair in combinations(owner, 2) if owner[pair[0]] == owner[pair[1]]}
    joined = {
        frozenset((a.path, b.path))
        for group in found.groups
        for a, b in combinations((group.keep, *group.drop), 2)
    }
    return {
        "threshold": found.threshold.value,
        "pairs": len(there),
        "found": len(there & joined),
        "wrong": len(joined - there),
    }


def measure(options: argparse.Namespace) -> None:
    """The whole benchmark."""
    from lookalike.gallery import Gallery

    results = Results("duplicate_figures", options)
    rows = []
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as made:
        work = Path(made)
        sets = {
            "the demonstration's images": demonstration(work / "demo"),
            "Caltech-101, seven versions": caltech(work / "caltech", 20 if options.quick else 200),
        }
        folders = ("demo", "caltech")
        for encoder in options.encoders:
            for (title, owner), folder in zip(sets.items(), folders, strict=True):
                say(f"{encoder}: {title}")
                gallery = Gallery.create(work / f"{folder}-{len(rows)}", encoder_spec(encoder))
                gallery.index(work / folder)
                for threshold, look in product([None, *options.thresholds], (False, True)):
                    got = count(gallery, owner, threshold, look)
                    joined = got["found"] + got["wrong"]
                    precision = number(100 * got["found"] / joined) if joined else ""
                    recall = number(100 * got["found"] / got["pairs"])
                    rows.append(
                        [title, encoder, "yes" if look else "no", number(got["threshold"], 3)]
                        + [number(got[key], 0) for key in ("pairs", "found", "wrong")]
                        + [precision, recall]
                    )
    header = [
        "images",
        "encoder",
        "second look",
        "threshold",
        "pairs",
        "found",
        "wrong",
        "precision %",
        "recall %",
    ]
    results.table("Near-duplicates", header, rows)
    results.write()


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--encoders", nargs="+", default=["glance", "classic", "mobilenet"])
    options_of.add_argument(
        "--thresholds", type=float, nargs="*", default=[], help="given ones, beside the chosen"
    )
    measure(options_of.parse_args())


if __name__ == "__main__":
    main()
