"""Small folders of pairs: each pair shares a pattern of colours, and no two pairs the same one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image


def make_pairs(folder: Path, count: int, *, votes: bool = False, noise: float = 12.0) -> Path:
    """``left/ID.png``, ``right/ID.png`` and ``pairs.csv`` as in the TLL layout; returns the folder."""
    rng = np.random.default_rng(count)
    for side in ("left", "right"):
        (folder / side).mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        name = f"p{number:03d}"
        pattern = rng.integers(0, 256, (4, 4, 3)).astype(np.float64)
        for side in ("left", "right"):
            pixels = np.kron(pattern + rng.normal(0, noise, (4, 4, 3)), np.ones((10, 8, 1)))
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / side / f"{name}.png")
        rows.append([name, name, *([int(rng.integers(0, 90)), int(rng.integers(0, 40))] if votes else [])])
    with (folder / "pairs.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["left", "right", *(["up_votes", "down_votes"] if votes else [])])
        writer.writerows(rows)
    return folder
