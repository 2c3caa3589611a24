"""A progress bar for the long commands, on a terminal only; and numbers that JSON can hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

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
