"""Where an image's name points to: a file of its own, or an archive that holds it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SEPARATOR = "::"
"""Between an archive and its member; it may also occur in an ordinary file name."""


def holding_file(name: str) -> str:
    """The file that holds the image: the file of that name, or the archive before a ``::``.

    When neither is there, the name itself.
    """
    if SEPARATOR in name and not os.path.lexists(name):
        for archive in _archives(name):
            if Path(archive).is_file():
                return archive
    return name


def is_gone(name: str) -> bool:
    """True when the file, and any archive that could hold it, is certainly no longer there.

    A place that cannot be looked at (permissions, an I/O error) is not gone: nobody can tell.
    """
    return _is_absent(name) and all(_is_absent(archive, regular=True) for archive in _archives(name))


def _archives(name: str) -> list[str]:
    pieces = name.split(SEPARATOR)
    return [SEPARATOR.join(pieces[:i]) for i in range(1, len(pieces))]


def _is_absent(path: str, *, regular: bool = False) -> bool:
    try:
        mode = Path(path).stat(follow_symlinks=regular).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return regular and not stat.S_ISREG(mode)
