"""Files that are whole or not there: pages, figures and JSON are written aside and moved into place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lookalike.errors import LookalikeError, printable
from lookalike.plain_json import finite


def write_page(page: str | Iterable[str], target: Path) -> None:
    """Write text, whole or in pieces; an older file stays as it is until the new one is complete.

    Raises:
        LookalikeError: the file cannot be written.
    """
    shown = printable(str(target))
    try:
        if target.is_dir():
            raise LookalikeError(f"cannot write {shown}: it is a folder; name a file in it")
        new = target.with_name(f"{target.name}.new")
        target.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.writelines([page] if isinstance(page, str) else page)
        new.replace(target)
    except OSError as error:
        raise LookalikeError(f"cannot write {shown}: {error.strerror or error}") from error


def json_text(document: Mapping[str, Any]) -> str:
    """A document as text; numbers that JSON lacks (infinity, NaN) become null, keys become text."""
    return json.dumps(finite(document), ensure_ascii=False, indent=2, default=str) + "\n"
