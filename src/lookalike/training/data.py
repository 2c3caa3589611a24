"""Training data of every kind: batches in a fixed order, and held-out rows with their measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.encoders.fitted import joined
from lookalike.encoders.preprocess import HasInput
from lookalike.errors import RecipeError, TrainingError
from lookalike.training.batch import Batch, Needs
from lookalike.training.data_batches import epoch_order, in_background, steps_of
from lookalike.training.data_features import FeatureStore, sides_of
from lookalike.training.data_likeness import knows_held_out
from lookalike.training.data_options import DataOptions, options_of
from lookalike.training.data_rows import Sides, read_sides
from lookalike.training.data_store import PixelStore, Store
from lookalike.training.data_table import Rows, Table
from lookalike.training.data_teacher import Lesson, taught
from lookalike.training.data_validation import Validation
from lookalike.training.learned import learned_hashes
from lookalike.training.splits import Split

if TYPE_CHECKING:
    from lookalike.progress import Progress
    from lookalike.training.recipe import Recipe


class LoadedData:
    """Rows of one kind, ready to be trained on.

    Args:
        options: as given.
        sides: training and held-out rows.
        store: network inputs of their pictures (training views).
        plain: network inputs for measuring; None: the same store.
        lesson: what the teachers say of each picture, or None.
        notes: what people should know.

    Attributes:
        needs: what kind of objective it serves.
        train: the rows that are trained on.
        split: how the sides were told apart.
        validation: held-out rows that are looked at during training.
        test: held-out rows for the end, or None.
        facts: what objectives ask of the data: ``count`` and, by kind, ``classes``, ``attributes`` (name -> number
            of classes), ``teacher_dim``.
        notes: lines for people: skipped images, hidden labels, dropped rows.
        fitted_pairs: hashes of the human judgments that the training rows and the teachers stand for, or None.
    """

    def __init__(
        self,
        options: DataOptions,
        sides: Sides,
        store: Store,
        plain: Store | None = None,
        lesson: Lesson | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.options, self.needs, self.store = options, options.needs, store
        lesson = lesson or Lesson()
        self.targets, self.partial, self.likeness = lesson.targets, lesson.partial, lesson.likeness
        self.fitted_pairs = joined([learned_hashes(sides.train), lesson.fitted_pairs])
        self.train: Table = sides.train
        self.split: Split = sides.split
        self.notes = notes
        measured = store if plain is None else plain
        held = [
            None if table is None else _held_out(table, measured, options, self.targets)
            for table in (sides.validation, sides.test)
        ]
        assert held[0] is not None
        self.validation: Validation = held[0]
        self.test: Validation | None = held[1]
        self._two_views = options.needs == "views"

    @property
    def facts(self) -> dict[str, Any]:
        """See the class."""
        known: dict[str, Any] = {"count": len(self.train)}
        if self.train.attributes:
            known["attributes"] = {name: len(self.train.classes[name]) for name in self.train.attributes}
        if "labels" in self.train.classes:
            known["classes"] = len(self.train.classes["labels"])
        if self.targets is not None:
            known["teacher_dim"] = int(self.targets.shape[1])
        return known

    @property
    def rows(self) -> int:
        """Rows that are trained on."""
        return len(self.train)

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch."""
        return steps_of(len(self.train), self.options.batch)

    def order(self, epoch: int) -> Rows:
        """Positions of the training rows in the order of an epoch: int64 (n,)."""
        return epoch_order(len(self.train), self.options.seed, epoch)

    def batches(self, epoch: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from a step on, the same ones however often and wherever it is begun.

        Args:
            epoch: from 0.
            start_step: steps of this epoch that are done.
        """
        order, size = self.order(epoch), self.options.batch

        def make(step: int) -> Batch:
            return self.batch(order[step * size : (step + 1) * size], epoch)

        return in_background(make, range(start_step, self.steps_per_epoch))

    def batch(self, rows: Rows, epoch: int = 0) -> Batch:
        """These training rows as an objective reads them, with the views of an epoch."""
        import torch

        seed = self.options.seed
        fields: dict[str, Any] = {"index": torch.from_numpy(rows.copy())}
        for view, (name, column) in enumerate(self.train.columns.items()):
            fields[name] = self.store.view(column[rows], rows, seed=seed, epoch=epoch, view=view)
        if self._two_views:
            fields["images"], fields["images_a"] = self._views(rows, epoch)
        for name, value in self.train.values.items():
            fields[name] = torch.from_numpy(value[rows])
        fields["attributes"] = {
            name: torch.from_numpy(value[rows]) for name, value in self.train.attributes.items()
        }
        if self.targets is not None:
            for name, shown in (("targets", "images"), ("targets_a", "images_a")):
                if shown in self.train.columns:
                    fields[name] = torch.from_numpy(self.targets[self.train.columns[shown][rows]])
        if self.partial is not None:
            fields["partial"] = torch.from_numpy(self.partial[self.train.columns["images"][rows]])
        if self.likeness is not None:
            sides = [self.train.columns[name][rows] for name in ("images", "images_a")]
            fields["likeness"] = torch.from_numpy(self.likeness.between(*sides))
        return Batch(**fields)

    def _views(self, rows: Rows, epoch: int) -> tuple[Any, Any]:
        """Two views of each image: of pixels by chance; of features the plain and the mirrored one."""
        pictures, seed = self.train.columns["images"][rows], self.options.seed
        if isinstance(self.store, FeatureStore):
            return self.store.plain(pictures), self.store.mirrored_view(pictures)
        first, second = (
            self.store.view(pictures, rows, seed=seed, epoch=epoch, view=view) for view in (0, 1)
        )
        return first, second

    def summary(self) -> dict[str, Any]:
        """Plain values for a model card: rows, images, split, notes."""
        return {
            "kind": self.train.kind,
            "train": len(self.train),
            "validation": len(self.validation),
            "test": None if self.test is None else len(self.test),
            "images": len(np.unique(self.train.shown)),
            "split": self.split.describe(),
            "notes": list(self.notes),
        }


def load_data(
    options: DataOptions,
    *,
    reads: HasInput,
    frozen: Encoder | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> LoadedData:
    """Read, split, decode or embed.

    Args:
        options: what the recipe says.
        reads: input size and preprocessing of the backbone (its card).
        frozen: the encoder whose features are fed, where the backbone does not change; None feeds pixels.
        folder: the run's folder, for a memory map of pixels.
        progress: called with what is being done.

    Raises:
        LookalikeError: one line that says what to change.
    """
    if frozen is not None and options.augment.beyond_flip:
        raise RecipeError(
            "data.augment: a frozen encoder's features are computed once, so only flip is possible; leave the rest out "
            "or train the encoder (adapter 'lora', 'last-layers' or 'full')"
        )
    sides = read_sides(options, None if frozen is None else lambda t: sides_of(frozen, t.pictures, False)[0])
    sides = sides.only_used()
    pictures = sides.train.pictures
    count = len(pictures)
    store, plain = _stores(pictures, options, reads, frozen, folder, progress)
    notes = dict.fromkeys((*(note for t in sides.tables() for note in t.notes), sides.split.describe()))
    bad = {**store.bad, **({} if plain is None else plain.bad)}
    if bad:
        sides = sides.without(np.array(sorted(bad), dtype=np.int64))
        notes[
            f"{len(bad):,} of {count:,} images cannot be read and were left out; the first: {bad[min(bad)]}"
        ] = None
    _check(sides, options)
    lesson = None
    if options.teacher is not None:
        columns = sides.train.columns
        pairs = (columns["images"], columns["images_a"]) if "images_a" in columns else None
        lesson = taught(options.teacher, pictures, bad, np.unique(sides.train.shown), progress, pairs)
        notes |= dict.fromkeys(lesson.notes)
        if lesson.likeness is not None:
            notes |= dict.fromkeys(knows_held_out(lesson.likeness.comparator, sides.tables()[1:]))
    return LoadedData(options, sides, store, plain, lesson, tuple(notes))


def _held_out(
    table: Table, store: Store, options: DataOptions, targets: NDArray[np.float32] | None
) -> Validation:
    return Validation(table, store, options.measure, seed=options.seed, targets=targets, k=options.k)


def _stores(
    pictures: Any,
    options: DataOptions,
    reads: HasInput,
    frozen: Encoder | None,
    folder: Path | None,
    progress: Any,
) -> tuple[Store, Store | None]:
    """Inputs for training and, where they differ, for measuring."""
    settings: Mapping[str, Any] = {"skip_bad": options.skip_bad, "progress": progress}
    if frozen is not None:
        mirror = options.augment.flip > 0 or options.needs == "views"
        return FeatureStore(pictures, frozen, options.augment.flip, mirror=mirror, **settings), None
    high, wide = (round(side * options.oversize) for side in reads.input_size)
    if (high, wide) == tuple(reads.input_size):
        return PixelStore(pictures, reads, options.augment, folder=folder, **settings), None
    large = None if folder is None else folder / "large"
    views = PixelStore(pictures, reads, options.augment, size=(high, wide), folder=large, **settings)
    return views, PixelStore(pictures, reads, folder=folder, **settings)


def _check(sides: Sides, options: DataOptions) -> None:
    """What must hold before a first step.

    Raises:
        TrainingError: a side is empty, or there is nothing to tell apart.
    """
    for name, table in zip(("train", "validation", "test"), sides.tables(), strict=False):
        if not len(table):
            raise TrainingError(
                f"no {name} rows are left after unreadable images were taken out; check the images"
            )
    values = sides.train.values
    if sides.train.kind == "triplets":
        import torch

        from lookalike.training.objectives.triplet_hinge import check_votes

        check_votes(torch.from_numpy(values["votes_a"]), torch.from_numpy(values["votes_b"]))
    if options.contrasts and bool((values.get("same", np.ones(1)) >= 0.5).all()):
        raise TrainingError(
            "all pairs are alike, which a contrastive loss would answer by mapping every image to one point: set "
            "data.negatives = 1 or choose the objective 'info-nce'"
        )
    if options.needs == "labels":
        from lookalike.training.objectives.classifier import check_labels

        check_labels(values["labels"])


def open_data(
    recipe: Recipe,
    *,
    needs: Needs,
    reads: HasInput,
    frozen: Encoder | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> LoadedData:
    """The data that a recipe names, as :class:`lookalike.training.protocols.TrainData`.

    Args:
        recipe: ``data``, ``seed`` and ``optimizer.batch`` are used, and ``objective.kind`` to choose a measure.
        needs: what the objective wants to find in a batch.
        reads, frozen, folder, progress: see :func:`load_data`.

    Raises:
        LookalikeError: one line that says what to change.
    """
    return load_data(options_of(recipe, needs), reads=reads, frozen=frozen, folder=folder, progress=progress)
