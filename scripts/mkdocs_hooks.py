"""Docstrings are written for Python's own help(); this brings their few Sphinx marks into plain HTML."""

from __future__ import annotations

import re
from typing import Any

ROLE = re.compile(r":(?:py:)?(?:func|class|meth|data|mod|attr|exc):<code>~?([^<]*)</code>")
LITERAL_BLOCK = re.compile(r"<p>::</p>\s*(?=<)|(?<=\w)(?:\s+:|:):(?=</p>)")


def _ending(match: re.Match[str]) -> str:
    return "" if match[0].startswith("<p>") else ":"


def on_page_content(html: str, **_: Any) -> str:
    """``:func:`name``` becomes the name as code; the lone ``::`` before a literal block disappears."""
    return LITERAL_BLOCK.sub(_ending, ROLE.sub(r"<code>\1</code>", html))
