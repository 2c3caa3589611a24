"""What ``lookalike bench tll`` and ``bench pairs`` leave in a folder, from Python too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.reports.writing import json_text, write_page

if TYPE_CHECKING:
    from lookalike.benchmarks.tll_result import PairsResult

THUMBNAIL_SIDE = 170


def write_report(result: PairsResult, folder: str | os.PathLike[str], *, command: str = "") -> Path:
    """Write ``report.html``, ``results.json``, ``tables/*.csv`` and ``figures/*.svg`` of a run over pairs.

    Args:
        result: what :func:`lookalike.benchmarks.bench_tll` or :func:`lookalike.benchmarks.bench_pairs` gave.
        folder: made where it is not there; files of an older report are replaced.
        command: what was typed, shown in the report; '' for a run from Python.

    Returns:
        Where the report lies.

    Raises:
        LookalikeError: something cannot be written there.
        MissingDependency: the extra ``stats`` (figures) is not installed.
    """
    from lookalike.reports.bench_figures import figures
    from lookalike.reports.bench_tll import pictures_wanted, tll_page

    place = Path(folder)
    result.write_tables(place / "tables")
    for name, svg in figures(result, standalone=True).items():
        write_page(svg, place / "figures" / f"{name}.svg")
    write_page(json_text(result.to_dict()), place / "results.json")
    thumbnails = {content: _thumbnail(result, content) for content in pictures_wanted(result)}
    report = place / "report.html"
    write_page(tll_page(result, thumbnails, command=command), report)
    return report


def _thumbnail(result: PairsResult, content: str) -> bytes:
    from lookalike.images import decode, thumbnail

    pixels = decode(str(result.table.images.path(content)), min_size=(THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return thumbnail(pixels, THUMBNAIL_SIDE)
