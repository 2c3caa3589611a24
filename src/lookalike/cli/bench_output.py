"""The folder of -o, looked at before anything is computed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lookalike.errors import BenchmarkError, printable


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
