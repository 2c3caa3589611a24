"""What one section of a recipe asks of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lookalike.errors import RecipeError

if TYPE_CHECKING:
    from lookalike.training.batch import Needs
    from lookalike.training.recipe import Recipe

TRAINABLE = ("timm", "torchvision", "open_clip", "net")
"""Schemes whose networks themselves can be trained."""


def check_recipe(recipe: Recipe) -> None:
    """See :meth:`lookalike.training.recipe.Recipe.check`; settings' values are checked when the objective is built.

    Raises:
        RecipeError: the first contradiction.
    """
    _check_objective(recipe)
    _check_encoder(recipe)
    _check_data(recipe)
    augmented = [name for name, value in recipe.data.augment.items() if value and name != "flip"]
    if is_frozen(recipe) and augmented:
        raise RecipeError(
            f"data.augment.{augmented[0]}: features of a frozen network are computed once, so only flip is possible; "
            "leave it out or train the network (adapter.kind = 'lora', 'last-layers' or 'full')"
        )


def is_frozen(recipe: Recipe) -> bool:
    """True when the network itself does not change, so that its features are computed once and kept."""
    scratch = any(name.startswith("net:") for name in recipe.encoder.names)
    return recipe.adapter.kind in ("mlp", "linear") and not scratch


def needs_of(recipe: Recipe) -> Needs:
    """What the objective wants to find in a batch."""
    from lookalike.training.objectives.registry import OBJECTIVES

    if recipe.objective.kind == "hashing":
        return "pairs" if recipe.objective.settings.get("supervision") == "pairs" else "labels"
    return OBJECTIVES[recipe.objective.kind].needs


def _check_objective(recipe: Recipe) -> None:
    from lookalike.training.objectives.registry import OBJECTIVES, objective_settings

    known = objective_settings(recipe.objective.kind)
    facts = OBJECTIVES[recipe.objective.kind].facts
    for name in recipe.objective.settings:
        if name not in known:
            import difflib

            offered = [key for key in known if key not in facts]
            close = difflib.get_close_matches(name, offered, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]}? " if close else ""
            listed = f"objective {recipe.objective.kind!r} has: {', '.join(offered) or 'no settings'}"
            raise RecipeError(f"unknown key objective.{name}; {hint}{listed}")
    if recipe.objective.kind == "hashing" and recipe.adapter.kind == "mlp":
        raise RecipeError(
            "objective 'hashing' brings its own last layer: use adapter.kind = 'linear', 'lora' or 'full'"
        )
    if recipe.objective.kind == "autoencoder" and is_frozen(recipe):
        raise RecipeError(
            "objective 'autoencoder' paints images, so it needs a network that is trained: set encoder.name = 'net:conv' "
            "and adapter.kind = 'full'"
        )


def _check_data(recipe: Recipe) -> None:
    data, objective = recipe.data, recipe.objective
    if data.twins_share is not None:
        if needs_of(recipe) != "pairs":
            raise RecipeError(
                f"data.twins_share puts drawn pairs among pairs, objective {objective.kind!r} learns from "
                f"{needs_of(recipe)}; leave it out"
            )
        if "n" in data.twins or "without" in data.twins:
            raise RecipeError(
                "data.twins: with data.twins_share the number n follows from the share, and nothing lacks a factor; "
                "leave n and without out"
            )
    if data.bystanders is None and data.bystanders_share is not None:
        raise RecipeError(
            "data.bystanders_share says how many bystanders there are, data.bystanders must say where: name a folder of images"
        )
    if data.bystanders is not None and objective.kind not in ("info-nce", "contrastive"):
        raise RecipeError(
            f"data.bystanders are images alike to nothing, objective {objective.kind!r} takes no such rows; leave it out"
        )
    partial = data.teacher is not None and data.teacher.partial is not None
    if partial != bool(objective.kind == "distillation" and objective.settings.get("partial")):
        raise RecipeError(
            "data.teacher.partial (the second teacher) and objective.partial (its weight, objective 'distillation') go "
            "together; give both or neither"
        )
    comparator = data.teacher is not None and data.teacher.comparator is not None
    if comparator != bool(objective.kind == "info-nce" and objective.settings.get("soft")):
        raise RecipeError(
            "data.teacher.comparator (who says how alike the images of a batch are) and objective.soft (its weight, "
            "objective 'info-nce') go together; give both or neither"
        )


def _check_encoder(recipe: Recipe) -> None:
    names, kind = recipe.encoder.names, recipe.adapter.kind
    for name in names:
        scheme = name.partition(":")[0]
        if kind in ("mlp", "linear"):
            if len(names) > 1 and scheme not in TRAINABLE:
                raise RecipeError(
                    f"encoder.name: {name} is no PyTorch network, so it cannot be joined with others here; write one "
                    "name with + between the parts"
                )
            continue
        if scheme not in TRAINABLE or "|whiten:" in name or "+" in name.partition("?")[0]:
            raise RecipeError(
                f"adapter.kind = {kind!r}: the weights of {name} cannot be trained here (only those of timm:, "
                "torchvision:, open_clip: and net: networks can); use adapter.kind = 'mlp' or 'linear', or another encoder"
            )
        if scheme == "net" and kind != "full":
            raise RecipeError(
                f"{name} begins with random weights, so all of it is trained: set adapter.kind = 'full'"
            )
    if len(names) > 1 and any(name.startswith("net:") for name in names):
        raise RecipeError("encoder.name: a network from scratch is trained alone; give one name")
    if kind in ("mlp", "linear") and any(name.startswith("net:") for name in names):
        raise RecipeError(
            "a net: network begins with random weights, so all of it is trained: set adapter.kind = 'full'"
        )
