"""Recipes as text: changes given on the command line, and the recipe written back as TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from lookalike.errors import RecipeError, printable
from lookalike.training.recipe_paths import absolute_paths


def overridden(
    document: Mapping[str, Any], changes: Iterable[str] | Mapping[str, Any], source: str
) -> dict[str, Any]:
    """The document with changes; paths in them are relative to the working directory.

    Args:
        document: a recipe.
        changes: texts ``section.key=value`` (a TOML value; what is none is taken as text), or a mapping of dotted keys.
        source: what messages call the recipe.

    Raises:
        RecipeError: a change is no ``key=value``, or goes into something that is no section.
    """
    pairs = changes.items() if isinstance(changes, Mapping) else (_parsed(text) for text in changes)
    changed = deepcopy(dict(document))
    for key, value in pairs:
        *sections, last = key.split(".")
        place = changed
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise RecipeError(f"{source}: --set {printable(key)}: {section} is no section")
        place[last] = value
        if (
            sections == ["objective"]
            and last == "kind"
            and value != document.get("objective", {}).get("kind")
        ):
            changed["objective"] = {"kind": value}  # another objective has other settings
    return absolute_paths(changed, Path.cwd())


def _parsed(text: str) -> tuple[str, Any]:
    key, found, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not found or not key or not all(key.split(".")):
        raise RecipeError(f"--set {printable(text)}: write section.key=value, such as optimizer.epochs=2")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def to_toml(document: Mapping[str, Any]) -> str:
    """Plain values as TOML: simple keys first, then tables; None is left out."""
    return "\n".join(_lines(document, ())).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    simple = {
        key: value for key, value in table.items() if value is not None and not isinstance(value, Mapping)
    }
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = ["", f"[{'.'.join(map(_key, path))}]"] if path and (simple or not inner) else []
    lines += [f"{_key(key)} = {_value(value)}" for key, value in simple.items()]
    for key, value in inner.items():
        lines += _lines(value, (*path, key))
    return lines


def _key(key: str) -> str:
    plain = key.replace("_", "").replace("-", "")
    return key if plain.isascii() and plain.isalnum() else _value(key)


def _value(value: Any) -> str:
    """A value as TOML writes it; a JSON text is a TOML text except for the one character that TOML forbids bare."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_value(one)}' for key, one in value.items())} }}"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
