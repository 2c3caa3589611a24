"""What the benchmarks of votes leave in a folder: report, results, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.benchmarks.csv_cells import csv_lines
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


def csv_pieces(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """CSV text, line by line; the first row names the columns, an empty table has no text."""
    return csv_lines(_with_header(rows))


def _with_header(rows: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[Any]]:
    columns: list[str] = []
    for row in rows:
        if not columns:
            columns = list(row)
            yield columns
        yield [row[name] for name in columns]


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
