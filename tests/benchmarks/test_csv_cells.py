"""CSV tables are one row a line, safe in a spreadsheet, and floats come back equal."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from lookalike.benchmarks.csv_cells import csv_lines, safe_cell
from lookalike.cli.bench_votes_files import csv_pieces


def test_each_row_is_a_line_that_ends_as_the_standard_has_it() -> None:
    text = "".join(csv_lines([["a", "b"], [1, None], [0.1, np.float64(1 / 3)]]))
    assert text == "a,b\r\n1,\r\n0.1,0.3333333333333333\r\n"


def test_a_line_break_within_a_name_starts_no_row_of_its_own() -> None:
    """Left unquoted, "x\\r=1+1" is two rows for a spreadsheet, the second a formula."""
    for name in ("x\r=1+1", "x\n=1+1", "x\r\n=1+1"):
        text = "".join(csv_lines([[name, "y"]]))
        assert text == f'"{name}",y\r\n'
        assert list(csv.reader(io.StringIO(text, newline=""))) == [[name, "y"]]


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_formulas_get_an_apostrophe_unless_values_must_stay(text: str) -> None:
    def read(safe: bool) -> list[str]:
        return next(csv.reader(io.StringIO("".join(csv_lines([[text]], safe=safe)), newline="")))

    assert read(True) == [f"'{text}"]
    assert read(False) == [text]


def test_numbers_stay_numbers() -> None:
    assert [safe_cell(value) for value in ("-2", "+1e3", -2, -0.5, "a=b")] == ["-2", "+1e3", -2, -0.5, "a=b"]


def test_tables_of_benchmarks_go_the_same_way() -> None:
    rows = [{"=name": "@x\r=2", "n": -1.5}, {"=name": "plain", "n": 2}]
    assert "".join(csv_pieces(rows)) == "'=name,n\r\n\"'@x\r=2\",-1.5\r\nplain,2\r\n"
    assert "".join(csv_pieces([])) == ""
