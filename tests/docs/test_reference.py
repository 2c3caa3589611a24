"""Every command, option and public name is in the reference, and local links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

import lookalike
from tests.docs.markdown_blocks import prose

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")


def command_tree() -> dict[str, Any]:
    """Every command by its full name, such as ``encoders show``."""
    from lookalike.cli.main import app

    found: dict[str, Any] = {}

    def visit(command: Any, name: str) -> None:
        if name:
            found[name] = command
        for child, below in getattr(command, "commands", {}).items():
            visit(below, f"{name} {child}".strip())

    visit(typer.main.get_command(app), "")
    return found


def section(text: str, title: str) -> str:
    """What stands under the heading ``title``, down to the next heading of the same or a higher level."""
    match = re.search(rf"^(#+) {re.escape(title)}\s*$", text, flags=re.MULTILINE)
    if not match:
        return ""
    rest = text[match.end() :]
    following = re.search(rf"^#{{1,{len(match[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: following.start()] if following else rest


def test_every_command_and_option_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    common = section(text, "Common options")
    missing = []
    for name, command in command_tree().items():
        under = section(text, name)
        if not under:
            missing.append(f"the section `{name}`")
            continue
        # By name, not by class: Typer may bring a click of its own.
        given = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        options = [o for p in given for o in (*p.opts, *p.secondary_opts)]
        above = section(text, name.rpartition(" ")[0]) if " " in name else ""  # what a group's commands share
        wanted = [o for o in options if o.startswith("--") and o not in {"--help", "--install-completion"}]
        missing += [f"{name} {o}" for o in wanted if not re.search(rf"`[^`]*{o}\b", under + above + common)]
    assert options, "the last command's options were not found"
    assert not missing, f"docs/reference/cli.md lacks: {', '.join(missing)}"


def test_the_reference_names_the_default_encoder() -> None:
    from lookalike.encoders import DEFAULT_ENCODER

    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `-e`, `--encoder NAME` \|.*`(\w+)` unless named", text, flags=re.MULTILINE)
    assert len(named) > 5
    assert set(named) == {DEFAULT_ENCODER}


def test_every_public_name_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    missing = [n for n in lookalike.__all__ if not re.search(rf"(?:\.|`){re.escape(n)}\b", text)]
    assert not missing, f"docs/reference/python.md lacks: {', '.join(missing)}"


def test_every_error_is_in_the_reference() -> None:
    from lookalike import errors

    names = [n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)]
    text = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    assert [n for n in names if f"`{n}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_local_links_lead_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(prose(page))]
    local = [t for t in targets if not re.match(r"[a-z]+:", t) and not t.startswith("#")]
    broken = [t for t in local if not (page.parent / t.partition("#")[0]).exists()]
    assert not broken


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    assert [name for name in pages if name not in navigation] == []
