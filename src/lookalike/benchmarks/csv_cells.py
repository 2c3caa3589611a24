"""The CSV tables that benchmarks and studies write, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(rows: Iterable[Sequence[Any]], *, safe: bool = True) -> Iterator[str]:
    """Each row as a line of CSV (RFC 4180, ends in CR LF); floats keep enough digits to come back equal.

    Args:
        rows: of texts and numbers; None is an empty cell.
        safe: through `safe_cell`.
    """
    # With "\n" alone Python would leave a carriage return within a text unquoted, and what follows it would be a row of its own.
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in rows:
        cells = [repr(float(cell)) if isinstance(cell, float) else cell for cell in row]
        writer.writerow([safe_cell(cell) for cell in cells] if safe else cells)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front; all else stays as it is.

    Names come from files and tables of other people. A number written as text stays a number.
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _number(value):
        return "'" + value
    return value


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
