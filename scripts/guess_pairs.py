"""Human pairs, and behind them pairs that a comparator guesses among photographs whose partners nobody told.

    python scripts/guess_pairs.py PAIRS UNPAIRED --encoder onnx:PATH/mobilenet_v2_imagenet.onnx --out FOLDER [--fold I K]

UNPAIRED has folders left/ and right/. A comparator with faces is fitted on the pairs; a left and a right photograph that choose
each other are a guess, and the half of the guesses is kept that leads its runners-up by most. FOLDER is a table like PAIRS
(left/, right/, pairs.csv with the columns left, right, split, source), with the comparator in FOLDER/comparator. With --fold the
I-th (from 0) of K folds, by components of shared images as `data.fold` splits them, is held out: the comparator never sees it,
the column split names it, and it is said how often the same rule finds the partner there.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike import Comparator
from lookalike.judgments import read_tll
from lookalike.similarity import mutual_nearest
from lookalike.training.data_options import DataOptions
from lookalike.training.data_rows import read_sides

KEPT = 0.5
"""Share of the guesses."""


def guesses(
    likeness: NDArray[np.float32], among: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of a matrix (left, right) that choose each other, the surer ones of them (of the rows ``among``)."""
    rows, columns, lead = mutual_nearest(-likeness)
    if among is not None:
        rows, columns, lead = (one[among[rows]] for one in (rows, columns, lead))
    kept = lead >= np.quantile(lead, 1 - KEPT)
    return rows[kept], columns[kept]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("pairs", type=Path)
    given.add_argument("unpaired", type=Path)
    given.add_argument("--encoder", required=True, help="whose map the comparator reads, beside faces")
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--fold", type=int, nargs=2, metavar=("I", "K"))
    given.add_argument("--seed", type=int, default=0, help="of the folds; glance-align has 0")
    options = given.parse_args()
    if options.fold and not 0 <= options.fold[0] < options.fold[1]:
        given.error(f"--fold I K: I is from 0 to K - 1, got {options.fold[0]} {options.fold[1]}")

    table = read_tll(options.pairs)
    left, right = table.paths("left"), table.paths("right")
    held = np.zeros(len(left), dtype=bool)
    if options.fold:
        split = DataOptions(
            str(options.pairs), "pairs", split_by="component", fold=tuple(options.fold), seed=options.seed
        )
        validation = read_sides(split).validation
        away = {Path(validation.names[i]).name for i in validation.columns["images"]}
        held[:] = [Path(file).name in away for file in left]
    train = np.flatnonzero(~held)
    comparator = Comparator.fit(
        [left[i] for i in train], [right[i] for i in train], encoder=options.encoder, faces=True
    )
    if options.fold:
        rows, columns = guesses(np.asarray(comparator.matrix(left, right)), held)
        print(f"of {len(rows)} guesses for held-out left images {(rows == columns).sum()} are right")
    comparator.save(options.out / "comparator")
    loose = [sorted((options.unpaired / side).glob("*.jpg")) for side in ("left", "right")]
    rows, columns = guesses(np.asarray(comparator.matrix(*loose)))

    for side in ("left", "right"):
        (options.out / side).mkdir(parents=True, exist_ok=True)
    lines = []
    pairs = [(a, b, held[i], "people", "") for i, (a, b) in enumerate(zip(left, right, strict=True))]
    pairs += [
        (loose[0][i], loose[1][j], False, "guessed", "guess-") for i, j in zip(rows, columns, strict=True)
    ]
    for a, b, out, source, prefix in pairs:
        names = [prefix + Path(file).name for file in (a, b)]
        for side, file, name in zip(("left", "right"), (a, b), names, strict=True):
            shutil.copyfile(file, options.out / side / name)
        lines.append([*names, "validation" if out else "train", source])
    with (options.out / "pairs.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["left", "right", "split", "source"])
        writer.writerows(lines)
    print(
        f"{options.out}: {len(train):,} pairs of people to learn from, {held.sum()} held out, {len(rows)} guessed"
    )


if __name__ == "__main__":
    main()
