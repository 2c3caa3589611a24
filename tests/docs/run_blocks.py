"""Runs the code blocks of a page: Python and plain `lookalike` commands in this process, the rest by bash."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.docs.markdown_blocks import Block
from tests.docs.plain_commands import expanded, plain_commands


def commands(block: Block) -> str:
    """The shell text to run: a console block's lines behind ``$ ``, otherwise all of it."""
    if block.language != "console":
        return block.code
    return "\n".join(line[2:] for line in block.code.splitlines() if line.startswith("$ "))


def run_shell(block: Block, folder: Path, *, whole: bool = False) -> None:
    """Run a shell block in ``folder``, which is the working directory.

    A process of its own for each `lookalike` costs a second of imports, so commands that need no shell run here;
    ``whole`` gives even these to bash.
    """
    plain = None if whole else plain_commands(commands(block))
    if plain is None:
        _by_bash(block, folder)
        return
    for words in plain:
        _here(block, [found for word in words for found in expanded(word)])


def _here(block: Block, arguments: list[str]) -> None:
    from lookalike.cli.main import run

    status: Any = 0
    try:
        with mock.patch.object(sys, "argv", arguments):
            run()
    except SystemExit as stop:
        status = stop.code
    if status not in (0, None):  # pytest shows what the command wrote
        pytest.fail(f"{block.place}: exit {status}\n{' '.join(arguments)}", pytrace=False)


def _by_bash(block: Block, folder: Path) -> None:
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
