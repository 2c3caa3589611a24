"""Readers for CSV about two images: ratings on a scale, and same/different votes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.csv_table import CsvTable, read_csv
from lookalike.judgments.image_names import choose_folder, resolve
from lookalike.judgments.plain import find_csv
from lookalike.judgments.tables import RatingTable, SameDifferentTable
from lookalike.progress import Progress


def read_ratings(
    source: Path | str,
    images: Path | str | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> RatingTable:
    """Ratings from CSV: columns a, b, rating and, where known, raters; others are kept.

    Args:
        source: the CSV file, or a folder with ``ratings.csv`` (or one CSV file alone).
        images: folder of the images, absolute or relative to the table's.
        low, high: ends of the scale; ratings outside are refused.
        skip_bad: leave out rows whose images are missing or cannot be read, and list them in ``refused``.
        progress: told how many images were hashed.

    Raises:
        JudgmentError: no such file, or a column is missing.
        BadRow: a row is wrong; says which line and what is wrong.
    """
    file = find_csv(Path(source), "ratings.csv")
    cells = read_csv(file)
    columns, catalogue, note = _two_images(cells, file, images, skip_bad, progress)
    columns["rating"] = cells.number("rating")
    if "raters" in cells.names:
        columns["raters"] = cells.whole("raters", nullable=True)
    columns.update(cells.extras(list(columns)))
    meta = {name: repr(float(end)) for name, end in (("low", low), ("high", high)) if end is not None}
    return RatingTable(pa.table(columns), catalogue, meta=meta, note=note, where=cells.where)


def read_same_different(
    source: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> SameDifferentTable:
    """Same/different votes from CSV: columns a, b, votes_same, votes_different; others are kept.

    Args and Raises: as for :func:`read_ratings`; the usual file is ``votes.csv``.
    """
    file = find_csv(Path(source), "votes.csv")
    cells = read_csv(file)
    columns, catalogue, note = _two_images(cells, file, images, skip_bad, progress)
    for name in ("votes_same", "votes_different"):
        columns[name] = cells.whole(name)
    columns.update(cells.extras(list(columns)))
    return SameDifferentTable(pa.table(columns), catalogue, note=note, where=cells.where)


def _two_images(
    cells: CsvTable, file: Path, images: Path | str | None, skip_bad: bool, progress: Progress | None
) -> tuple[dict[str, object], ImageCatalogue, str]:
    sides = {name: cells.text(name) for name in ("a", "b")}
    names = [name for values in sides.values() for name in values.unique().to_pylist()]
    chosen, note = choose_folder(file.parent, images, names, skip_bad=skip_bad)
    arrays, catalogue = resolve(
        sides, dict.fromkeys(sides, (chosen,)), chosen.root, cells.where, skip_bad=skip_bad, progress=progress
    )
    return dict(arrays), catalogue, note
