"""Studies with people: design, serving, analysis.

Names are loaded when they are first used, so that ``import lookalike.studies`` loads no Arrow and no web server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.studies.answers import ANSWER_SCHEMA, DICTIONARY
    from lookalike.studies.config import StudyConfig
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study

_MODULES = {
    "answers": ("ANSWER_SCHEMA", "DICTIONARY"),
    "config": ("StudyConfig",),
    "items": ("Item", "Items"),
    "study": ("Study",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["ANSWER_SCHEMA", "DICTIONARY", "Item", "Items", "Study", "StudyConfig"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.studies' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.studies.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
