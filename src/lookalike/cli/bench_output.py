"""What a benchmark looks at before it computes anything: the packages it needs, and the folder of -o."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lookalike.errors import BenchmarkError, printable
from lookalike.extras import require_stats


def check_ready(folder: Path | None) -> None:
    """Find out at once what would stop a run at its end; see :func:`check_folder`.

    Raises:
        MissingDependency: the extra ``stats`` is not installed.
        BenchmarkError: nothing can be written to the folder.
    """
    require_stats("lookalike bench")
    check_folder(folder)


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
