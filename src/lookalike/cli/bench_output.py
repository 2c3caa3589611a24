"""What a benchmark looks at before it computes anything: the packages it needs, and the folder of -o."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import output
from lookalike.errors import BenchmarkError, printable
from lookalike.extras import require_stats

StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict", help="Exit code 1 when one encoder could not be measured, after all the others were."
    ),
]


def check_ready(folder: Path | None) -> None:
    """Find out at once what would stop a run at its end; see :func:`check_folder`.

    Raises:
        MissingDependency: the extra ``stats`` is not installed.
        BenchmarkError: nothing can be written to the folder.
    """
    require_stats("lookalike bench")
    check_folder(folder)


def end_strictly(strict: bool, failed: Iterable[str]) -> None:
    """Say that encoders failed; with --strict end with exit code 1, everything else having been done."""
    names = [printable(name) for name in failed]
    if not names:
        return
    if strict:
        output.note(f"--strict: {', '.join(names)} could not be measured")
        raise typer.Exit(1)
    output.note(f"went on without {', '.join(names)}; --strict ends with exit code 1 then")


def check_folder(folder: Path | None) -> None:
    """Try to write where the results will go; nothing is left behind.

    Raises:
        BenchmarkError: it is a file, or nothing can be written there.
    """
    if folder is None:
        return
    shown = printable(str(folder))
    try:
        if folder.exists() and not folder.is_dir():
            raise BenchmarkError(f"{shown} is a file; -o needs a folder for the report and its tables")
        there = folder.absolute()
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            raise BenchmarkError(f"{shown} cannot be a folder: {printable(str(there))} is a file")
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise BenchmarkError(f"cannot write to {shown}: {reason}; name another folder behind -o") from error
