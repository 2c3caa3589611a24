"""Commands of a shell block that need no shell: their words, as bash would make them."""

from __future__ import annotations

import glob
import re
from pathlib import Path

TOKEN = re.compile(
    r"""\s*(?: \#.* | (?P<word> (?: [\w./:=,@%+*?\[\]-] | '[^']*' | "[^"$`\\]*" )+ ) (?=\s|$) | $ )""",
    flags=re.VERBOSE,
)
PIECE = re.compile(r"""'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^'"]+)""")


def plain_commands(text: str) -> list[list[str]] | None:
    """The words of every command, still quoted, when each is `lookalike ...` and needs nothing of a shell; else None.

    Variables, pipes, redirections, loops, here-documents and other programs need one.
    """
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words = _words(line)
        if words is None or (words and words[0] != "lookalike"):
            return None
        if words:
            found.append(words)
    return found or None


def _words(line: str) -> list[str] | None:
    words, at = [], 0
    while at < len(line):
        token = TOKEN.match(line, at)
        if token is None:
            return None
        if token["word"]:
            words.append(token["word"])
        at = token.end()
    return words


def expanded(word: str) -> list[str]:
    """A word without its quotes; instead of an unquoted pattern the files of the working directory that it fits."""
    pieces = list(PIECE.finditer(word))
    text = "".join(piece[piece.lastgroup or 0] for piece in pieces)
    if not any(re.search(r"[*?[]", piece["bare"] or "") for piece in pieces):
        return [text]
    pattern = "".join(piece["bare"] or glob.escape(piece[piece.lastgroup or 0]) for piece in pieces)
    return sorted(str(path) for path in Path().glob(pattern)) or [text]
