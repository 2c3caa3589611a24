"""Recipes: a TOML file that says what is trained, on what, and how; every key is checked.

::

    name = "material-mlp"
    seed = 0
    [encoder]     what is trained: any encoder, several jointly, or a network from scratch
    [adapter]     which part of it
    [objective]   the loss and its settings
    [data]        what is learned from, and what is held out
    [optimizer]   how
    [stop]        when to end early
    [log]         what is written down
    [checkpoint]  how often the state is saved
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lookalike.errors import RecipeError, printable
from lookalike.settings_errors import first_problem
from lookalike.training.recipe_data import DataSection, Section
from lookalike.training.recipe_paths import absolute_paths
from lookalike.training.recipe_text import overridden, to_toml

HEADS = ("mlp", "linear")
"""Adapters that leave the network itself unchanged."""

_UNION_PARTS = ("str", "bool", "int", "float", "function-", "list[", "constrained-", "tuple[")
"""How pydantic names the alternatives of a union within a place."""


class EncoderSection(Section):
    """What is trained.

    Attributes:
        name: any encoder's name, ``net:...`` for a network from scratch, or a list of PyTorch encoders that are
            trained jointly, their embeddings concatenated.
        weights: local weights; for a list, one for each (``""`` where the published ones are meant).
        new_last: the last layer of a ``net:`` network is left out of ``weights`` and begins anew, so that its embedding may
            have another length.
        features: what the head is given of each embedding: ``raw`` as the network computes it, ``normalized`` at unit
            length, ``centred`` at unit length and then its own mean subtracted.
    """

    name: Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1)]
    weights: str | list[str] | None = None
    new_last: bool = False
    features: Literal["raw", "normalized", "centred"] | None = None

    @property
    def names(self) -> list[str]:
        """``name`` as a list."""
        return [self.name] if isinstance(self.name, str) else list(self.name)

    @property
    def weight_files(self) -> list[str | None]:
        """One for each name."""
        given = [self.weights] if isinstance(self.weights, str) else list(self.weights or [])
        return [(given[i] or None) if i < len(given) else None for i in range(len(self.names))]

    @model_validator(mode="after")
    def _as_many_weights(self) -> Self:
        if isinstance(self.weights, list) and len(self.weights) != len(self.names):
            raise ValueError(
                f"weights: {len(self.weights)} files for {len(self.names)} encoders; give one each"
            )
        if isinstance(self.weights, str) and len(self.names) > 1:
            raise ValueError("weights: one file for several encoders; give a list, '' where none is meant")
        return self


class AdapterSection(Section):
    """Which part is trained.

    Attributes:
        kind: ``lora`` (small additions to layers), ``mlp`` or ``linear`` (a head on the unchanged network),
            ``last-layers``, or ``full``.
        rank, alpha, dropout, targets: of LoRA; ``dropout`` also of the MLP's middle.
        hidden: width of the MLP's middle.
        out: length after a linear head; 0 keeps it.
        pca: start a linear head as the principal components of the training images' features.
        whiten: with ``pca``: exponent of the whitening, 0 to 1.
        layers: of ``last-layers``: how many blocks.
    """

    kind: Literal["lora", "mlp", "linear", "last-layers", "full"]
    rank: Annotated[int, Field(ge=1)] = 16
    alpha: Annotated[float, Field(gt=0)] = 16.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Annotated[tuple[str, ...], Field(min_length=1)] = ("qkv",)
    hidden: Annotated[int, Field(ge=1)] = 512
    out: Annotated[int, Field(ge=0)] = 0
    pca: bool = False
    whiten: Annotated[float, Field(ge=0, le=1)] = 0.0
    layers: Annotated[int, Field(ge=1)] = 2


class ObjectiveSection(BaseModel):
    """The loss; every further key is one of its settings and is checked by the objective itself.

    Attributes:
        kind: a key of :data:`lookalike.training.objectives.OBJECTIVES`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str

    @property
    def settings(self) -> dict[str, Any]:
        """All keys but ``kind``."""
        return dict(self.model_extra or {})


class OptimizerSection(Section):
    """How weights change.

    Attributes:
        name: ``adam``, ``adamw`` or ``sgd`` (with Nesterov momentum, betas[0]).
        lr: learning rate at its highest.
        betas: of Adam.
        weight_decay: 0 for none; biases and one-dimensional weights are never decayed.
        epochs: passes over the training rows.
        batch: rows of one step.
        accumulate: a batch is computed in so many parts, to save memory; the same step to rounding for losses
            that are means over rows (not for InfoNCE, whose negatives are the part's own rows).
        schedule: ``constant`` or ``cosine`` (to 0 at the end).
        warmup: share of all steps during which lr rises from 0.
        clip: longest allowed gradient; 0 is none.
        precision: ``fp32``, ``bf16``, or ``auto`` (bf16 on a CUDA device that has it, when the network itself is
            trained).
        ema: decay of an exponential moving average of the weights, which then is what is measured and kept; 0: none.
    """

    name: Literal["adam", "adamw", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 3e-4
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    epochs: Annotated[int, Field(ge=1)] = 10
    batch: Annotated[int, Field(ge=1)] = 64
    accumulate: Annotated[int, Field(ge=1)] = 1
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    clip: Annotated[float, Field(ge=0)] = 0.0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _parts_hold_rows(self) -> Self:
        if self.accumulate > self.batch:
            raise ValueError(f"accumulate: {self.accumulate} parts of a batch of {self.batch} rows; lower it")
        return self


class StopSection(Section):
    """When to end before the last epoch.

    Attributes:
        metric: ``validation``: the figure of the held-out rows.
        patience: epochs without a better figure; 0 never ends early.
        restore_best: keep the weights of the best epoch (else those of the last).
    """

    metric: Literal["validation"] = "validation"
    patience: Annotated[int, Field(ge=0)] = 0
    restore_best: bool = True

    @model_validator(mode="after")
    def _patience_keeps_the_best(self) -> Self:
        if self.patience and not self.restore_best:
            raise ValueError("patience waits for a better epoch, so the best is kept: leave restore_best out")
        return self


class LogSection(Section):
    """What is written down.

    Attributes:
        csv: ``log.csv``.
        tensorboard: events for TensorBoard in ``tensorboard/``, where the package is installed.
        every_steps: a line of loss every so many steps (each epoch's end always gets one).
    """

    csv: bool = True
    tensorboard: bool = False
    every_steps: Annotated[int, Field(ge=1)] = 50


class CheckpointSection(Section):
    """How often the state is saved; what comes first counts.

    Attributes:
        every_steps: 0 is never within an epoch.
        every_epochs: at least 1.
        every_seconds: 0 is never by time. A checkpoint by time changes nothing in the result.
    """

    every_steps: Annotated[int, Field(ge=0)] = 0
    every_epochs: Annotated[int, Field(ge=1)] = 1
    every_seconds: Annotated[float, Field(ge=0)] = 0.0


class Recipe(Section):
    """A whole recipe; make one with :meth:`load` or :meth:`from_dict`."""

    name: Annotated[str, Field(min_length=1, pattern=r"^[\w.\- ]+$")]
    description: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    encoder: EncoderSection
    adapter: AdapterSection
    objective: ObjectiveSection
    data: DataSection
    optimizer: OptimizerSection = OptimizerSection()
    stop: StopSection = StopSection()
    log: LogSection = LogSection()
    checkpoint: CheckpointSection = CheckpointSection()

    @classmethod
    def load(cls, path: Path | str, changes: Iterable[str] | Mapping[str, Any] = ()) -> Self:
        """Read a recipe file.

        Args:
            path: a TOML file, or the bare name of a shipped recipe (:func:`find_recipe`). Relative paths within are
                relative to the file; those of ``changes`` to the working directory.
            changes: ``key.key=value`` texts (values in TOML; a bare word is a text), or a mapping of the same.

        Raises:
            RecipeError: one line: file, key, what to do.
        """
        from lookalike.training.recipe_shipped import find_recipe

        file = find_recipe(path)
        where = printable(str(file))
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise RecipeError(f"{where}: the recipe cannot be read ({reason})") from None
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"{where}: not valid TOML: {error}; check that line") from None
        absolute = absolute_paths(document, file.absolute().parent)
        changed = overridden(absolute, changes, where)
        return cls.from_dict(changed, source=where)

    @classmethod
    def from_dict(
        cls, document: Mapping[str, Any], *, base: Path | None = None, source: str = "recipe"
    ) -> Self:
        """A recipe from plain values.

        Args:
            document: as a TOML file's.
            base: what relative paths are relative to; None: the working directory.
            source: what messages call it.

        Raises:
            RecipeError: one line: source, key, what to do.
        """
        try:
            recipe = cls.model_validate(absolute_paths(document, (base or Path()).absolute()))
        except ValidationError as error:
            reason = first_problem(
                error,
                cls,
                what="a recipe",
                missing="; give it in the recipe or with --set KEY=VALUE",
                union_parts=_UNION_PARTS,
            )
            raise RecipeError(f"{source}: {reason}") from None
        try:
            recipe.check()
        except RecipeError as error:
            raise RecipeError(f"{source}: {error}") from None
        return recipe

    def check(self) -> None:
        """What one section asks of another; the objective's name and settings.

        Raises:
            RecipeError: they contradict one another.
        """
        from lookalike.training.recipe_check import check_recipe

        check_recipe(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, every setting included, None left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_toml(self) -> str:
        """The recipe as a file; :meth:`load` gives an equal one."""
        return to_toml(self.to_dict())
