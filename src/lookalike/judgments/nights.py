"""Readers for NIGHTS (Fu, Tamir, Sundaram et al. 2023): two-alternative choices and JND votes.

Layout: ``data.csv`` with the columns id, left_vote, right_vote, votes, ref_path, left_path, right_path, prompt,
split, is_imagenet; images in ``ref/xxx/yyy.png`` and ``distort/xxx/yyy_0.png``, ``yyy_1.png``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.errors import BadRow, InvalidArgument, JudgmentError, printable
from lookalike.judgments.base import COPIES
from lookalike.judgments.columns import Where, flags, shown
from lookalike.judgments.csv_table import CsvTable, read_csv
from lookalike.judgments.image_names import ImageFolder, resolve
from lookalike.judgments.tables import SameDifferentTable, TripletTable
from lookalike.progress import Progress

NIGHTS_SPLITS = ("train", "val", "test", "test_imagenet", "test_no_imagenet")
"""What ``split`` may be; the last two are the parts that the paper's test score is made of."""

_SIDES = {"reference": "ref_path", "a": "left_path", "b": "right_path"}
_TRUE, _FALSE = ("true", "1", "1.0"), ("false", "0", "0.0")
_JND_RATERS = 3


def read_nights(
    folder: Path | str,
    *,
    split: str | None = None,
    min_votes: int = 6,
    skip_missing: bool = False,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> TripletTable:
    """The triplets of NIGHTS: a = left, b = right; other columns are kept, is_imagenet as a truth value.

    Works on the unfiltered table too, where left_vote and right_vote are shares: votes are shares times votes.

    Args:
        folder: holds ``data.csv``.
        split: one of :data:`NIGHTS_SPLITS`; None means all rows.
        min_votes: rows with fewer votes are left out; 6 is the published filter, 0 keeps all.
        skip_missing: leave out rows whose images are absent (the set comes in 200 chunks) and say how many in
            ``note``, instead of refusing the table.
        skip_bad: leave out rows whose images are missing or cannot be read, and list each in ``refused``.
        progress: told how many images were hashed.

    Raises:
        InvalidArgument: an unknown split.
        JudgmentError: no ``data.csv``, a column is missing, or no row is left.
        BadRow: a row is wrong; says which line.
    """
    if split is not None and split not in NIGHTS_SPLITS:
        raise InvalidArgument(f"NIGHTS has no split {split!r}; there are {', '.join(NIGHTS_SPLITS)}")
    place = Path(folder)
    cells = read_csv(place / "data.csv")
    votes = cells.whole("votes")
    imagenet = _truth(cells, "is_imagenet")
    keep = pc.greater_equal(votes, min_votes)
    if split is not None:
        keep = pc.and_(keep, pc.equal(cells.text("split"), split.split("_")[0]))
    if split in ("test_imagenet", "test_no_imagenet"):
        keep = pc.and_(keep, imagenet if split == "test_imagenet" else pc.invert(imagenet))
    rows = np.flatnonzero(flags(keep))
    part = _Part(cells, rows)
    note = f"{len(rows):,} of {len(votes):,} triplets with at least {min_votes} votes"
    if skip_missing:
        part, gone = _present(part, place)
        note += f"; {gone:,} left out, their images are absent" if gone else ""
    if part.rows.size == 0:
        raise JudgmentError(f"{printable(str(place))}: no triplet of NIGHTS is left ({note})")
    return _triplets(part, place, imagenet, note, skip_bad, progress)


@dataclass(frozen=True)
class _Part:
    """Some rows of a CSV table; lines are still those of the file."""

    cells: CsvTable
    rows: NDArray[np.int64]

    @property
    def where(self) -> Where:
        base = self.cells.where
        return Where(
            base.name,
            lambda row: base.line_of(int(self.rows[row])),
            lambda: base.lines(self.rows.tolist()),
        )

    def take(self, values: pa.ChunkedArray) -> pa.ChunkedArray:
        return values.take(pa.array(self.rows))


def _triplets(
    part: _Part, place: Path, imagenet: pa.ChunkedArray, note: str, skip_bad: bool, progress: Progress | None
) -> TripletTable:
    cells, where = part.cells, part.where
    sides = {name: part.take(cells.text(column)) for name, column in _SIDES.items()}
    left = part.take(cells.number("left_vote")).to_numpy()
    right = part.take(cells.number("right_vote")).to_numpy()
    wrong = (left < 0) | (right < 0) | (np.abs(left + right - 1) > 0.02)
    where.refuse(
        wrong,
        lambda row: f"left_vote {left[row]:g} and right_vote {right[row]:g} are no shares that add up to 1",
    )
    votes = part.take(cells.whole("votes")).to_numpy()
    for_right = np.rint(votes * right).astype(np.int32)
    folder = ImageFolder(place)
    arrays, catalogue = resolve(
        sides, dict.fromkeys(sides, (folder,)), place, where, skip_bad=skip_bad, progress=progress
    )
    used = [*_SIDES.values(), "left_vote", "right_vote", "votes", "split", "is_imagenet"]
    columns: dict[str, object] = {
        **arrays,
        "votes_a": pa.array(votes.astype(np.int32) - for_right),
        "votes_b": pa.array(for_right),
        "split": part.take(cells.text("split")),
        "is_imagenet": part.take(imagenet),
    }
    columns.update({name: part.take(values) for name, values in cells.extras(used).items()})
    return TripletTable(pa.table(columns), catalogue, meta={COPIES: "kept"}, note=note, where=where)


def _present(part: _Part, place: Path) -> tuple[_Part, int]:
    """(the rows whose three images are there, how many were left out)."""
    there, folder = np.ones(part.rows.size, dtype=bool), ImageFolder(place, by_path=True)
    for column in _SIDES.values():
        names = part.take(part.cells.text(column)).to_pylist()
        there &= np.array([bool(folder.candidates(name)) for name in names], dtype=bool)
    return _Part(part.cells, part.rows[there]), int((~there).sum())


def _truth(cells: CsvTable, name: str) -> pa.ChunkedArray:
    values = cells.text(name)
    low = pc.utf8_lower(values)
    yes = pc.is_in(low, value_set=pa.array(_TRUE))
    unknown = ~flags(pc.or_(yes, pc.is_in(low, value_set=pa.array(_FALSE))))
    cells.where.refuse(
        unknown, lambda row: f"{name} is {shown(values[row].as_py())}, it must be True or False"
    )
    return yes


def read_nights_jnd(
    folder: Path | str, *, skip_bad: bool = False, progress: Progress | None = None
) -> SameDifferentTable:
    """The JND votes of NIGHTS (``jnd_votes.csv``): whether reference and variant read as the same image.

    A line is a triplet. It has either the paths of the images (ref_path, left_path, right_path) or an id that
    ``data.csv`` in the same folder knows, and how many people said "the same" of the left and of the right pair:
    columns left_same and right_same, or left_votes and right_votes, or left_vote and right_vote. Numbers above
    1 are people out of ``votes`` (or ``raters``; 3 where neither column is there, as in the paper); shares
    between 0 and 1 are multiplied by them; plain 0 and 1 throughout, without such a column, are majorities: one
    vote each. Each line becomes two rows, a = reference, b = variant, with the extra columns id and side.

    Args:
        folder: holds the file.
        skip_bad: leave out rows whose images are missing or cannot be read, and list them in ``refused``.
        progress: told how many images were hashed.

    Raises:
        JudgmentError: the file or one of these columns is missing.
        BadRow: a row is wrong; says which line.
    """
    place = Path(folder)
    cells = read_csv(place / "jnd_votes.csv")
    sides = _jnd_paths(cells, place)
    same, raters = _jnd_votes(cells)
    base = ImageFolder(place)
    arrays, catalogue = resolve(
        sides, dict.fromkeys(sides, (base,)), place, cells.where, skip_bad=skip_bad, progress=progress
    )
    count = len(raters)
    ids = cells.cells("id") if "id" in cells.names else pa.chunked_array([pa.array([""] * count)])
    voted = np.concatenate(same)
    table = pa.table(
        {
            "a": pa.chunked_array([arrays["reference"], arrays["reference"]]),
            "b": pa.chunked_array([arrays["a"], arrays["b"]]),
            "votes_same": pa.array(voted.astype(np.int32)),
            "votes_different": pa.array((np.tile(raters, 2) - voted).astype(np.int32)),
            "id": pa.chunked_array([*ids.chunks, *ids.chunks]),
            "side": pa.array(["left"] * count + ["right"] * count),
        }
    )
    where = Where(
        cells.where.name,
        lambda row: cells.where.line_of(row % count),
        lambda: 2 * cells.where.lines(range(count)),
    )
    return SameDifferentTable(table, catalogue, where=where)


def _jnd_paths(cells: CsvTable, place: Path) -> dict[str, pa.ChunkedArray]:
    if all(column in cells.names for column in _SIDES.values()):
        return {name: cells.text(column) for name, column in _SIDES.items()}
    if "id" not in cells.names or not (place / "data.csv").is_file():
        raise JudgmentError(
            f"{cells.where.name}: the images are not named: columns ref_path, left_path and right_path, or id "
            f"with data.csv beside it (there are: {', '.join(printable(name) for name in cells.names)})"
        )
    data = read_csv(place / "data.csv")
    known = data.text("id").combine_chunks()
    asked = cells.text("id")
    at = pc.index_in(asked, value_set=known)
    cells.where.refuse(flags(at.is_null()), lambda row: f"data.csv has no id {shown(asked[row].as_py())}")
    return {name: data.text(column).take(at) for name, column in _SIDES.items()}


def _jnd_votes(cells: CsvTable) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """([people who said "the same" of the left pair, of the right pair], people asked), each (n,)."""
    endings = [e for e in ("_same", "_votes", "_vote") if {f"left{e}", f"right{e}"} <= set(cells.names)]
    if not endings:
        raise JudgmentError(
            f"{cells.where.name}: nothing says who saw the same: columns left_same and right_same (or _votes, or "
            f"_vote; there are: {', '.join(printable(name) for name in cells.names)})"
        )
    names = [f"left{endings[0]}", f"right{endings[0]}"]
    values = [cells.number(name).to_numpy() for name in names]
    together = np.concatenate(values)
    counter = next((name for name in ("votes", "raters") if name in cells.names), None)
    flat_flags = bool(np.isin(together, (0, 1)).all())
    usual = 1 if flat_flags and counter is None else _JND_RATERS
    raters = cells.whole(counter).to_numpy() if counter else np.full(len(values[0]), usual, dtype=np.int64)
    shares = bool((together <= 1).all())
    counts = []
    for name, value in zip(names, values, strict=True):
        count = np.rint(value * raters if shares else value).astype(np.int64)
        off = (count < 0) | (count > raters) | (np.zeros(len(count), bool) if shares else count != value)
        if off.any():
            first = int(off.argmax())
            reason = f"{name} is {value[first]:g}: it must be a number of people from 0 to {raters[first]}"
            raise BadRow(cells.where.name, cells.where.line_of(first), reason)
        counts.append(count)
    return counts, raters
