"""Learning what looks alike from judgments: recipes, objectives, adapters, the loop, and the folder of a run.

Names are loaded when they are first used; most need the extra ``torch``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.training.backbones import Backbone, open_backbone
    from lookalike.training.batch import Batch
    from lookalike.training.comparison import Comparison
    from lookalike.training.data import open_data
    from lookalike.training.fitting import Run, fit
    from lookalike.training.objectives.registry import OBJECTIVES, make_objective
    from lookalike.training.protocols import HeldOut, TrainData
    from lookalike.training.recipe import Recipe
    from lookalike.training.recipe_shipped import list_recipes
    from lookalike.training.run_folder import RunFolder

_MODULES = {
    "backbones": ("Backbone", "open_backbone"),
    "batch": ("Batch",),
    "comparison": ("Comparison",),
    "data": ("open_data",),
    "fitting": ("Run", "fit"),
    "objectives.registry": ("OBJECTIVES", "make_objective"),
    "protocols": ("HeldOut", "TrainData"),
    "recipe": ("Recipe",),
    "recipe_shipped": ("list_recipes",),
    "run_folder": ("RunFolder",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "OBJECTIVES",
    "Backbone",
    "Batch",
    "Comparison",
    "HeldOut",
    "Recipe",
    "Run",
    "RunFolder",
    "TrainData",
    "fit",
    "list_recipes",
    "make_objective",
    "open_backbone",
    "open_data",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
