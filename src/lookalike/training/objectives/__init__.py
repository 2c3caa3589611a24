"""Ways of learning what looks alike: each a loss of a batch, one small module each.

Names are loaded when they are first used; codes and their recall work without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.training.objectives.base import Embed, Objective
    from lookalike.training.objectives.classifier import check_labels, class_cosines
    from lookalike.training.objectives.codes import (
        HammingRecall,
        binary_codes,
        hamming_distances,
        hamming_recall,
    )
    from lookalike.training.objectives.registry import OBJECTIVES, make_objective, objective_settings
    from lookalike.training.objectives.triplet_hinge import check_votes

_MODULES = {
    "base": ("Embed", "Objective"),
    "classifier": ("check_labels", "class_cosines"),
    "codes": ("HammingRecall", "binary_codes", "hamming_distances", "hamming_recall"),
    "registry": ("OBJECTIVES", "make_objective", "objective_settings"),
    "triplet_hinge": ("check_votes",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "OBJECTIVES",
    "Embed",
    "HammingRecall",
    "Objective",
    "binary_codes",
    "check_labels",
    "check_votes",
    "class_cosines",
    "hamming_distances",
    "hamming_recall",
    "make_objective",
    "objective_settings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
