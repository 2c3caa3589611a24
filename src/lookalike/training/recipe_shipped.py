"""Recipes that come with lookalike, found by their bare name."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from lookalike.errors import RecipeError, printable

FOLDER = Path(__file__).with_name("recipes")


@dataclass(frozen=True)
class ShippedRecipe:
    """One line of ``lookalike train --list``.

    Attributes:
        name: what to type.
        description: one sentence.
        path: the file.
    """

    name: str
    description: str
    path: Path


def list_recipes() -> list[ShippedRecipe]:
    """All shipped recipes by name."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(ShippedRecipe(path.stem, str(document.get("description", "")), path))
    return found


def find_recipe(name: Path | str) -> Path:
    """A recipe's file: a path, or the bare name of a shipped recipe.

    Raises:
        RecipeError: neither.
    """
    path = Path(name).expanduser()
    try:
        if path.is_file():
            return path
        if path.is_dir() and (path / "recipe.toml").is_file():
            return path / "recipe.toml"
    except (OSError, ValueError):
        pass
    shipped = {one.stem: one for one in FOLDER.glob("*.toml")}
    if str(name) in shipped:
        return shipped[str(name)]
    close = difflib.get_close_matches(Path(str(name)).stem, shipped, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    raise RecipeError(
        f"there is no recipe {printable(str(name))!r}: neither a file nor one that comes with lookalike; {hint}"
        "`lookalike train --list` shows those"
    )
