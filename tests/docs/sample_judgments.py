"""The judgments that the pages' examples work on: rendered twins as a folder of pairs and a folder of votes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.judgments import make_twins

PAIRS = 40
TRIPLETS = 30


def make(folder: Path) -> None:
    """Write ``pairs/`` (left/, right/, pairs.csv) and ``votes/`` (images/, triplets.csv: reference,a,b,votes_a,votes_b)."""
    twins = make_twins(PAIRS, shared=("shape", "color", "layout"), size=96, seed=7)
    for side, images in (("left", twins.left), ("right", twins.right)):
        (folder / "pairs" / side).mkdir(parents=True)
        for number, pixels in enumerate(images):
            Image.fromarray(pixels).save(folder / "pairs" / side / f"{side[0]}{number:03d}.png")
    _table(folder / "pairs/pairs.csv", ["left", "right"], [[f"l{i:03d}", f"r{i:03d}"] for i in range(PAIRS)])

    triplets = make_twins(TRIPLETS, shared=("color", "layout"), size=96, seed=8).triplets(seed=8)
    images_folder = folder / "votes" / "images"
    images_folder.mkdir(parents=True)
    rows = []
    votes_b = np.random.default_rng(8).integers(0, 3, TRIPLETS)
    for number, trio in enumerate(zip(triplets.reference, triplets.a, triplets.b, strict=True)):
        names = [f"{number:03d}-{role}" for role in ("reference", "a", "b")]
        for name, pixels in zip(names, trio, strict=True):
            Image.fromarray(pixels).save(images_folder / f"{name}.png")
        rows.append([*names, str(5 - votes_b[number]), str(votes_b[number])])
    _table(folder / "votes/triplets.csv", ["reference", "a", "b", "votes_a", "votes_b"], rows)


def _table(file: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
