"""Columns of a table of judgments, and the checks that name the first bad row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.errors import BadRow, JudgmentError, printable

_SHOWN = 60


@dataclass(frozen=True)
class Column:
    """One column that a kind of table always has.

    Attributes:
        name: as it is written in the file.
        type: Arrow type.
        nullable: whether a cell may be empty; such a column is added when it is missing.
        image: whether its cells are content ids (or lists of them).
        count: whether its cells are numbers of votes: never negative.
    """

    name: str
    type: pa.DataType
    nullable: bool = False
    image: bool = False
    count: bool = False


def image(name: str) -> Column:
    """A column of content ids."""
    return Column(name, pa.string(), image=True)


def votes(name: str, *, nullable: bool = False) -> Column:
    """A column of numbers of votes."""
    return Column(name, pa.int32(), nullable=nullable, count=True)


def text(name: str) -> Column:
    """A column of text that may be empty."""
    return Column(name, pa.string(), nullable=True)


@dataclass(frozen=True)
class Where:
    """Where the rows of a table come from, for messages.

    Attributes:
        name: the file, or what the table is.
        line_of: row (from 0) -> line of the text file (header = 1), or row counted from 1.
        all_lines: the lines of all rows in order, where finding them one by one would read the file each time.
    """

    name: str
    line_of: Callable[[int], int] = lambda row: row + 1
    all_lines: Callable[[], Iterable[int]] | None = None

    def lines(self, rows: Sequence[int]) -> list[int]:
        """:attr:`line_of` of many rows at once."""
        if self.all_lines is None:
            return [self.line_of(row) for row in rows]
        every = list(self.all_lines())
        return [every[row] for row in rows]

    def refuse(self, bad: NDArray[np.bool_], reason: Callable[[int], str]) -> None:
        """Nothing where no row is bad.

        Args:
            bad: bool (n,).
            reason: row -> what is wrong with it.

        Raises:
            BadRow: names the line of the first bad row, and counts the others.
        """
        rows = np.flatnonzero(bad)
        if rows.size:
            first = int(rows[0])
            more = "" if rows.size == 1 else f" ({rows.size} rows are wrong like this)"
            raise BadRow(self.name, self.line_of(first), f"{reason(first)}{more}")


def shown(value: object) -> str:
    """A cell for a message: short and on one line."""
    text = printable(str(value))
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def flags(values: Any) -> NDArray[np.bool_]:
    """An Arrow boolean column as bool (n,); null counts as False."""
    result: NDArray[np.bool_] = np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), bool)
    return result


def flat(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One contiguous array."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def conform(table: pa.Table, columns: tuple[Column, ...], where: Where) -> pa.Table:
    """The table with its fixed columns first, in the right types; other columns follow as they are.

    Raises:
        JudgmentError: a required column is missing or of a hopeless type.
        BadRow: a cell is empty, negative or not of its type.
    """
    missing = [c.name for c in columns if not c.nullable and c.name not in table.column_names]
    if missing:
        raise JudgmentError(
            f"{printable(where.name)}: the column {missing[0]} is missing (there are: "
            f"{', '.join(printable(n) for n in table.column_names) or 'none'})"
        )
    doubled = {name for name in table.column_names if table.column_names.count(name) > 1}
    if doubled:
        raise JudgmentError(f"{printable(where.name)}: two columns are called {printable(min(doubled))}")
    fixed = {column.name: _conform(table, column, where) for column in columns}
    extras = {name: table.column(name) for name in table.column_names if name not in fixed}
    return pa.table({**fixed, **extras})


def _conform(table: pa.Table, column: Column, where: Where) -> pa.ChunkedArray:
    if column.name not in table.column_names:
        return pa.chunked_array([pa.nulls(len(table), column.type)])
    values = _cast(table.column(column.name), column, where)
    if not column.nullable and values.null_count:
        where.refuse(flags(values.is_null()), lambda _: f"the cell {column.name} is empty")
    if column.count:
        _refuse_negative(values, column.name, where)
    return values


def _refuse_negative(values: pa.ChunkedArray, name: str, where: Where) -> None:
    numbers = values
    if pa.types.is_list(values.type):
        lowest = [
            min((v for v in cell if v is not None), default=0) if cell else 0 for cell in values.to_pylist()
        ]
        numbers = pa.chunked_array([pa.array(lowest, pa.int32())])
    bad = flags(pc.less(numbers, 0))
    where.refuse(bad, lambda row: f"{name} is {numbers[row].as_py()}: a number of votes cannot be negative")


def _cast(values: pa.ChunkedArray, column: Column, where: Where) -> pa.ChunkedArray:
    if values.type == column.type:
        return values
    try:
        return values.cast(column.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        for row, value in enumerate(values):
            try:
                value.cast(column.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
                reason = f"{column.name} is {shown(value.as_py())}, which is no {column.type}"
                raise BadRow(where.name, where.line_of(row), reason) from None
        raise JudgmentError(
            f"{printable(where.name)}: the column {column.name} is {values.type}, it should be {column.type}"
        ) from None
