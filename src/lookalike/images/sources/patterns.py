"""Glob patterns over relative POSIX paths: ``*`` and ``?`` within a name, ``**`` across folders, ``[...]``
sets."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from lookalike.images.formats import EXTENSIONS

_WILD = re.compile(r"[*?\[]")


class Chooser:
    """Which relative paths are images of a source.

    Without a pattern: every file with an image ending. With one: those of them that match; a pattern that
    itself ends in a literal ending (``*.dat``) chooses by that ending alone. A pattern without a slash is
    matched against the file's name in any folder, unless ``anchored``.
    """

    def __init__(self, pattern: str | None = None, *, hidden: bool = False, anchored: bool = False) -> None:
        self.hidden = hidden
        self._regex: re.Pattern[str] | None = None
        self._any_ending = False
        if pattern is not None:
            anywhere = "/" not in pattern and not anchored
            self._regex = translate(f"**/{pattern}" if anywhere else pattern)
            ending = PurePosixPath(pattern).suffix
            self._any_ending = bool(ending) and not _WILD.search(ending)

    def chooses(self, relative: str) -> bool:
        """Whether the file ``relative`` (POSIX, relative to the root) is one of the source's images."""
        if not self.hidden and self._hidden(relative):
            return False
        if not self._any_ending and not has_image_ending(relative):
            return False
        return self._regex is None or self._regex.fullmatch(relative) is not None

    def allows(self, name: str, root: str) -> bool:
        """Whether a path written in a list or table is to be taken: only a pattern can keep it out."""
        if self._regex is None:
            return True
        prefix = root.rstrip("/") + "/"
        return self._regex.fullmatch(name.removeprefix(prefix)) is not None

    def _hidden(self, relative: str) -> bool:
        return any(part.startswith(".") for part in relative.split("/"))


def has_image_ending(name: str) -> bool:
    """Whether the name ends like an image file, in any case of letters."""
    dot = name.rfind(".")
    return dot >= 0 and name[dot:].lower() in EXTENSIONS


def is_pattern(text: str) -> bool:
    """Whether the text has wildcards."""
    return _WILD.search(text) is not None


def translate(pattern: str) -> re.Pattern[str]:
    """A compiled regular expression for a glob pattern over POSIX paths."""
    out, i = "", 0
    while i < len(pattern):
        if pattern.startswith("**/", i):
            out, i = out + "(?:[^/]+/)*", i + 3
        elif pattern.startswith("**", i):
            out, i = out + ".*", i + 2
        elif pattern[i] == "*":
            out, i = out + "[^/]*", i + 1
        elif pattern[i] == "?":
            out, i = out + "[^/]", i + 1
        elif pattern[i] == "[" and (end := pattern.find("]", i + 2)) > 0:
            inner = pattern[i + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            inner = (
                "^/" + inner[1:]
                if inner[0] == "!"
                else inner.replace("^", "\\^", 1)
                if inner[0] == "^"
                else inner
            )
            out, i = out + f"[{inner}]", end + 1
        else:
            out, i = out + re.escape(pattern[i]), i + 1
    return re.compile(out, re.DOTALL)
