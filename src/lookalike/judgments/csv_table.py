"""CSV of judgments as columns of text, checked in whole columns; lines are looked up only for messages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from lookalike.errors import BadRow, JudgmentError, printable
from lookalike.judgments.columns import Where, flags, shown

_WHOLE = r"^[+-]?[0-9]{1,18}$"
_PLAIN_WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_PLAIN_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_DELIMITERS = (",", ";", "\t")

_KNOWN_NAMES = (
    "a b c reference query left right chosen participant response_time_s odd human winner rating raters low high"
    " votes votes_a votes_b votes_c up_votes down_votes votes_same votes_different split set id name"
    " ref_path left_path right_path left_vote right_vote left_votes right_votes left_same right_same is_imagenet"
)
KNOWN_NAMES = frozenset(_KNOWN_NAMES.split(" "))
"""Columns that a reader looks for: in a header their letters may be small or capital."""


@dataclass(frozen=True)
class CsvTable:
    """The cells of a CSV file as text without spaces around it.

    Attributes:
        table: Arrow table of string columns, no nulls.
        where: knows the file and the line of each row (header = line 1).
    """

    table: pa.Table
    where: Where

    @property
    def names(self) -> list[str]:
        """The header."""
        return list(self.table.column_names)

    def text(self, name: str) -> pa.ChunkedArray:
        """A column in which no cell is empty.

        Raises:
            JudgmentError: no such column.
            BadRow: an empty cell.
        """
        values = self.cells(name)
        self.where.refuse(flags(pc.equal(values, "")), lambda _: f"the cell {name} is empty")
        return values

    def cells(self, name: str) -> pa.ChunkedArray:
        """A column in which cells may be empty ("").

        Raises:
            JudgmentError: no such column.
        """
        if name not in self.table.column_names:
            listed = ", ".join(printable(known) for known in self.names)
            raise JudgmentError(f"{self.where.name}: the column {name} is missing (there are: {listed})")
        return self.table.column(name)

    def whole(self, name: str, *, nullable: bool = False) -> pa.ChunkedArray:
        """A column of whole numbers as int64; empty cells become null where that is allowed.

        Raises:
            JudgmentError: no such column.
            BadRow: an empty cell, or one that is no whole number.
        """
        return self._numbers(name, _WHOLE, pa.int64(), "a whole number", nullable)

    def number(self, name: str, *, nullable: bool = False) -> pa.ChunkedArray:
        """As :meth:`whole`, any finite number, as float64."""
        return self._numbers(name, _NUMBER, pa.float64(), "a number", nullable)

    def _numbers(
        self, name: str, pattern: str, kind: pa.DataType, words: str, nullable: bool
    ) -> pa.ChunkedArray:
        values = self.cells(name) if nullable else self.text(name)
        empty = pc.equal(values, "")
        bad = ~flags(pc.or_(empty, pc.match_substring_regex(values, pattern)))
        self.where.refuse(bad, lambda row: f"{name} is {shown(values[row].as_py())}, which is not {words}")
        return pc.if_else(empty, None, pc.utf8_ltrim(values, characters="+")).cast(kind)

    def extras(self, used: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        """The columns beside the used ones: int64, float64 or text, by what all their cells look like."""
        return {name: _typed(self.table.column(name)) for name in self.names if name not in used}


def read_csv(file: Path, *, header: Sequence[str] | None = None) -> CsvTable:
    """Read a CSV file (UTF-8; separated by comma, semicolon or tab, whichever the first line has most of).

    Args:
        header: names of the columns where the file's first line is a row already.

    Raises:
        JudgmentError: no file, not text, no rows, or doubled column names.
        BadRow: a line has more or fewer cells than the header.
    """
    name = printable(str(file))
    delimiter, names = _first_line(file, name)
    if header is not None:
        names = list(header)
    doubled = {column for column in names if names.count(column) > 1}
    if doubled or "" in names:
        wrong = (
            f"two columns are called {printable(min(doubled))}" if doubled - {""} else "a column has no name"
        )
        raise JudgmentError(f"{name}: {wrong}")
    above = int(header is None)
    where = Where(
        name,
        lambda row: _line(file, delimiter, row + above),
        lambda: islice((line for line, _ in _records(file, delimiter)), above, None),
    )
    table = _parse(file, name, names, delimiter, above)
    if len(table) == 0:
        raise JudgmentError(f"{name}: there are no rows below the header")
    trimmed = {column: pc.utf8_trim_whitespace(table.column(column)) for column in names}
    return CsvTable(pa.table(trimmed), where)


def csv_header(file: Path) -> list[str]:
    """The names of the columns.

    Raises:
        JudgmentError: no file, an empty one, or one that is not text.
    """
    return _first_line(file, printable(str(file)))[1]


def _first_line(file: Path, name: str) -> tuple[str, list[str]]:
    """(delimiter, header)."""
    try:
        with file.open("rb") as raw:
            _skip_blank(raw)
            stream = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            text = stream.readline(1 << 20)
            delimiter = max(_DELIMITERS, key=text.count)
            names = next((row for row in csv.reader(chain([text], stream), delimiter=delimiter) if row), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise JudgmentError(f"{name} is no CSV file of UTF-8 text") from error
    except OSError as error:
        raise JudgmentError(f"cannot read {name}: {error.strerror or error}") from error
    if not names:
        raise JudgmentError(f"{name} is empty")
    return delimiter, _canonical([column.strip() for column in names])


def _canonical(names: list[str]) -> list[str]:
    """The header with the names that readers know in lower case, where only one column may be meant."""
    low = [name.lower() for name in names]
    return [
        one if one in KNOWN_NAMES and low.count(one) == 1 else name
        for name, one in zip(names, low, strict=True)
    ]


def _skip_blank(stream: BinaryIO) -> int:
    """Move to the first line with anything on it; the number of lines above."""
    above = 0
    while line := stream.readline(1 << 20):
        if line.removeprefix(b"\xef\xbb\xbf").strip():
            stream.seek(-len(line), io.SEEK_CUR)
            break
        above += 1
    return above


def _parse(file: Path, name: str, names: list[str], delimiter: str, skip: int) -> pa.Table:
    wrong: list[pa_csv.InvalidRow] = []

    def remember(row: pa_csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    try:
        with file.open("rb") as stream:  # Arrow takes no names that are not UTF-8
            _skip_blank(stream)
            table = pa_csv.read_csv(
                stream,
                # One thread: only then are the numbers of wrong rows known.
                read_options=pa_csv.ReadOptions(
                    use_threads=False, column_names=names, skip_rows_after_names=skip
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=remember
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
    except (pa.ArrowException, OSError) as error:
        reason = printable(str(error).splitlines()[0]) if str(error) else "unreadable"
        raise JudgmentError(f"{name} is no CSV file that can be read ({reason})") from error
    if wrong:
        row = wrong[0]
        line = _ragged_line(file, delimiter, len(names))
        cells = "1 cell" if row.actual_columns == 1 else f"{row.actual_columns} cells"
        raise BadRow(name, line, f"has {cells} where the header has {row.expected_columns}")
    return table


def _records(file: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each record that is not an empty line."""
    with file.open("rb") as raw:
        above = _skip_blank(raw)
        with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="", errors="replace") as stream:
            reader = csv.reader(stream, delimiter=delimiter)
            line = above + 1
            for cells in reader:
                if cells:
                    yield line, cells
                line = above + reader.line_num + 1


def _line(file: Path, delimiter: str, record: int) -> int:
    """The line on which a record starts; records are counted from 0, the header included."""
    return next(line for n, (line, _) in enumerate(_records(file, delimiter)) if n == record)


def _ragged_line(file: Path, delimiter: str, width: int) -> int:
    return next((line for line, cells in _records(file, delimiter) if len(cells) != width), 1)


def _typed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers where every cell is written as one; "007" is a name."""
    empty = pc.equal(values, "")
    filled = pc.if_else(empty, None, values)
    for pattern, kind in ((_PLAIN_WHOLE, pa.int64()), (_PLAIN_NUMBER, pa.float64())):
        if pc.all(pc.match_substring_regex(filled, pattern)).as_py():
            return filled.cast(kind)
    return filled
