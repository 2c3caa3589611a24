"""Cells of the CSV tables that benchmarks write, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


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
