"""Rendered twins as plain folders, as people keep their own judgments: images, and a CSV that names them.

For trying things out. Nobody was asked: the votes are drawn, and a column of the table says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import InvalidArgument, JudgmentError, printable
from lookalike.judgments.twins import make_twins

SHARED = ("shape", "color", "layout")
VOTERS = 5
_AGREE = 0.85
"""Chance that a drawn voter names the image that shares the factors."""


def write_pairs(
    folder: Path, n: int = 40, shared: Sequence[str] = SHARED, *, size: int = 96, seed: int = 0
) -> Path:
    """``left/``, ``right/`` and ``pairs.csv`` (left,right,source) with n pairs of twins; returns the CSV.

    Args:
        folder: new or empty, or one that this very call wrote before.
        n: pairs. shared: factors that the two of a pair share. size: pixels of a side. seed: of everything.

    Raises:
        InvalidArgument: n below 1, or factors that do not exist.
        JudgmentError: the folder holds something else, or cannot be written.
    """
    _check(n)
    twins = make_twins(n, shared=tuple(shared), size=size, seed=seed)
    names = [(f"left/{i:04d}.png", f"right/{i:04d}.png") for i in range(n)]
    rows = [[left, right, "rendered"] for left, right in names]
    images = {
        name: pixels
        for pair, both in zip(names, zip(twins.left, twins.right, strict=True), strict=True)
        for name, pixels in zip(pair, both, strict=True)
    }
    return _write(folder, "pairs.csv", [["left", "right", "source"], *rows], images)


def write_votes(
    folder: Path, n: int = 40, shared: Sequence[str] = SHARED, *, size: int = 96, seed: int = 0
) -> Path:
    """``images/`` and ``triplets.csv`` (reference,a,b,votes_a,votes_b,source), 5 drawn votes each; returns the CSV.

    One of a and b shares the factors with the reference, the other none of them; which one is drawn. Arguments
    and errors as for :func:`write_pairs`.
    """
    _check(n)
    triplets = make_twins(n, shared=tuple(shared), size=size, seed=seed).triplets()
    rng = np.random.default_rng([2, seed])
    swapped, agreeing = rng.random(n) < 0.5, rng.binomial(VOTERS, _AGREE, n)
    images: dict[str, NDArray[np.uint8]] = {}
    rows = []
    for i in range(n):
        a, b = (triplets.b, triplets.a) if swapped[i] else (triplets.a, triplets.b)
        names = [f"images/{i:04d}-{role}.png" for role in ("reference", "a", "b")]
        images.update(zip(names, (triplets.reference[i], a[i], b[i]), strict=True))
        right = int(agreeing[i])
        votes = (VOTERS - right, right) if swapped[i] else (right, VOTERS - right)
        rows.append([*names, str(votes[0]), str(votes[1]), "votes drawn"])
    header = ["reference", "a", "b", "votes_a", "votes_b", "source"]
    return _write(folder, "triplets.csv", [header, *rows], images)


def _check(n: int) -> None:
    if n < 1:
        raise InvalidArgument(f"at least one row of twins is wanted, got {n}")


def _write(
    folder: Path, table: str, rows: Sequence[Sequence[str]], images: dict[str, NDArray[np.uint8]]
) -> Path:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    target = folder / table
    try:
        ours = target.is_file() and target.read_text(encoding="utf-8") == stream.getvalue()
        if folder.exists() and not ours and any(folder.iterdir()):
            raise JudgmentError(f"{printable(str(folder))} is not empty; name a new folder for the twins")
        for name, pixels in images.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name)
        target.write_text(stream.getvalue(), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise JudgmentError(f"cannot write twins to {printable(str(folder))}: {reason}") from error
    return target
