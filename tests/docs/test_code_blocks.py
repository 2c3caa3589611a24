"""Every code block of the README and of docs/ is run: Python here, shell by bash, data by a parser."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown_blocks import Block, blocks

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = {"bash", "sh", "shell", "console"}
DATA = {"json": json.loads, "toml": tomllib.loads}
SHOWN_ONLY = {"", "text", "csv", "html", "mermaid"}
MOST_NOT_RUN = 43
"""Blocks that may opt out over all pages; raise it only with a reason that a reader would accept.

20 were enough before the training room: what exports and uses a finished run needs one, and real runs take minutes.
24 before studies and explanations: four more need the measuring data or a PostgreSQL server.
"""


WITH_A_STUDY = {"docs/how-to/run-a-study-server.md"}
"""Pages about a study that is there already: they find ``my-study/`` with (simulated) answers."""


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands(block: Block) -> str:
    """The shell text to run: a console block's lines behind ``$ ``, otherwise all of it."""
    if block.language != "console":
        return block.code
    return "\n".join(line[2:] for line in block.code.splitlines() if line.startswith("$ "))


def run_shell(block: Block, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands(block)],
        cwd=folder, capture_output=True, text=True, timeout=400, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.fail(
            f"{block.place}: exit {done.returncode}\n{block.code}\nstdout:\n{done.stdout[-2000:]}\n"
            f"stderr:\n{done.stderr[-3000:]}",
            pytrace=False,
        )


def run_server(block: Block, folder: Path) -> None:
    """Start what serves until Ctrl-C (on a free port), ask for its first page, stop it; it must end well."""
    words = re.sub(r" --port \d+", "", commands(block).strip().replace("\\\n", " "))
    assert "\n" not in words, f"{block.place}: a server's block holds that one command"
    process = subprocess.Popen(
        ["bash", "-c", f"exec {words} --port 0"], cwd=folder, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:  # ends when the command does
            said.append(line)
            if found := re.search(r"^(?:study|lookalike): (https?://\S+)$", line.strip()):
                if found[1].startswith("http://127.0.0.1:"):  # not so behind --public-url
                    with urllib.request.urlopen(found[1], timeout=60) as answer:
                        assert answer.status == 200
                process.send_signal(signal.SIGINT)
                break
        rest, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    # 130: stopped by Ctrl-C, which uvicorn passes on after it has shut down
    assert process.returncode in {0, 130}, f"{block.place}: exit {process.returncode}\n{''.join(said)}{rest}"
    assert any("://" in line for line in said), f"{block.place}: named no address\n{''.join(said)}{rest}"


def run_python(block: Block, names: dict[str, Any]) -> None:
    padded = "\n" * (block.line - 1) + block.code  # tracebacks then give the page's own line numbers
    exec(compile(padded, str(block.page), "exec"), names)


@pytest.mark.timeout(600)  # a page may start a dozen processes, on a machine that has other work
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=_name)
def test_the_blocks_of_a_page_run_in_order(
    page: Path, workplace: Path, request: pytest.FixtureRequest
) -> None:
    if _name(page) in WITH_A_STUDY:
        shutil.copytree(request.getfixturevalue("answered_study"), workplace / "my-study")
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        if block.not_run is not None:
            continue
        if block.server:
            run_server(block, workplace)
        elif block.language == "python":
            run_python(block, names)
        elif block.language in SHELL:
            run_shell(block, workplace)
        elif block.language in DATA:
            DATA[block.language](block.code)
        else:
            assert block.language in SHOWN_ONLY, f"{block.place}: no way to test {block.language}"


def test_few_blocks_opt_out_and_each_says_why() -> None:
    opted_out = [block for page in PAGES for block in blocks(page) if block.not_run is not None]
    unexplained = [block.place for block in opted_out if len((block.not_run or "").split()) < 3]
    assert not unexplained, "write the reason as words: <!-- not run: needs a GPU -->"
    assert len(opted_out) <= MOST_NOT_RUN, [block.place for block in opted_out]


def test_a_failing_shell_block_is_noticed(workplace: Path) -> None:
    block = Block(Path("page.md"), 3, "bash", "false\ntrue\n", None)
    with pytest.raises(pytest.fail.Exception, match=r"page\.md:3: exit 1"):
        run_shell(block, workplace)


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
