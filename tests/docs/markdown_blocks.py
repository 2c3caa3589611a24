"""Reads fenced code blocks out of Markdown pages, with the reason where a block is not to be run."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,})\s*(?P<language>[\w+-]*)")
NOT_RUN = re.compile(r"^\s*<!--\s*not run:(?P<reason>.*)-->\s*$")
RUN_BY = re.compile(r"^\s*<!--\s*run by:\s*(?P<test>[\w./]+).*-->\s*$")
SERVER = re.compile(r"^\s*<!--\s*server:.*-->\s*$")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: the Markdown file.
        line: number (from 1) of the block's first line of code.
        language: what stands behind the backticks, lower case; '' when nothing does.
        code: the text between the fences, without the fences' indentation.
        not_run: the reason from ``<!-- not run: REASON -->`` on the line before the fence, or None.
        server: the line before the fence says that the command serves until it is stopped
            (``<!-- server: REASON -->``): it is started, asked for a page and stopped.
        run_by: the test file from ``<!-- run by: tests/... -->``, which runs the block in its own time, or None.
    """

    page: Path
    line: int
    language: str
    code: str
    not_run: str | None
    server: bool = False
    run_by: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page in order."""
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        opening = FENCE.match(lines[at])
        if not opening:
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end].strip() != opening["ticks"]:
            end += 1
        if end == len(lines):
            raise ValueError(f"{page}:{at + 1}: this code block is never closed")
        before = lines[at - 1] if at else ""
        server = SERVER.match(before) is not None
        marker = NOT_RUN.match(before)
        test = RUN_BY.match(before)
        code = textwrap.dedent("\n".join(lines[at + 1 : end])) + "\n"
        reason = marker["reason"].strip() if marker else None
        run_by = test["test"] if test else None
        found.append(Block(page, at + 2, opening["language"].lower(), code, reason, server, run_by))
        at = end + 1
    return found


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^(\s*)(`{3,}).*?^\s*\2\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
