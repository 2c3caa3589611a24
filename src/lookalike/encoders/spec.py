"""Encoder names that keep their meaning in another working directory."""

from __future__ import annotations

from pathlib import Path

from lookalike.encoders.ensemble import split_ensemble, split_weight
from lookalike.encoders.trained_card import is_run
from lookalike.encoders.transform_spec import split_transform


def absolute_spec(spec: str) -> str:
    """``spec`` with the paths of ``onnx:``, ``whiten:`` and ``trained:`` parts, run folders and ``|whiten:`` made absolute."""
    transformed = split_transform(spec)
    if transformed is not None:
        name, file = transformed
        return f"{absolute_spec(name)}|whiten:{_absolute(file)}"
    return "+".join(_absolute_part(part) for part in split_ensemble(spec))


def _absolute_part(part: str) -> str:
    for scheme in ("onnx:", "whiten:", "trained:"):
        before, found, path = part.partition(scheme)
        if found and (not before.strip() or before.strip().endswith("*")):
            return f"{before}{scheme}{_absolute(path)}"
    name = split_weight(part)[1]
    if is_run(Path(name).expanduser()):
        return f"{part.strip().removesuffix(name)}trained:{_absolute(name)}"
    return part


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()
