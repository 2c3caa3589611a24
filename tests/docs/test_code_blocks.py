"""Every code block of the README and of docs/ is run: Python here, shell by bash, data by a parser."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown_blocks import Block, blocks
from tests.docs.plain_commands import expanded, plain_commands
from tests.docs.run_blocks import commands, run_python, run_server, run_shell

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = {"bash", "sh", "shell", "console"}
DATA = {"json": json.loads, "toml": tomllib.loads}
SHOWN_ONLY = {"", "text", "csv", "html", "mermaid"}
MOST_NOT_RUN = 37
"""Blocks that may opt out over all pages; raise it only with a reason that a reader would accept.

Most of them need the measuring data or a finished run; `test_blocks_not_run.py` still checks that their commands, options,
files and imports exist. A block that takes minutes is better run by a slow test: ``<!-- run by: tests/... -->``.
"""

WITH_A_STUDY = {"docs/how-to/run-a-study-server.md"}
"""Pages about a study that is there already: they find ``my-study/`` with (simulated) answers."""

AS_TYPED = {"README.md"}
"""Pages whose every command is a process of its own, as it is for whoever types it."""


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.timeout(600)  # a page may start a dozen processes, on a machine that has other work
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=_name)
def test_the_blocks_of_a_page_run_in_order(
    page: Path, workplace: Path, request: pytest.FixtureRequest
) -> None:
    if _name(page) in WITH_A_STUDY:
        shutil.copytree(request.getfixturevalue("answered_study"), workplace / "my-study")
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        if block.not_run is not None or block.run_by:
            continue
        if block.server:
            run_server(block, workplace)
        elif block.language == "python":
            run_python(block, names)
        elif block.language in SHELL:
            run_shell(block, workplace, whole=_name(page) in AS_TYPED)
        elif block.language in DATA:
            DATA[block.language](block.code)
        else:
            assert block.language in SHOWN_ONLY, f"{block.place}: no way to test {block.language}"


def test_few_blocks_opt_out_and_each_says_why() -> None:
    opted_out = [block for page in PAGES for block in blocks(page) if block.not_run is not None]
    unexplained = [block.place for block in opted_out if len((block.not_run or "").split()) < 3]
    assert not unexplained, "write the reason as words: <!-- not run: needs a GPU -->"
    assert len(opted_out) <= MOST_NOT_RUN, [block.place for block in opted_out]


@pytest.mark.parametrize(
    "code", ["false\ntrue\n", "lookalike search A.jpg --gallery none\n", "lookalike --version | grep never\n"]
)
def test_a_failing_shell_block_is_noticed(workplace: Path, code: str) -> None:
    block = Block(Path("page.md"), 3, "bash", code, None)
    with pytest.raises(pytest.fail.Exception, match=r"page\.md:3: exit 1"):
        run_shell(block, workplace)


def test_a_command_here_does_what_it_does_in_a_process_of_its_own(workplace: Path) -> None:
    block = Block(Path("page.md"), 3, "bash", "lookalike data twins NAME -n 4 --size 48\n", None)
    for name, whole in (("here", False), ("there", True)):
        run_shell(replace(block, code=block.code.replace("NAME", name)), workplace, whole=whole)
    made = [{p.name: p.read_bytes() for p in Path(name).rglob("*.*")} for name in ("here", "there")]
    assert made[0] == made[1]
    assert len(made[0]) > 4


def test_what_needs_a_shell_is_told_from_what_does_not(workplace: Path) -> None:
    assert plain_commands("lookalike a 'b  c' \\\n  -k 5  # why\n\n# all\nlookalike d\"|\"e") == [
        ["lookalike", "a", "'b  c'", "-k", "5"],
        ["lookalike", 'd"|"e'],
    ]
    for text in (
        "ls",
        "lookalike a | b",
        "lookalike a > b",
        "lookalike $A",
        'lookalike "$A"',
        "X=1 lookalike",
        "",
    ):
        assert plain_commands(text) is None, text
    for text in (
        "lookalike a &",
        "lookalike a; ls",
        "lookalike ~/a",
        "! lookalike a",
        "cat <<'E'\nlookalike\nE",
    ):
        assert plain_commands(text) is None, text
    assert expanded("?.jpg") == ["A.jpg", "B.jpg", "C.jpg", "D.jpg"]
    assert expanded("'?.jpg'") == ["?.jpg"]
    assert expanded("none-*") == ["none-*"]
    assert expanded("label='a b'") == ["label=a b"]


def test_a_failing_python_block_names_the_page_and_line() -> None:
    block = Block(Path("page.md"), 7, "python", "x = 1\nassert x == 2\n", None)
    with pytest.raises(AssertionError) as caught:
        run_python(block, {})
    last = caught.traceback[-1]
    assert (str(last.path), last.lineno + 1) == ("page.md", 8)


def test_blocks_are_read_with_language_line_and_marker(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n\n<!-- not run: needs a GPU -->\n```bash\nls\n```\n\n  ```python\n  x = 1\n  ```\n")
    first, second = blocks(page)
    assert (first.language, first.code, first.line, first.not_run) == ("bash", "ls\n", 5, "needs a GPU")
    assert (second.language, second.code, second.line, second.not_run) == ("python", "x = 1\n", 9, None)
    page.write_text("```bash\nls\n")
    with pytest.raises(ValueError, match="never closed"):
        blocks(page)


def test_only_the_dollar_lines_of_a_console_block_are_commands() -> None:
    block = Block(Path("page.md"), 1, "console", "$ echo a\na\n$ echo b\nb\n", None)
    assert commands(block) == "echo a\necho b"


def test_a_server_block_that_ends_at_once_is_noticed(workplace: Path) -> None:
    block = Block(Path("page.md"), 3, "bash", "lookalike study serve nowhere\n", None, server=True)
    with pytest.raises(AssertionError, match=r"page\.md:3: exit 1"):
        run_server(block, workplace)


def test_a_server_block_is_marked_and_does_not_opt_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- server: started, asked and stopped -->\n```bash\nlookalike serve\n```\n")
    (block,) = blocks(page)
    assert block.server
    assert block.not_run is None
