"""Readers for tables of text: Totally Looks Like, pairs, triplets, raw answers to triplets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lookalike.errors import JudgmentError, printable
from lookalike.judgments.base import COPIES
from lookalike.judgments.columns import flags, shown
from lookalike.judgments.csv_table import CsvTable, read_csv
from lookalike.judgments.image_names import ImageFolder, choose_folder, given_folder, resolve
from lookalike.judgments.safe_files import is_file, is_folder
from lookalike.judgments.tables import PairTable, TripletAnswers, TripletTable
from lookalike.progress import Progress

WINNERS = ("human", "winner")
"""Columns that say ``a`` or ``b`` where a table of triplets has no numbers of votes."""


def read_tll(folder: Path | str, *, skip_bad: bool = False, progress: Progress | None = None) -> PairTable:
    """Pairs of Totally Looks Like (Rosenfeld, Solbach and Tsotsos 2018), as :func:`build_tll` writes them.

    ``left/`` and ``right/`` hold the images, ``pairs.csv`` has the columns left, right (file names, with or
    without ending) and, where known, up_votes, down_votes, split.

    Raises:
        JudgmentError: a folder is missing.
        BadRow: a row names no image, or has votes that are no whole numbers or negative.
    """
    place = Path(folder)
    for side in ("left", "right"):
        if not is_folder(place / side):
            raise JudgmentError(
                f"{printable(str(place))}: the folder {side}/ of Totally Looks Like is missing"
            )
    return read_pairs(place, skip_bad=skip_bad, progress=progress)


def read_pairs(
    source: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> PairTable:
    """Pairs from CSV: columns left, right and, where known, up_votes, down_votes, split; others are kept.

    Args:
        source: the CSV file, or a folder with ``pairs.csv`` (or one CSV file alone).
        images: folder of the images, absolute or relative to the table's; None means the table's folder.
            Where it has folders ``left`` and ``right``, the columns are looked for there first.
        skip_bad: leave out rows whose images are missing or cannot be read, and list them in ``refused``.
        progress: told how many images were hashed.

    Raises:
        JudgmentError: no such file, or a column is missing.
        BadRow: a row is wrong; says which line and what is wrong.
    """
    file = find_csv(Path(source), "pairs.csv")
    cells = read_csv(file)
    sides = {name: cells.text(name) for name in ("left", "right")}
    base = _folder(file, images)
    two_sided = all((base / side).is_dir() for side in sides)
    # By path alone below both: a right image that is missing must not be taken from left/, where it has a namesake.
    whole = ImageFolder(base, by_path=True)
    note, folders = "", {side: [ImageFolder(base / side), whole] for side in sides}
    if not two_sided:
        chosen, note = choose_folder(file.parent, images, _names(sides.values()), skip_bad=skip_bad)
        base, folders = chosen.root, {side: [chosen] for side in sides}
    arrays, catalogue = resolve(sides, folders, base, cells.where, skip_bad=skip_bad, progress=progress)
    columns: dict[str, object] = dict(arrays)
    for name in ("up_votes", "down_votes"):
        if name in cells.names:
            columns[name] = cells.whole(name, nullable=True)
    table = pa.table({**columns, **_rest(cells, list(columns))})
    # Two files of one name cannot be told apart by a table of text; with two folders, people paired two files.
    meta = {COPIES: "kept"} if two_sided else {}
    return PairTable(table, catalogue, meta=meta, note=note, where=cells.where)


def read_triplets(
    source: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> TripletTable:
    """Triplets from CSV: columns reference, a, b, then votes_a and votes_b, or human (or winner) = a or b.

    A winner counts as one vote. Names are with or without ending. Other columns are kept.

    Args:
        source: the CSV file, or a folder with ``triplets.csv`` (or one CSV file alone).
        images: folder of the images, absolute or relative to the table's; None means the table's folder, or,
            where several of its sub-folders have the same names, the first of them; ``note`` says which.
        skip_bad: leave out rows whose images are missing or cannot be read, and list them in ``refused``.
        progress: told how many images were hashed.

    Raises:
        JudgmentError: no such file, or a column is missing.
        BadRow: a row is wrong; says which line and what is wrong.
    """
    file = find_csv(Path(source), "triplets.csv")
    cells = read_csv(file)
    sides = {name: cells.text(name) for name in ("reference", "a", "b")}
    counts, used = _triplet_votes(cells)
    chosen, note = choose_folder(file.parent, images, _names(sides.values()), skip_bad=skip_bad)
    arrays, catalogue = resolve(
        sides, dict.fromkeys(sides, (chosen,)), chosen.root, cells.where, skip_bad=skip_bad, progress=progress
    )
    table = pa.table({**arrays, **counts, **_rest(cells, [*sides, *used])})
    return TripletTable(table, catalogue, note=note, where=cells.where)


def read_answers(
    source: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> TripletAnswers:
    """Raw answers to triplets from CSV: participant, query, left, right, chosen (one of the two names).

    Also read: response_time_s; other columns (sampler, shown_at) are kept. ``a`` is the left image. A negative
    time (browsers' clocks are set while people answer) is left empty and counted in ``note``.

    Args:
        source: the CSV file, or a folder with ``answers.csv`` (or one CSV file alone).
        images, skip_bad, progress: as for :func:`read_triplets`.

    Raises:
        JudgmentError: no such file, or a column is missing.
        BadRow: a row is wrong; says which line and what is wrong.
    """
    file = find_csv(Path(source), "answers.csv")
    cells = read_csv(file)
    sides = {name: cells.text(name) for name in ("query", "left", "right")}
    chosen = cells.text("chosen")
    right = pc.equal(chosen, sides["right"])
    neither = ~flags(pc.or_(right, pc.equal(chosen, sides["left"])))
    cells.where.refuse(
        neither, lambda row: f"chosen is {shown(chosen[row].as_py())}, which is neither left nor right"
    )
    place, note = choose_folder(file.parent, images, _names(sides.values()), skip_bad=skip_bad)
    arrays, catalogue = resolve(
        sides, dict.fromkeys(sides, (place,)), place.root, cells.where, skip_bad=skip_bad, progress=progress
    )
    columns = {"participant": cells.text("participant"), "chosen": right.cast(pa.int32())}
    if "response_time_s" in cells.names:
        columns["response_time_s"], said = _times(cells)
        note = "; ".join(part for part in (note, said) if part)
    renamed = {"reference": arrays["query"], "a": arrays["left"], "b": arrays["right"]}
    table = pa.table({**columns, **renamed, **_rest(cells, [*sides, *columns])})
    return TripletAnswers(table, catalogue, note=note, where=cells.where)


def find_csv(source: Path, usual: str) -> Path:
    """The CSV file of a dataset: itself, the one with the usual name, or the only one in the folder.

    Raises:
        JudgmentError: there is none, or it cannot be told which.
    """
    if is_file(source):
        return source
    if not is_folder(source):
        raise JudgmentError(f"{printable(str(source))}: there is no such file or folder")
    if (source / usual).is_file():
        return source / usual
    found = sorted(source.glob("*.csv"))
    if len(found) != 1:
        names = ", ".join(printable(file.name) for file in found) or "no CSV file"
        raise JudgmentError(
            f"{printable(str(source))}: {usual} is missing (there is {names}); name the CSV file"
        )
    return found[0]


def _folder(file: Path, images: Path | str | None) -> Path:
    return file.parent if images is None else given_folder(file.parent, images)


def _names(columns: Iterable[pa.ChunkedArray]) -> list[str]:
    found: list[str] = []
    for values in columns:
        found += pc.unique(values).to_pylist()
    return found


def _triplet_votes(cells: CsvTable) -> tuple[dict[str, pa.ChunkedArray], list[str]]:
    """(the two columns of votes, the columns they came from)."""
    counted = [name for name in ("votes_a", "votes_b") if name in cells.names]
    if counted:
        return {name: cells.whole(name) for name in ("votes_a", "votes_b")}, ["votes_a", "votes_b"]
    winner = next((name for name in WINNERS if name in cells.names), None)
    if winner is None:
        raise JudgmentError(
            f"{cells.where.name}: nothing says what people chose: columns votes_a and votes_b, or human (or winner) = a or b"
        )
    values = cells.text(winner)
    sides = pc.utf8_lower(values)
    is_a, is_b = pc.equal(sides, "a"), pc.equal(sides, "b")
    cells.where.refuse(
        ~flags(pc.or_(is_a, is_b)),
        lambda row: f"{winner} is {shown(values[row].as_py())}: the side must be a or b",
    )
    return {"votes_a": is_a.cast(pa.int32()), "votes_b": is_b.cast(pa.int32())}, [winner]


def _times(cells: CsvTable) -> tuple[pa.ChunkedArray, str]:
    """(seconds, a line for people where some were impossible)."""
    seconds = cells.number("response_time_s", nullable=True)
    impossible = flags(pc.less(seconds, 0))
    if not impossible.any():
        return seconds, ""
    kept = pc.if_else(pa.array(impossible), None, seconds)
    return kept, f"negative response times left empty: {impossible.sum():,}"


def _rest(cells: CsvTable, used: Sequence[str]) -> dict[str, pa.ChunkedArray]:
    """Other columns; a split is text whatever it looks like."""
    extras = cells.extras(used)
    if "split" in extras:
        extras["split"] = pc.if_else(pc.equal(cells.cells("split"), ""), None, cells.cells("split"))
    return extras
