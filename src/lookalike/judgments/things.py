"""Reader for odd-one-out answers on THINGS (Hebart et al. 2020 and 2023), and for CSV of the same kind."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from lookalike.errors import BadRow, JudgmentError, printable
from lookalike.judgments.columns import Where, flags, shown
from lookalike.judgments.csv_table import CsvTable, read_csv
from lookalike.judgments.image_names import ImageFolder, given_folder, resolve
from lookalike.judgments.tables import OddOneOutTable
from lookalike.progress import Progress

SPLIT_FILES = {
    "val": "validationset.txt",
    "train": "trainset.txt",
    "test1": "testset1.txt",
    "test2": "testset2.txt",
    "test3": "testset3.txt",
}
"""Files of the published triplet set, by the split's name."""

NAME_TABLES = (
    "unique_id.txt",
    "unique_id.csv",
    "items1854names.tsv",
    "things_concepts.tsv",
    "names.txt",
    "names.csv",
)
"""Where the images' names are looked for: line i (from 0, after a header if there is one) names image i."""

_NAME_COLUMNS = ("uniqueID", "unique_id", "image", "file", "name")
_SIDES = ("a", "b", "c")


def read_things(
    source: Path | str,
    images: Path | str | None = None,
    *,
    names: Path | str | None = None,
    split: str | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> OddOneOutTable:
    """Odd-one-out answers: of three images, the one that people named the odd one.

    Two layouts are read. Text (the published triplet set: ``trainset.txt``, ``validationset.txt``, ``testset1.txt``
    ...): each line has three images, the odd one last, as numbers counted from 0 into the table of names, or as
    names. CSV: columns a, b, c and either odd (a, b or c, or the name of the odd image) or votes_a, votes_b,
    votes_c; other columns are kept. The order of the numbers has to be that of the table of names: publications
    of THINGS differ in how they sort a few concepts.

    Args:
        source: a text or CSV file, or the folder of the published triplet set.
        images: folder of the images, found by name with or without ending; None means the source's folder.
        names: table of names (a line for each image; of a table with a header, the column uniqueID, image or
            name); None looks for one of :data:`NAME_TABLES` beside the triplets and the images.
        split: one of :data:`SPLIT_FILES` where ``source`` is a folder; None means the validation part.
        skip_bad: leave out rows whose images are missing or cannot be read, and list them in ``refused``.
        progress: told how many images were hashed.

    Raises:
        JudgmentError: no such file, or numbers without a table of names.
        BadRow: a line does not have three different images, or one of them is unknown.
    """
    file, part = _find(Path(source), split)
    folder = file.parent if images is None else given_folder(file.parent, images)
    if file.suffix.lower() == ".csv":
        return _read_csv(file, folder, skip_bad, progress)
    columns = _three_columns(file)
    where = Where(printable(str(file)), lambda row: _line_of(file, row), lambda: _lines(file))
    if all(pa.types.is_integer(values.type) for values in columns.values()):
        table_file = _names_file(names, file.parent, folder)
        if table_file is not None:
            columns = _named(columns, _names(table_file), table_file, where)
    texts = {name: values.cast(pa.string()) for name, values in columns.items()}
    arrays, catalogue = resolve(
        texts,
        dict.fromkeys(_SIDES, (ImageFolder(folder),)),
        folder,
        where,
        skip_bad=skip_bad,
        progress=progress,
    )
    zero = pa.array(np.zeros(len(texts["a"]), dtype=np.int32))
    one = pa.array(np.ones(len(texts["a"]), dtype=np.int32))
    votes = {"votes_a": zero, "votes_b": zero, "votes_c": one}
    columns_all: dict[str, object] = {**arrays, **votes}
    if part:
        columns_all["split"] = pa.repeat(part, len(zero))
    return OddOneOutTable(pa.table(columns_all), catalogue, note=f"read from {file.name}", where=where)


def _find(source: Path, split: str | None) -> tuple[Path, str]:
    """(file, split)."""
    if source.is_file():
        known = {name: part for part, name in SPLIT_FILES.items()}
        return source, known.get(source.name, "")
    if split is not None and split not in SPLIT_FILES:
        raise JudgmentError(f"THINGS has no split {split!r}; there are {', '.join(SPLIT_FILES)}")
    for part in SPLIT_FILES if split is None else (split,):
        for place in (source, source / "triplet_dataset"):
            if (place / SPLIT_FILES[part]).is_file():
                return place / SPLIT_FILES[part], part
    tables = sorted(source.glob("*.csv")) if split is None else []
    if len(tables) == 1 or (source / "triplets.csv") in tables:
        return (tables[0] if len(tables) == 1 else source / "triplets.csv"), ""
    wanted = SPLIT_FILES[split] if split is not None else " or ".join(list(SPLIT_FILES.values())[:2])
    raise JudgmentError(f"{printable(str(source))}: {wanted} of THINGS is missing")


def _three_columns(file: Path) -> dict[str, pa.ChunkedArray]:
    """The three columns of a text file, as numbers where all of them are."""
    name = printable(str(file))
    with file.open("rb") as stream:
        first = stream.readline(4096).decode("utf-8", "replace").strip("\r\n")
    delimiter = next((mark for mark in ("\t", ",") if mark in first), " ")
    wrong: list[pa_csv.InvalidRow] = []

    def remember(row: pa_csv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    try:
        with file.open("rb") as stream:  # Arrow takes no names that are not UTF-8
            table = pa_csv.read_csv(
                stream,
                read_options=pa_csv.ReadOptions(column_names=list(_SIDES)),
                parse_options=pa_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=remember),
            )
    except (pa.ArrowException, OSError) as error:
        if wrong:
            line = _ragged_line(file, delimiter)
            raise BadRow(name, line, f"has {wrong[0].actual_columns} entries, it should have 3") from error
        raise JudgmentError(f"{name}: three columns of text are expected here") from error
    if table.num_rows == 0:
        raise JudgmentError(f"{name} is empty")
    columns: dict[str, pa.ChunkedArray] = {side: table.column(side) for side in _SIDES}
    # MATLAB and NumPy write whole numbers as 12.0 or 1.2e+01.
    if all(
        pa.types.is_floating(v.type) and pc.all(pc.equal(pc.round(v), v)).as_py() for v in columns.values()
    ):
        columns = {side: values.cast(pa.int64()) for side, values in columns.items()}
    return columns


def _ragged_line(file: Path, delimiter: str) -> int:
    with file.open(encoding="utf-8", errors="replace") as stream:
        lines = enumerate(stream, 1)
        return next((n for n, line in lines if line.strip("\r\n") and line.count(delimiter) != 2), 1)


def _lines(file: Path) -> Iterator[int]:
    """The line of each row."""
    with file.open(encoding="utf-8", errors="replace") as stream:
        yield from (n for n, line in enumerate(stream, 1) if line.strip("\r\n"))


def _line_of(file: Path, row: int) -> int:
    return next(islice(_lines(file), row, None))


def _names_file(names: Path | str | None, *folders: Path) -> Path | None:
    """The table of names; None where there is none: then the numbers themselves are the images' names."""
    if names is not None:
        if not Path(names).is_file():
            raise JudgmentError(f"{printable(str(names))}: there is no such table of names")
        return Path(names)
    places = [place for folder in folders for place in (folder, folder.parent)]
    return next((p / name for p in places for name in NAME_TABLES if (p / name).is_file()), None)


def _names(file: Path) -> list[str]:
    """The name of each image, in order; a header is one of the known column names."""
    delimiter = "," if file.suffix.lower() == ".csv" else "\t"
    with file.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
        rows = [row for row in csv.reader(stream, delimiter=delimiter) if row]
    if not rows:
        raise JudgmentError(f"{printable(str(file))} names no images")
    column = next((rows[0].index(name) for name in _NAME_COLUMNS if name in rows[0]), None)
    body = rows if column is None else rows[1:]
    return [row[column or 0].strip() if len(row) > (column or 0) else "" for row in body]


def _named(
    columns: Mapping[str, pa.ChunkedArray], names: Sequence[str], file: Path, where: Where
) -> dict[str, pa.ChunkedArray]:
    known = pa.array(names, pa.string())
    for name, values in columns.items():
        bad = flags(pc.or_(pc.less(values, 0), pc.greater_equal(values, len(names))))
        if bad.any():
            number = values[int(bad.argmax())].as_py()
            reason = (
                f"{name} is {number}, but {printable(file.name)} names {len(names)} images, counted from 0"
            )
            raise BadRow(where.name, where.line_of(int(bad.argmax())), reason)
    return {name: pa.chunked_array([known.take(values.combine_chunks())]) for name, values in columns.items()}


def _read_csv(file: Path, folder: Path, skip_bad: bool, progress: Progress | None) -> OddOneOutTable:
    cells = read_csv(file)
    sides = {name: cells.text(name) for name in _SIDES}
    votes, used = _csv_votes(cells, sides)
    arrays, catalogue = resolve(
        sides,
        dict.fromkeys(_SIDES, (ImageFolder(folder),)),
        folder,
        cells.where,
        skip_bad=skip_bad,
        progress=progress,
    )
    columns: dict[str, object] = {**arrays, **votes}
    columns.update(cells.extras([*_SIDES, *used]))
    return OddOneOutTable(pa.table(columns), catalogue, where=cells.where)


def _csv_votes(
    cells: CsvTable, sides: Mapping[str, pa.ChunkedArray]
) -> tuple[dict[str, pa.ChunkedArray], list[str]]:
    counted = [f"votes_{side}" for side in _SIDES]
    if counted[0] in cells.names:
        return {name: cells.whole(name) for name in counted}, counted
    odd = cells.text("odd")
    letters = pc.is_in(odd, value_set=pa.array(_SIDES))
    by_letter = bool(pc.all(letters).as_py())
    hits = {side: pc.equal(odd, side if by_letter else sides[side]) for side in _SIDES}
    none = ~(flags(hits["a"]) | flags(hits["b"]) | flags(hits["c"]))
    cells.where.refuse(
        none, lambda row: f"odd is {shown(odd[row].as_py())}, which is none of the three images"
    )
    return {f"votes_{side}": hits[side].cast(pa.int32()) for side in _SIDES}, ["odd"]
