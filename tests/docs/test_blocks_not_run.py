"""Blocks that are not run are held to what can be checked without running them: commands, options, files, imports."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path
from unittest import mock

import pytest
import typer.main

from tests.docs.markdown_blocks import Block, blocks
from tests.docs.run_blocks import commands
from tests.docs.test_code_blocks import PAGES, ROOT, SHELL

NOT_RUN = [block for page in PAGES for block in blocks(page) if block.not_run is not None or block.run_by]
HERE_DOCUMENT = re.compile(r"<<'?(\w+)'?[^\n]*\n.*?^\1$", flags=re.MULTILINE | re.DOTALL)
BETWEEN = set("();|&")


def shell_commands(text: str) -> list[list[str]]:
    """The words of each command of a script, variables as they are written, without redirections."""
    found: list[list[str]] = []
    for line in HERE_DOCUMENT.sub("", text).replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        found.append([])
        for token in lexer:
            if token[0] in "<>":
                next(lexer, None)  # the file
            elif set(token) <= BETWEEN:
                found.append([])
            elif found[-1] or token != "do":
                found[-1].append(token)
    return [words for words in found if words]


def fault(words: list[str]) -> str | None:
    """What is wrong with a command that can be told without running it; None where nothing is."""
    name, arguments = words[0], words[1:]
    if name == "lookalike":
        command = typer.main.get_command(_app())
        try:
            with mock.patch("typer.core.TyperCommand.invoke"):  # parsed down to the last option, then left
                command.main(arguments, prog_name="lookalike", standalone_mode=False)
        except Exception as error:
            return f"{' '.join(words)}: {getattr(error, 'message', error)}"
    elif name == "python" and arguments[0] != "-c" and not (ROOT / arguments[0]).is_file():
        return f"there is no {arguments[0]}"
    elif name == "make" and not re.search(
        rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE
    ):
        return f"the Makefile has no {arguments[0]}"
    elif name == "pip":
        known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        asked = {
            extra
            for word in arguments
            for found in re.findall(r"\[(.*?)\]", word)
            for extra in found.split(",")
        }
        return f"no extra {sorted(asked - set(known))}" if asked - set(known) else None
    return None


def _app() -> typer.Typer:
    from lookalike.cli.main import app

    return app


def names_missing(code: str) -> list[str]:
    """What a Python block imports from lookalike that is not there."""
    missing = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lookalike"):
            module = __import__(node.module or "", fromlist=[alias.name for alias in node.names])
            missing += [
                f"{node.module}.{alias.name}" for alias in node.names if not hasattr(module, alias.name)
            ]
    return missing


def _place(block: Block) -> str:
    return block.place


@pytest.mark.parametrize("block", [b for b in NOT_RUN if b.language in SHELL], ids=_place)
def test_its_commands_could_be_typed(block: Block) -> None:
    given = shell_commands(commands(block))
    assert given
    assert [said for words in given if (said := fault(words))] == []


@pytest.mark.parametrize("block", [b for b in NOT_RUN if b.language == "python"], ids=_place)
def test_its_python_imports_what_is_there(block: Block) -> None:
    pytest.importorskip("torch", reason="some names live in modules that need the extra torch")
    assert names_missing(block.code) == []


@pytest.mark.parametrize("block", [b for b in NOT_RUN if b.run_by], ids=_place)
def test_the_test_that_runs_it_names_its_page(block: Block) -> None:
    assert block.run_by is not None
    assert block.page.name in (ROOT / block.run_by).read_text(encoding="utf-8")


def test_a_mistyped_command_is_noticed(tmp_path: Path) -> None:
    text = "for x in a b; do\n  lookalike search $x --gallery g > out.txt &\ndone\nlookalike encoders | grep on\n"
    script = shell_commands(text)
    assert ["lookalike", "search", "$x", "--gallery", "g"] in script
    assert ["lookalike", "encoders"] in script
    assert [fault(words) for words in script] == [None] * len(script)
    for wrong in (
        "lookalike search a.jpg --galery g", "lookalike serch a.jpg", "lookalike search a.jpg", "python bench.py",
        "make cofee", "pip install 'lookalike[tourch]'", "lookalike index p -g g --storage big", "lookalike data",
    ):  # fmt: skip
        assert fault(shlex.split(wrong)), wrong
    assert names_missing("from lookalike import Gallery, Galery\n") == ["lookalike.Galery"]
    assert shell_commands("cat > a <<'EOT'\nlookalike x\nEOT\nls") == [["cat"], ["ls"]]
