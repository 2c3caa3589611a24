"""A run over pairs as CSV files that a spreadsheet or a plotting script reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.benchmarks import published
from lookalike.benchmarks.csv_cells import csv_lines
from lookalike.errors import BenchmarkError

if TYPE_CHECKING:
    from lookalike.benchmarks.recall import Recall
    from lookalike.benchmarks.tll_result import PairsResult

Row = Sequence[Any]


def write_tables(result: PairsResult, folder: Path) -> list[Path]:
    """Write every table of a run as CSV below ``folder``; returns the files.

    Raises:
        BenchmarkError: the folder cannot be written.
    """
    tables: dict[str, Iterable[Row]] = {
        "recall.csv": recall_rows(result),
        "curves.csv": curve_rows(result),
        "ranks.csv": rank_rows(result),
        "pair_distances.csv": distance_rows(result),
        "associative_recall.csv": associative_rows(result),
        "near_duplicates.csv": near_rows(result),
        "human_study.csv": condition_rows(result),
        "comparisons.csv": comparison_rows(result),
        "skipped.csv": skipped_rows(result),
    }
    written = []
    for name, rows in tables.items():
        listed = list(rows)
        if len(listed) > 1:
            written.append(_write(folder / name, listed))
    return written


def recall_rows(result: PairsResult) -> list[Row]:
    """Table 1: all pairs, then the subsets; percent."""
    header = ["encoder", "distance", "pairs"]
    header += [f"{part}@{k}" for k in published.RANKS for part in ("recall", "low", "high")]
    rows: list[Row] = [[*header, "median_rank", "mean_reciprocal_rank"]]
    for one in result.measured:
        rows.append([one.name, one.metric, "all", *_recall_cells(one.recall)])
        rows += [[one.name, one.metric, subset, *_recall_cells(r)] for subset, r in one.subsets.items()]
    return rows


def curve_rows(result: PairsResult) -> list[Row]:
    """Recall at every k, one column for each name and metric; percent."""
    rows: list[Row] = [["k", *(f"{one.name} ({one.metric})" for one in result.measured)]]
    for k in range(len(result.gallery)):
        rows.append([k + 1, *(f"{100 * one.recall.curve[k]:.4f}" for one in result.measured)])
    return rows


def rank_rows(result: PairsResult) -> list[Row]:
    """Where each query's right image stands; empty where it is never found."""
    rows: list[Row] = [["left", "right", *(f"{one.name} ({one.metric})" for one in result.measured)]]
    for row, names in enumerate(_pair_names(result)):
        rows.append([*names, *(_finite(one.recall.ranks[row]) for one in result.measured)])
    return rows


def distance_rows(result: PairsResult) -> list[Row]:
    """Distance inside each pair, with votes where the table has them; empty where there is no distance."""
    votes = ["up_votes", "down_votes"]
    rows: list[Row] = [["left", "right", *votes, *(f"{one.name} ({one.metric})" for one in result.measured)]]
    counted = [result.table.column(name) for name in votes]
    for row, names in enumerate(_pair_names(result)):
        given = ["" if column[row] is None else column[row] for column in counted]
        rows.append([*names, *given, *(_finite(one.pair_distances[row]) for one in result.measured)])
    return rows


def associative_rows(result: PairsResult) -> list[Row]:
    """Figure 2b: percent right among m candidates."""
    rows: list[Row] = [["encoder", "m", "mean", "std", "low", "high"]]
    for one in result.main:
        for m, s in one.associative.items():
            rows.append([one.name, m, *(f"{100 * value:.4f}" for value in (s.mean, s.std, s.low, s.high))])
    return rows


def near_rows(result: PairsResult) -> list[Row]:
    """Every removed pair, with the image that it is too near to, and the rule."""
    rows: list[Row] = [["pair", "image", "too_near_to", "of_pair", "distance", "rule"]]
    if result.near is None:
        return rows
    names = list(_pair_names(result))
    for removal in result.near.removed:
        image, other = removal.names(names)
        rows.append([removal.pair, image, other, removal.other, f"{removal.distance:.6f}", removal.rule])
    return rows


def condition_rows(result: PairsResult) -> list[Row]:
    """Table 2a: percent right in the conditions of the human study."""
    rows: list[Row] = [["encoder", "subset", "distractors", "queries", "correct", "low", "high"]]
    for one in result.main:
        for (subset, distractors), e in one.conditions.items():
            shares = (f"{100 * value:.4f}" for value in (e.value, e.low, e.high))
            rows.append([one.name, subset, distractors, e.n, *shares])
    return rows


def comparison_rows(result: PairsResult) -> list[Row]:
    """Paired tests; differences in points of percent."""
    rows: list[Row] = [["recall_at", "a", "b", "a_minus_b", "low", "high", "p", "p_holm", "test"]]
    for k, tests in result.comparisons.items():
        for t in tests:
            points = (
                f"{100 * value:.4f}" for value in (t.difference.value, t.difference.low, t.difference.high)
            )
            rows.append([k, t.a, t.b, *points, f"{t.p:.6g}", f"{t.p_holm:.6g}", t.test])
    return rows


def skipped_rows(result: PairsResult) -> list[Row]:
    """Images that could not be read."""
    return [["image", "reason"], *([bad.name, bad.reason] for bad in result.skipped.values())]


def _recall_cells(recall: Recall) -> list[Any]:
    cells: list[Any] = []
    for k in published.RANKS:
        e = recall.at[k]
        cells += [round(100 * value, 4) for value in (e.value, e.low, e.high)]
    return [*cells, _finite(recall.median_rank), round(recall.reciprocal_rank.value, 6)]


def _pair_names(result: PairsResult) -> Iterable[tuple[str, str]]:
    images = result.table.images
    columns = zip(result.table.column("left"), result.table.column("right"), strict=True)
    return ((images.name(left), images.name(right)) for left, right in columns)


def _finite(value: float) -> Any:
    return f"{value:.6g}" if math.isfinite(value) else ""


def _write(file: Path, rows: Sequence[Row]) -> Path:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(csv_lines(rows))
    except OSError as error:
        raise BenchmarkError(f"cannot write {file}: {error.strerror or error}") from error
    return file
