"""What a recipe may say about its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import RecipeError
from lookalike.training.augment import Augment
from lookalike.training.batch import FIELDS, Needs
from lookalike.training.data_teacher import Teacher
from lookalike.training.splits import WAYS

if TYPE_CHECKING:
    from lookalike.training.recipe import Recipe

SYNTHETIC = ("twins", "digits")


@dataclass(frozen=True)
class DataOptions:
    """Where the rows come from, what is held out, and how images are changed.

    Attributes:
        train: a path that :func:`lookalike.judgments.open_judgments` or :func:`lookalike.images.open_source`
            understands, ``twins`` or ``digits``.
        needs: what the objective asks for; see :data:`~lookalike.training.batch.FIELDS`.
        validation: the same for the held-out rows; None splits ``train``.
        test: the same for rows that are looked at once, at the end; None holds ``test_share`` of ``train`` out (by
            ``split_by``, before the validation rows), with 0 none.
        validation_share, split_by: see :func:`lookalike.training.splits.make_split`.
        fold: (i, k): the i-th of k folds (from 0) by ``split_by`` instead of one split.
        near_duplicates: with ``split_by = "component"``: images at most this cosine distance apart (by the
            frozen encoder) count as one; 0 joins identical ones only.
        images: folder of the images of judgments. Several show the same things under the same names: a training row
            is there once for each folder, a held-out one in the first only.
        kind: of the judgments, where a place holds more than one.
        limit: at most so many training rows (before several folders multiply them), chosen by ``seed``.
        split_seed: of the split; None: ``seed``.
        where: column -> value or list of values that are kept.
        labels: ``folder`` or a column; digits: an attribute.
        attributes: columns of a table of images.
        twins, digits: settings of the made sets.
        twins_share: share of the training pairs that are drawn twins, put among those that were read; None: none.
        bystanders: a place of images that stand among the training pairs, two by two and not alike; None: none.
        bystanders_share: share of the training rows that they are.
        negatives: pairs that are not alike to add for each alike pair.
        labelled: share of the training pairs that keep their label.
        teacher: whose embeddings become targets.
        augment: how training views are changed.
        oversize: pixels are kept at this many times the input size, so that crops keep detail; 1 to 4.
        skip_bad: leave unreadable images out and count them, instead of stopping at the first.
        batch: rows of a step.
        seed: of everything.
        measure: of the held-out rows; None chooses.
        k: of recall@k.
        contrasts: the objective needs pairs that are not alike among the rows.

    Raises:
        RecipeError: a value out of range.
    """

    train: str | Path
    needs: Needs
    validation: str | Path | None = None
    test: str | Path | None = None
    test_share: float = 0.0
    validation_share: float = 0.1
    split_by: str = "row"
    fold: tuple[int, int] | None = None
    near_duplicates: float = 0.0
    images: tuple[str, ...] = ()
    kind: str | None = None
    limit: int | None = None
    split_seed: int | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    labels: str | None = None
    attributes: tuple[str, ...] = ()
    twins: Mapping[str, Any] = field(default_factory=dict)
    twins_share: float | None = None
    bystanders: str | None = None
    bystanders_share: float = 0.5
    digits: Mapping[str, Any] = field(default_factory=dict)
    negatives: int = 0
    labelled: float = 1.0
    teacher: Teacher | None = None
    augment: Augment = field(default_factory=Augment)
    oversize: float = 1.0
    skip_bad: bool = False
    batch: int = 64
    seed: int = 0
    measure: str | None = None
    k: int = 1
    contrasts: bool = False

    def __post_init__(self) -> None:
        if self.needs not in FIELDS:
            raise RecipeError(f"no data are known for {self.needs!r}; there are {', '.join(FIELDS)}")
        if self.split_by not in WAYS:
            raise RecipeError(f"data.split_by is {self.split_by!r}; choose from: {', '.join(WAYS)}")
        if self.batch < 1:
            raise RecipeError(f"optimizer.batch must be at least 1, got {self.batch}")
        if not 0 <= self.test_share < 1:
            raise RecipeError(f"data.test_share must lie between 0 and 1, got {self.test_share:g}")
        if not 1 <= self.oversize <= 4:
            raise RecipeError(f"data.oversize must lie between 1 and 4, got {self.oversize:g}")
        if self.negatives < 0:
            raise RecipeError(f"data.negatives must be 0 or more, got {self.negatives}")
        if self.fold is not None and not 0 <= self.fold[0] < self.fold[1]:
            raise RecipeError(f"data.fold is (which, of how many), counted from 0; got {self.fold}")
        if self.needs == "teacher" and self.teacher is None:
            raise RecipeError("the objective imitates a teacher: name its encoder in data.teacher")


CONTRASTING = ("contrastive",)
"""Objectives that see no negatives but those among the pairs."""

OWN_MEASURE = {"autoencoder": "loss", "hashing": "hamming"}
"""Objective -> the measure of its held-out rows, where it is not the one of their kind."""


def options_of(recipe: Recipe, needs: Needs) -> DataOptions:
    """The options that a recipe's ``[data]`` stands for.

    Raises:
        RecipeError: a value out of range.
    """
    section, objective = recipe.data, recipe.objective.kind
    teacher = None
    if section.teacher is not None:
        teacher = Teacher(
            tuple(section.teacher.encoders),
            section.teacher.whiten,
            section.teacher.dims,
            section.teacher.exponent,
            tuple(section.teacher.weights),
            section.teacher.partial,
            section.teacher.comparator,
        )
    return DataOptions(
        train=section.train,
        needs=needs,
        validation=section.validation,
        test=section.test,
        validation_share=section.validation_share,
        test_share=section.test_share,
        split_by=section.split_by,
        split_seed=section.split_seed,
        fold=section.fold,
        near_duplicates=section.near_duplicates,
        images=tuple(section.image_folders),
        kind=section.kind,
        where=section.where,
        labels=section.labels,
        attributes=tuple(section.attributes),
        twins=section.twins,
        twins_share=section.twins_share,
        bystanders=section.bystanders,
        bystanders_share=section.bystanders_share or DataOptions.bystanders_share,
        digits=section.digits,
        negatives=section.negatives,
        labelled=section.labelled,
        limit=section.limit,
        teacher=teacher,
        augment=Augment.from_settings(section.augment),
        oversize=section.oversize,
        skip_bad=section.skip_bad,
        batch=recipe.optimizer.batch,
        seed=recipe.seed,
        measure=section.measure or OWN_MEASURE.get(objective),
        k=section.k,
        contrasts=objective in CONTRASTING,
    )
