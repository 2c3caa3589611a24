"""Encoder names that keep their meaning in another working directory."""

from __future__ import annotations

from pathlib import Path

from lookalike.encoders.ensemble import split_ensemble


def absolute_spec(spec: str) -> str:
    """``spec`` with the paths of ``onnx:`` parts made absolute."""
    return "+".join(_absolute_part(part) for part in split_ensemble(spec))


def _absolute_part(part: str) -> str:
    before, scheme, path = part.partition("onnx:")
    if not scheme or (before.strip() and not before.strip().endswith("*")):
        return part
    return f"{before}{scheme}{Path(path).expanduser().absolute()}"
