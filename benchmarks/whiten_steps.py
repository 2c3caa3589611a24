"""What each step of the unsupervised transform brings on human look-alike pairs.

    python benchmarks/whiten_steps.py DATA --encoder onnx:MODEL.onnx [--fit-on FOLDER-OR-TAR] [--json FILE]

DATA is a folder in the layout of the Totally-Looks-Like pairs (left/, right/, pairs.csv). Query = left image, gallery =
all right images, cosine distance; recall@k in percent. Without --fit-on the transform is fitted on the pairs' own
images, without their pairing. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import load_encoder, normalize
from lookalike.encoders.cache import EmbeddingCache
from lookalike.encoders.transform import Whitening
from lookalike.encoders.transform_sides import embed_sides
from lookalike.images import ImageLike, open_source

RANKS = (1, 5, 10, 20, 50, 100)
Sides = tuple[NDArray[np.float32], NDArray[np.float32]]
Row = tuple[str, list[float]]


def recalls(left: NDArray[np.float32], right: NDArray[np.float32]) -> list[float]:
    """Recall@RANKS in percent; row i of both belongs together, equal distances count half."""
    cosines = normalize(left).astype(np.float64) @ normalize(right).astype(np.float64).T
    own = np.diag(cosines)[:, np.newaxis]
    better = (cosines > own).sum(axis=1) + ((cosines == own).sum(axis=1) - 1) / 2
    return [100 * float((better < k).mean()) for k in RANKS]


def transformed(
    fit_on: Sides, left: Sides, right: Sides, *, mirror: bool = True, **how: object
) -> list[float]:
    """Recalls after a whitening fitted on ``fit_on``."""
    both = slice(None) if mirror else slice(1)
    fitted = Whitening.fit(*fit_on[both], **how)  # type: ignore[arg-type]
    return recalls(fitted.apply(*left[both]), fitted.apply(*right[both]))


def root(sides: Sides) -> Sides:
    """The square root of what is not negative."""
    return np.sqrt(sides[0]), np.sqrt(sides[1])


def steps(fit_on: Sides, left: Sides, right: Sides) -> list[Row]:
    """Each step on top of those above it."""
    positive = all((side >= 0).all() for pair in (fit_on, left, right) for side in pair)
    rows: list[Row] = [("as it is", recalls(left[0], right[0]))]
    if positive:
        fit_on, left, right = root(fit_on), root(left), root(right)
        rows.append(("+ square root", recalls(left[0], right[0])))
    rows.append(("+ mirror average", recalls(left[0] + left[1], right[0] + right[1])))
    mean = (fit_on[0] + fit_on[1]).mean(axis=0)
    rows.append(("+ mean subtracted", recalls(left[0] + left[1] - mean, right[0] + right[1] - mean)))
    plain = {"sqrt": False, "dims": 512}
    rows.append(("+ PCA to 512", transformed(fit_on, left, right, exponent=0.0, **plain)))
    rows.append(("+ whitening, exponent 0.5", transformed(fit_on, left, right, exponent=0.5, **plain)))
    rows.append(("the same without the mirror", transformed(fit_on, left, right, mirror=False, **plain)))
    return rows


def sweep(fit_on: Sides, left: Sides, right: Sides) -> list[Row]:
    """Components and exponents."""
    rows = [
        (f"{dims} components, exponent 0.5", transformed(fit_on, left, right, dims=dims))
        for dims in (128, 256, 384, 512, 768, 1024)
    ]
    return rows + [
        (f"512 components, exponent {exponent:g}", transformed(fit_on, left, right, exponent=exponent))
        for exponent in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]


def few(fit_on: Sides, left: Sides, right: Sides) -> list[Row]:
    """Fitted on a few images only: mean of three samples."""
    rows = []
    for count in (50, 100, 200, 400, 800, 1600):
        if count >= len(fit_on[0]):
            break
        draws = [
            np.random.default_rng(seed).choice(len(fit_on[0]), count, replace=False) for seed in range(3)
        ]
        found = [transformed((fit_on[0][draw], fit_on[1][draw]), left, right) for draw in draws]
        rows.append((f"fitted on {count} images", np.mean(found, axis=0).tolist()))
    return rows


def table(title: str, rows: list[Row]) -> str:
    """Markdown."""
    lines = [f"| {title} | " + " | ".join(f"@{k}" for k in RANKS) + " |", "|---|" + "---|" * len(RANKS)]
    lines += [f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |" for name, values in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="classic")
    parser.add_argument("--fit-on")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    encoder = load_encoder(asked.encoder)
    with (asked.data / "pairs.csv").open(newline="", encoding="utf-8") as file:
        pairs = [(row["left"], row["right"]) for row in csv.DictReader(file)]

    def sides(images: list[ImageLike]) -> Sides:
        def show(stage: str, done: int, total: int) -> None:
            sys.stderr.write(f"\r{stage}: {done} of {total}" + ("\n" if done == total else ""))

        plain, mirrored = embed_sides(encoder, images, True, EmbeddingCache(), show)
        assert mirrored is not None
        return plain, mirrored

    left = sides([asked.data / "left" / f"{name}.jpg" for name, _ in pairs])
    right = sides([asked.data / "right" / f"{name}.jpg" for _, name in pairs])
    fit_on = (np.concatenate([left[0], right[0]]), np.concatenate([left[1], right[1]]))
    if asked.fit_on:
        fit_on = sides([*open_source(asked.fit_on)])
    tables = {
        "step": steps(fit_on, left, right),
        "components and exponent": sweep(fit_on, left, right),
        "images": few(fit_on, left, right),
    }
    for title, rows in tables.items():
        print(table(f"{title} ({len(pairs)} pairs, fitted on {len(fit_on[0])} images)", rows))
    if asked.json:
        asked.json.write_text(json.dumps(tables, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
