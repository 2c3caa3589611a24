"""How files are named to people: below the folder that was indexed, never by where that folder is."""

from __future__ import annotations

from lookalike.errors import printable


def shown_path(path: str, source: str) -> str:
    """``path`` from the last part of ``source`` on; its last two parts when it does not lie there."""
    base = source.rstrip("/\\")
    plain = path.replace("\\", "/")
    root = base.replace("\\", "/")
    if root and plain.startswith((f"{root}/", f"{root}::")):
        return printable(root.rsplit("/", 1)[-1] + plain[len(root) :])
    parts = [part for part in plain.split("/") if part]
    return printable("/".join(parts[-2:]))


def shown_name(path: str) -> str:
    """The last part of a path, also inside an archive."""
    return printable(path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].rsplit("::", 1)[-1])
