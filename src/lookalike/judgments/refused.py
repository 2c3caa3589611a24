"""Rows that are left out because an image of theirs cannot be had: which, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lookalike.errors import JudgmentError, printable
from lookalike.judgments.columns import Where, flags, flat

SKIP_HINT = "; skip_bad=True (--skip-bad) leaves such rows out"


class BadImage(NamedTuple):
    """An image that cannot be had: its name, relative and for people, and what is wrong."""

    name: str
    reason: str


class Refused(NamedTuple):
    """A row that was left out.

    Attributes:
        name: its first bad image.
        line: of the text file (header = 1); of a table that is no text, the row counted from 1.
        reason: what is wrong with that image, and with others of the row.
    """

    name: str
    line: int
    reason: str


def leave_out(
    table: pa.Table, columns: Sequence[str], bad: Mapping[str, BadImage], where: Where
) -> tuple[pa.Table, Where, list[Refused]]:
    """The rows that show no bad image.

    Args:
        table: as it was read.
        columns: those that hold content ids, or lists of them.
        bad: what stands for a bad image in these columns -> the image.
        where: of the rows.

    Returns:
        (the other rows, where those come from, what was left out in the table's order).

    Raises:
        JudgmentError: no row is left.
    """
    found: dict[int, list[BadImage]] = {}
    marks = pa.array(list(bad), pa.string())
    for name in columns:
        if name not in table.column_names:
            continue
        values = flat(table.column(name))
        if pa.types.is_list(values.type):
            for row, cell in enumerate(values.to_pylist()):
                for content in cell or ():
                    if content in bad:
                        found.setdefault(row, []).append(bad[content])
        else:
            for row in np.flatnonzero(flags(pc.is_in(values, value_set=marks))).tolist():
                found.setdefault(row, []).append(bad[values[row].as_py()])
    if not found:
        return table, where, []
    rows = sorted(found)
    refused = [_refused(found[row], line) for row, line in zip(rows, where.lines(rows), strict=True)]
    keep = np.ones(len(table), dtype=bool)
    keep[rows] = False
    if not keep.any():
        first = refused[0]
        raise JudgmentError(
            f"{printable(where.name)}: none of the {len(table):,} rows can be used; line {first.line}: "
            f"{printable(first.name)}: {first.reason}; where the images lie elsewhere, pass their folder "
            "(images=, --images)"
        )
    kept = np.flatnonzero(keep)
    rest = Where(where.name, lambda row: where.line_of(int(kept[row])))
    return table.filter(pa.array(keep)), rest, refused


def _refused(images: Sequence[BadImage], line: int) -> Refused:
    first, *others = dict.fromkeys(images)
    also = "".join(f"; also {printable(other.name)}: {other.reason}" for other in others)
    return Refused(first.name, line, f"{first.reason}{also}")
