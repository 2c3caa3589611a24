"""From options to training rows and held-out rows: read, split, then make pairs or hide labels on each side alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import TrainingError, printable
from lookalike.training.data_made import (
    digits_table,
    pairs_from_labels,
    partly_labelled,
    triplets_from_labels,
    twins_table,
    with_negatives,
)
from lookalike.training.data_mixed import with_bystanders, with_twins
from lookalike.training.data_options import SYNTHETIC, DataOptions
from lookalike.training.data_reading import holds_judgments, read_images, read_judgments
from lookalike.training.data_table import Rows, Table
from lookalike.training.splits import VALIDATION_NAMES, Split, components, k_folds, make_split, near_links

FeaturesOf = Callable[[Table], NDArray[np.float32]]


@dataclass(frozen=True)
class Sides:
    """Training and held-out rows over the same pictures, and how they were told apart.

    Attributes:
        train: trained on.
        validation: looked at during training.
        test: looked at once, at the end; None where none is kept.
        split: training against validation; positions among the rows that were read.
    """

    train: Table
    validation: Table
    test: Table | None
    split: Split

    def tables(self) -> list[Table]:
        """All that there are."""
        return [table for table in (self.train, self.validation, self.test) if table is not None]

    def changed(self, change: Callable[[Table], Table]) -> Sides:
        """The same with every table changed."""
        test = None if self.test is None else change(self.test)
        return Sides(change(self.train), change(self.validation), test, self.split)

    def only_used(self) -> Sides:
        """The same over the pictures that at least one row shows."""
        used = np.unique(np.concatenate([table.shown.ravel() for table in self.tables()]))
        first = self.train
        pictures, names = [first.pictures[i] for i in used], [first.names[i] for i in used]
        contents = [first.contents[i] for i in used] if first.contents else ()

        def moved(table: Table) -> Table:
            columns = {name: np.searchsorted(used, column) for name, column in table.columns.items()}
            return replace(table, pictures=pictures, names=names, columns=columns, contents=contents)

        return self.changed(moved)

    def without(self, pictures: Rows) -> Sides:
        """The same without the rows that show one of these pictures."""
        return self.changed(
            lambda table: table.select(np.flatnonzero(~np.isin(table.shown, pictures).any(axis=1)))
        )


def read_sides(options: DataOptions, features: FeaturesOf | None = None) -> Sides:
    """The rows of both sides.

    Args:
        options: what to read and how to split it.
        features: embeddings float32 (N, d) of a table's pictures, for ``near_duplicates``.

    Raises:
        LookalikeError: the data cannot be read, or a side is empty; one line says what to change.
    """
    base = read_source(options, options.train)
    rest, test_rows = _test_rows(base, options, features)
    left_by_test = len(base) - len(rest) - (0 if test_rows is None else len(test_rows))
    table, left = base, base.select(rest)
    validation_rows: Rows
    if options.validation is not None:
        split = Split(np.arange(len(left)), np.zeros(0, dtype=np.int64), 0, "file")
        table, validation_rows = _added(table, read_source(options, options.validation))
    else:
        split = _split(left, options, features)
        validation_rows = rest[split.validation]
    if options.test is not None:
        table, test_rows = _added(table, read_source(options, options.test))
    train_rows = rest[split.train]
    if options.limit is not None and options.limit < len(train_rows):
        order = np.random.default_rng([options.seed, 9]).permutation(len(train_rows))
        train_rows = train_rows[np.sort(order[: options.limit])]
    table, train_rows = _other_folders(base, table, train_rows, options)
    dropped = split.dropped + left_by_test
    split = Split(train_rows, validation_rows, dropped, split.by)
    sides = [
        _made(table.select(rows), options, side=side)
        for side, rows in enumerate((train_rows, validation_rows))
    ]
    if options.twins_share is not None:
        sides[0] = with_twins(sides[0], options.twins_share, options.twins, options.seed)
    if options.bystanders is not None:
        sides[0] = with_bystanders(sides[0], options.bystanders_share, options.bystanders, options.seed)
    test = None if test_rows is None else _made(table.select(test_rows), options, side=2)
    return Sides(sides[0], sides[1], test, split)


def _added(table: Table, more: Table) -> tuple[Table, Rows]:
    """Both tables as one, and the positions of the second's rows."""
    joined = table.joined(more)
    return joined, np.arange(len(table), len(joined))


def _other_folders(base: Table, table: Table, train_rows: Rows, options: DataOptions) -> tuple[Table, Rows]:
    """The training rows once more for each further folder of images."""
    found = [train_rows]
    for folder in options.images[1:]:
        again = read_source(options, options.train, folder)
        if len(again) != len(base):
            raise TrainingError(
                f"data.images: {printable(folder)} serves {len(again):,} rows, {printable(options.images[0])} "
                f"{len(base):,}; all folders must hold images of the same names"
            )
        table, rows = _added(table, again)
        found.append(rows[train_rows])
    return table, np.concatenate(found)


def _test_rows(table: Table, options: DataOptions, features: FeaturesOf | None) -> tuple[Rows, Rows | None]:
    """Positions of the rows that are left, and of those that nobody looks at before the end.

    By a column, the rows called test are the test wherever rows called validation exist beside them.
    """
    everything = np.arange(len(table))
    if options.test is not None:
        return everything, None
    if options.split_by == "column" and table.split is not None:
        cells = [str(cell).strip().lower() for cell in table.split]
        called = np.array([cell == "test" for cell in cells], dtype=bool)
        if called.any() and any(cell in VALIDATION_NAMES[:-1] for cell in cells):
            return np.flatnonzero(~called), np.flatnonzero(called)
        return everything, None
    if not options.test_share:
        return everything, None
    links = _links(table, options, features)
    try:
        split = make_split(
            options.split_by, table.shown, options.test_share, _split_seed(options) + 1, links=links
        )
    except TrainingError as error:
        raise TrainingError(f"test rows: {error}".replace("validation_share", "test_share")) from error
    return split.train, split.validation


def _split_seed(options: DataOptions) -> int:
    return options.seed if options.split_seed is None else options.split_seed


def read_source(options: DataOptions, source: str | Path, images: str | None = None) -> Table:
    """One table as it is, with the kind of rows that can become what is needed."""
    wanted = _first_wanted(options)
    if str(source) == "twins":
        base = "labels" if options.labels and wanted in ("triplets", "pairs") else wanted
        table = twins_table(base, options.twins, options.seed, options.labels)
    elif str(source) == "digits":
        base = "labels" if options.needs in ("triplets", "pairs") else wanted
        table = digits_table(base, options.digits, options.seed, options.labels, options.where)
    elif holds_judgments(source) and not (options.labels or options.attributes):
        folder = images or next(iter(options.images), None)
        table = read_judgments(source, images=folder, where=options.where, kind=options.kind)
    else:
        labels = options.labels or ("folder" if options.needs in ("labels", "triplets", "pairs") else None)
        attributes = options.attributes if options.needs == "attributes" else ()
        table = read_images(
            source, labels=None if attributes else labels, attributes=attributes, where=options.where
        )
    return _fitting(table, options, source)


def _first_wanted(options: DataOptions) -> str:
    return "images" if options.needs in ("views", "teacher") else options.needs


def _fitting(table: Table, options: DataOptions, source: str | Path) -> Table:
    """The table, or its images where images are all that is needed.

    Raises:
        TrainingError: it holds nothing that is needed.
    """
    needs = options.needs
    if needs in ("images", "views", "teacher"):
        if table.kind == "labels" and options.labels:  # kept to measure with, not to learn from
            return table
        return table if needs == "teacher" and table.kind == "pairs" else table.as_images()
    if table.kind == needs or (table.kind == "labels" and needs in ("triplets", "pairs")):
        return table
    hint = " or name the column of attributes" if needs == "attributes" else ""
    place = str(source) if str(source) in SYNTHETIC else printable(str(source))
    raise TrainingError(
        f"data.train = {place} holds {table.kind}, the objective needs {needs}; choose other data or another "
        f"objective{hint}"
    )


def _split(table: Table, options: DataOptions, features: FeaturesOf | None) -> Split:
    links = _links(table, options, features)
    seed = _split_seed(options)
    if options.fold is not None:
        return k_folds(options.split_by, table.shown, options.fold[1], seed, links=links)[options.fold[0]]
    return make_split(
        options.split_by, table.shown, options.validation_share, seed, given=table.split, links=links
    )


def _links(table: Table, options: DataOptions, features: FeaturesOf | None) -> Rows | None:
    """Pictures that count as one, for a split by component."""
    if options.split_by != "component" or options.near_duplicates <= 0:
        return None
    if features is None:
        raise TrainingError("data.near_duplicates needs a frozen encoder to find them with; set it to 0")
    return near_links(features(table), options.near_duplicates)


def _made(table: Table, options: DataOptions, *, side: int) -> Table:
    """Pairs or triplets made of labels, pairs that are not alike, hidden labels: within one side (0 = training)."""
    seed = options.seed + side
    if options.needs == "triplets" and table.kind == "labels":
        return triplets_from_labels(table, seed)
    if options.needs != "pairs":
        return table
    if table.kind == "labels":
        table = pairs_from_labels(table, negatives=options.negatives, seed=seed)
    elif options.negatives:
        table = with_negatives(table, options.negatives, seed)
    if side == 0 and options.labelled < 1:
        table = partly_labelled(table, options.labelled, seed)
    return _grouped(table)


def _grouped(table: Table) -> Table:
    """Pairs with the number of the group that each belongs to, so that no row of a group is another's negative."""
    if "labels" in table.values:
        return table
    same = table.values.get("same")
    alike = np.ones(len(table), dtype=bool) if same is None else same >= 0.5
    own = np.stack([table.columns["images"]] * 2, axis=1)
    # A row that is not alike joins nothing: it stands for its left image only.
    groups = components(np.where(alike[:, None], table.shown, own))
    return replace(table, values={**table.values, "labels": groups})
