"""Paths in a recipe are relative to its file: they are made absolute as soon as it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

MADE_HERE = ("twins", "digits")
"""Data that are no path."""

_FILE_SCHEMES = re.compile(r"(?P<before>^|[+|*]\s*)(?P<scheme>onnx|whiten|trained):(?P<path>[^+|]+)")


def absolute_paths(document: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """A copy of the document in which every path is absolute. What is malformed is left for the check to find."""
    changed: dict[str, Any] = deepcopy(dict(document))
    encoder, data = changed.get("encoder"), changed.get("data")
    if isinstance(encoder, dict):
        _each(encoder, "name", lambda name: absolute_name(name, base))
        _each(encoder, "weights", lambda file: _absolute(file, base) if file else file)
    if isinstance(data, dict):
        for key in ("train", "validation", "test"):
            _each(data, key, lambda place: place if place in MADE_HERE else _absolute(place, base))
        _each(data, "bystanders", lambda place: _absolute(place, base))
        train = data.get("train")
        _each(data, "images", lambda folder: _images(folder, train, base))
        teacher = data.get("teacher")
        if isinstance(teacher, dict):
            for key in ("encoders", "partial"):
                _each(teacher, key, lambda name: absolute_name(name, base))
            for key in ("whiten", "comparator"):
                _each(teacher, key, lambda file: _absolute(file, base))
    return changed


def absolute_name(name: str, base: Path) -> str:
    """An encoder's name whose ``onnx:``, ``whiten:`` and ``trained:`` paths are absolute; a bare run folder too."""
    if not re.match(r"^[a-z_]+:", name) and (base / Path(name).expanduser() / "card.json").is_file():
        return _absolute(name, base)
    return _FILE_SCHEMES.sub(
        lambda found: f"{found['before']}{found['scheme']}:{_absolute(found['path'], base)}", name
    )


def _each(section: dict[str, Any], key: str, change: Callable[[str], str]) -> None:
    """``section[key]``, a text or a list of texts, changed in place."""
    value = section.get(key)
    if isinstance(value, str):
        section[key] = change(value)
    elif isinstance(value, list):
        section[key] = [change(one) if isinstance(one, str) else one for one in value]


def _images(folder: str, train: Any, base: Path) -> str:
    """A folder inside the data counts before one beside the recipe, as in ``open_judgments``.

    What is neither stays as it is: the data may be named later, on the command line.
    """
    inside = Path(train) / folder if isinstance(train, str) and train not in MADE_HERE else None
    if inside is not None and inside.is_dir():
        return str(inside)
    return _absolute(folder, base) if (base / Path(folder).expanduser()).is_dir() else folder


def _absolute(path: str, base: Path) -> str:
    return str(base / Path(path).expanduser())
