"""What the benchmarks of votes leave in a folder: report, results, tables and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.benchmarks.csv_cells import safe_cell
from lookalike.cli import output

if TYPE_CHECKING:
    from lookalike.judgments import ImageCatalogue
    from lookalike.reports import Picture


def write_folder(
    folder: Path,
    *,
    page: str,
    document: Mapping[str, Any],
    tables: Mapping[str, Iterable[Mapping[str, Any]]],
    figures: Mapping[str, str],
) -> None:
    """``report.html``, ``results.json``, ``NAME.csv`` of each table with rows, ``figures/NAME.svg``.

    Raises:
        LookalikeError: the folder cannot be written.
    """
    from lookalike.reports.writing import json_text

    for name, rows in tables.items():
        output.write_page(csv_pieces(rows), folder / f"{name}.csv")
    for name, svg in figures.items():
        output.write_page(svg, folder / "figures" / f"{name}.svg")
    output.write_page(json_text(document), folder / "results.json")
    output.write_page(page, folder / "report.html")


def csv_pieces(rows: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """CSV text, piece by piece; the first row names the columns, an empty table has no text."""
    columns: list[str] = []
    for row in rows:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        if not columns:
            columns = list(row)
            writer.writerow(columns)
        writer.writerow([_cell(row[name]) for name in columns])
        yield buffer.getvalue()


def pictures_of(images: ImageCatalogue) -> Callable[[str], Picture]:
    """Content id -> picture with a thumbnail, named as in the table; each file is read once.

    There is no link to the file: a report is handed on, and a path of this machine helps nobody there.
    """
    from lookalike.errors import ImageError, JudgmentError
    from lookalike.images import read_image, thumbnail
    from lookalike.reports import Picture

    known: dict[str, Picture] = {}

    def picture(content: str) -> Picture:
        if content not in known:
            name = images.name(content)
            try:
                image = read_image(str(images.path(content)), min_size=(256, 256))
            except (
                ImageError,
                JudgmentError,
            ):  # its embedding was in the cache: the figures stand without it
                known[content] = Picture(path=name)
            else:
                info = image.info
                known[content] = Picture(
                    name, thumbnail(image.pixels), width=info.width, height=info.height, format=info.format
                )
        return known[content]

    return picture


def _cell(value: Any) -> Any:
    """Floats keep enough digits to come back equal."""
    return repr(value) if isinstance(value, float) else safe_cell(value)
