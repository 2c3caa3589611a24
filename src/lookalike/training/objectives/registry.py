"""Objectives by name."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

from lookalike.errors import RecipeError
from lookalike.training.objectives.attributes import Attributes
from lookalike.training.objectives.autoencoder import Autoencoder
from lookalike.training.objectives.base import Objective
from lookalike.training.objectives.classifier import Classifier
from lookalike.training.objectives.contrastive import Contrastive
from lookalike.training.objectives.distillation import Distillation
from lookalike.training.objectives.hashing import Hashing
from lookalike.training.objectives.info_nce import InfoNce
from lookalike.training.objectives.instance import InstanceDiscrimination
from lookalike.training.objectives.metric import Metric
from lookalike.training.objectives.simclr import SimClr
from lookalike.training.objectives.triplet_hinge import TripletHinge

OBJECTIVES: dict[str, type[Objective]] = {
    objective.kind: objective
    for objective in (
        TripletHinge,
        Contrastive,
        InfoNce,
        SimClr,
        InstanceDiscrimination,
        Classifier,
        Attributes,
        Autoencoder,
        Distillation,
        Hashing,
        Metric,
    )
}
"""Name in a recipe -> class."""


def objective_settings(kind: str) -> dict[str, Any]:
    """The settings that an objective takes: name -> default (``inspect.Parameter.empty`` where one must be given).

    Raises:
        RecipeError: no objective has that name.
    """
    parameters = inspect.signature(_class(kind).__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def make_objective(kind: str, dim: int, **settings: Any) -> Objective:
    """The objective of that name.

    Args:
        kind: a key of :data:`OBJECTIVES`.
        dim: length d of the embeddings.
        settings: of that objective, and what its data know (``Objective.facts``: ``classes``, ``attributes``,
            ``count``, ``teacher_dim``).

    Raises:
        RecipeError: no objective has that name, a setting is unknown, missing or out of range.
    """
    chosen, known = _class(kind), objective_settings(kind)
    for name in settings:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise RecipeError(f"objective {kind!r} has no setting {name!r}; {hint}It has: {', '.join(known)}")
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in settings:
            source = "; the data give it" if name in chosen.facts else ""
            raise RecipeError(f"objective {kind!r} needs the setting {name!r}{source}")
    return chosen(dim, **settings)


def _class(kind: str) -> type[Objective]:
    if kind not in OBJECTIVES:
        close = difflib.get_close_matches(kind, OBJECTIVES, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise RecipeError(f"there is no objective {kind!r}; {hint}Known: {', '.join(OBJECTIVES)}")
    return OBJECTIVES[kind]
