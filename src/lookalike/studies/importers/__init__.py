"""Answers from elsewhere as finished studies, so that their reports run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.studies.importers.imported import ImportedStudy
    from lookalike.studies.importers.triplet_answers import import_triplet_answers

_HOME = {"ImportedStudy": "imported", "import_triplet_answers": "triplet_answers"}

__all__ = ["ImportedStudy", "import_triplet_answers"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.studies.importers' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.studies.importers.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
