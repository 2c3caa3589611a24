"""A progress bar for the long commands, on a terminal only; and numbers that JSON can hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lookalike.cli import output
from lookalike.progress import Progress


@contextmanager
def stage_progress() -> Iterator[Progress | None]:
    """A callback (stage, done, total) that draws on stderr; None where stderr is no terminal.

    Stages follow one another; a stage with a total of 0 shows that it runs without saying how long.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=output.err(), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        current = ""

        def show(stage: str, done: int, total: int) -> None:
            nonlocal current
            if stage != current:
                current = stage
                bar.reset(task, description=stage, total=total or None)
            bar.update(task, completed=done, total=total or None)

        yield show


def finite(value: Any) -> Any:
    """A document with the numbers that JSON lacks (infinity, NaN) as None and keys as text."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return finite(value.item())
    return value
