"""What commands print: tables and progress for people, one JSON document for scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import printable
from lookalike.plain_json import finite

if TYPE_CHECKING:
    from rich.console import Console

    from lookalike.gallery import IndexReport

JSON_HELP = "Print one JSON document on stdout; progress goes to stderr."


def out() -> Console:
    """Where results for people go."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """Where progress, notes and errors go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """One JSON document on stdout; numbers that JSON lacks (infinity) become null."""
    text = json.dumps(finite(document), ensure_ascii=False, indent=2, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:  # a path with bytes that are not UTF-8
        text = json.dumps(finite(document), indent=2, default=str)
    sys.stdout.write(text + "\n")


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """A table that fits the terminal; ``right`` names the columns of numbers."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title) if title else None, title_justify="left", header_style="bold", expand=False
    )
    for column in columns:
        justify: Any = "right" if column in right else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column in right)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    out().print(table)


def say(text: str) -> None:
    """One line for people on stdout."""
    out().print(_encodable(text), markup=False, emoji=False)


def note(text: str) -> None:
    """One line on stderr."""
    err().print(_encodable(text), markup=False, emoji=False)


def _encodable(text: str) -> str:
    """The text with bytes that are not UTF-8 (of a path) escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def short_path(path: str) -> str:
    """A path as people in this folder would write it, when that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return path
    return relative if len(relative) < len(path) else path


def write_page(page: str | Iterable[str], target: Path) -> None:
    """Write an HTML page, whole or in pieces; an older page stays as it is until the new one is complete.

    Raises:
        LookalikeError: the file cannot be written.
    """
    from lookalike.reports.writing import write_page as write

    write(page, target)


@contextmanager
def index_progress(total: int | None) -> Iterator[Any]:
    """A callback that draws a progress bar on a terminal; None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=err(), transient=True) as bar:
        task = bar.add_task("indexing", total=total, note="")

        def show(report: IndexReport) -> None:
            done = report.indexed + report.unchanged + report.moved + report.problems
            bad = f", {report.problems} problems" if report.problems else ""
            bar.update(task, completed=done, note=f"{report.images_per_second:.0f} images/s{bad}")

        yield show


@contextmanager
def working(text: str) -> Iterator[None]:
    """A spinner on a terminal while something without countable steps runs."""
    if not sys.stderr.isatty():
        yield
        return
    with err().status(text):
        yield


def human_bytes(size: float) -> str:
    """1,536 -> '1.5 kB' (powers of 1,000)."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
