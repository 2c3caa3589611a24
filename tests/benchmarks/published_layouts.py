"""Small imitations of NIGHTS, BAPPS and THINGS in their published layouts, in shades that a rigged encoder reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .rigged import shades, write

NIGHTS_HEADER = "id,left_vote,right_vote,votes,ref_path,left_path,right_path,prompt,split,is_imagenet"


def nights(folder: Path, *, jnd: bool = True) -> Path:
    """Five test triplets (two of ImageNet), one of the validation split and one with five votes.

    The shade encoder: right, wrong | right, cannot choose, right.
    """
    rows = {
        # id: (reference, left, right, left_vote, votes, split, is_imagenet)
        1: (100, 110, 150, 1, 6, "test", True),
        2: (50, 60, 90, 0, 8, "test", True),
        3: (200, 150, 190, 0, 6, "test", False),
        4: (100, 80, 120, 1, 10, "test", False),
        5: (30, 31, 90, 1, 7, "test", False),
        6: (30, 90, 31, 1, 7, "val", False),
        7: (30, 90, 31, 1, 5, "test", False),
    }
    lines, levels = [], {}
    for n, (reference, left, right, vote, votes, split, imagenet) in rows.items():
        paths = (f"ref/000/{n:03}", f"distort/000/{n:03}_0", f"distort/000/{n:03}_1")
        levels.update(zip(paths, (reference, left, right), strict=True))
        named = ",".join(f"{path}.png" for path in paths)
        lines.append(f"{n},{vote},{1 - vote},{votes},{named},An image of a cup,{split},{imagenet}")
    shades(folder, levels)
    write(folder / "data.csv", NIGHTS_HEADER, *lines)
    if jnd:
        # People out of 3 who said "the same": exactly one pair of triplets 1 and 2, both pairs of 3.
        write(folder / "jnd_votes.csv", "id,left_same,right_same,votes", "1,3,0,3", "2,1,2,3", "3,3,2,3")
    return folder


def bapps(folder: Path, *, jnd: bool = True) -> Path:
    """cnn: machine p0, p0 while 0.2 and 1.0 of people chose p1; traditional: machine p1 with 0.6 of people."""
    _judged(folder / "2afc" / "val" / "cnn", "judge", {"000": 0.2, "001": 1.0})
    shades(folder / "2afc" / "val" / "cnn", {
        "ref/000": 100, "p0/000": 110, "p1/000": 150, "ref/001": 60, "p0/001": 70, "p1/001": 90,
    })  # fmt: skip
    _judged(folder / "2afc" / "val" / "traditional", "judge", {"000": 0.6})
    shades(folder / "2afc" / "val" / "traditional", {"ref/000": 100, "p0/000": 130, "p1/000": 111})
    _judged(folder / "2afc" / "train" / "cnn", "judge", {"000": 0.0})
    shades(folder / "2afc" / "train" / "cnn", {"ref/000": 10, "p0/000": 130, "p1/000": 11})
    if jnd:
        _judged(folder / "jnd" / "val" / "cnn", "same", {"000": 2 / 3, "001": 1 / 3})
        shades(folder / "jnd" / "val" / "cnn", {"p0/000": 100, "p1/000": 112, "p0/001": 20, "p1/001": 60})
    return folder


def things(folder: Path) -> Path:
    """Two trios of four images; the odd one is last in a line."""
    shades(folder / "images", {"ant": 0, "bee": 10, "cat": 100, "dog": 50})
    write(folder / "unique_id.txt", "ant", "bee", "cat", "dog")
    write(folder / "validationset.txt", "0 1 2", "1 0 2", "2 1 0", "0 3 2")
    return folder


def _judged(folder: Path, name: str, shares: Mapping[str, float]) -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    for stem, share in shares.items():
        np.save(folder / name / f"{stem}.npy", np.array([share], dtype=np.float32))
