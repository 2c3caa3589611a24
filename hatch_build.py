"""Builds the pages (TypeScript in web/) into the package when they are not there yet and Node is.

Hatch runs this for wheels and editable installs. Without Node the package installs all the same: everything but the
pages works, and the commands that need them say what is missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENTRIES = ("study", "app")
"""The pages; each becomes static/NAME/index.js."""

OLDEST_NODE = (20, 19)


def static_folder(root: Path) -> Path:
    return root / "src" / "lookalike" / "serving" / "static"


def is_built(root: Path) -> bool:
    return all((static_folder(root) / entry / "index.js").is_file() for entry in ENTRIES)


def node_problem() -> str:
    """Why the pages cannot be built here; "" if they can."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "Node and npm are not installed"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if not found or (int(found[1]), int(found[2])) < OLDEST_NODE:
        return f"Node {said.strip() or '?'} is too old, {'.'.join(map(str, OLDEST_NODE))} or newer is needed"
    return ""


def build_pages(root: Path) -> str:
    """Install what the pages need and build them. Returns what went wrong, "" if nothing did."""
    if not (root / "web" / "package.json").is_file():
        return "the folder web/ with their sources is missing"
    if problem := node_problem():
        return problem
    npm = shutil.which("npm") or "npm"
    for arguments in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "--silent", "build"]):
        # pip keeps stdout for itself; what npm says goes to stderr, where people look for trouble.
        done = subprocess.run(
            [npm, *arguments], cwd=root / "web", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode != 0:
            print(done.stdout.decode(errors="replace")[-4_000:], file=sys.stderr)
            return f"`npm {arguments[0]}` failed in web/"
    return "" if is_built(root) else "`npm run build` wrote no pages"


class PagesHook(BuildHookInterface):  # type: ignore[type-arg]
    """``[tool.hatch.build.hooks.custom]``"""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        root = Path(self.root)
        if is_built(root) or os.environ.get("LOOKALIKE_NO_PAGES"):
            return
        if problem := build_pages(root):
            self.app.display_warning(
                f"lookalike: the pages for studies were not built ({problem}). Everything else works. "
                "Install Node 20 and run `make pages`, or install a wheel."
            )
