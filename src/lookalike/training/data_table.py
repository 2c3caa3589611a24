"""Training rows in one shape, whatever they were read from: numbers of distinct images, and what is known of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import TrainingError
from lookalike.images import ImageLike
from lookalike.training.batch import Needs

Rows = NDArray[np.int64]

IMAGE_COLUMNS = ("images", "images_a", "images_b")


@dataclass(frozen=True)
class Table:
    """n rows over N distinct images.

    Attributes:
        kind: what the rows are: triplets, pairs, labels, attributes or images.
        pictures: the N distinct images, each readable by :func:`lookalike.images.decode` again and again.
        names: what messages call them, N.
        columns: ``images`` and, by kind, ``images_a``, ``images_b``: int64 (n,), positions among the pictures.
        values: ``votes_a``, ``votes_b``, ``same``, ``weight`` float32 (n,); ``labels`` int64 (n,).
        attributes: name -> int64 (n,), -1 where unknown.
        classes: ``labels`` or an attribute's name -> names of its classes, in the order of their numbers.
        split: cells of a column ``split``, or None.
        notes: what people should know of the reading, a line each.
        contents: content ids of the pictures of human judgments; empty where the rows are made, or show no file.
    """

    kind: Needs
    pictures: Sequence[ImageLike]
    names: Sequence[str]
    columns: Mapping[str, Rows]
    values: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    attributes: Mapping[str, Rows] = field(default_factory=dict)
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    split: Sequence[str | None] | None = None
    notes: tuple[str, ...] = ()
    contents: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.columns["images"])

    @property
    def shown(self) -> Rows:
        """Which images each row shows: int64 (n, 1 to 3)."""
        return np.stack([self.columns[name] for name in IMAGE_COLUMNS if name in self.columns], axis=1)

    def select(self, rows: NDArray[Any]) -> Table:
        """Some rows, by positions or mask; the pictures stay all."""
        return replace(
            self,
            columns={name: column[rows] for name, column in self.columns.items()},
            values={name: value[rows] for name, value in self.values.items()},
            attributes={name: value[rows] for name, value in self.attributes.items()},
            split=None if self.split is None else list(np.asarray(self.split, dtype=object)[rows]),
        )

    def noted(self, *lines: str) -> Table:
        """The same with more notes."""
        return replace(self, notes=(*self.notes, *(line for line in lines if line)))

    def joined(self, other: Table) -> Table:
        """The rows of both, this one's first; the other's pictures are counted on after this one's.

        The same image in both is two pictures. Cells of ``split`` are lost.
        """
        if self.kind != other.kind:
            raise TrainingError(
                f"data.train holds {self.kind} and data.validation holds {other.kind}; give two of one kind"
            )
        for name in {*self.classes, *other.classes}:
            if list(self.classes.get(name, ())) != list(other.classes.get(name, ())):
                other = _renumbered(other, name, self.classes.get(name, ()))
        moved = {name: column + len(self.pictures) for name, column in other.columns.items()}
        return replace(
            self,
            pictures=[*self.pictures, *other.pictures],
            names=[*self.names, *other.names],
            columns={name: np.concatenate([column, moved[name]]) for name, column in self.columns.items()},
            values=_both(self.values, other.values),
            attributes=_both(self.attributes, other.attributes),
            split=None,
            notes=(*self.notes, *other.notes),
            contents=[*_filled(self), *_filled(other)] if self.contents or other.contents else (),
        )

    def as_images(self) -> Table:
        """Each image that a row shows as one row of its own, in order of the pictures; what rows say is lost."""
        used = np.unique(self.shown)
        split: list[str | None] | None = None
        if self.split is not None:
            side: dict[int, str | None] = {}
            for shown, cell in zip(self.shown, self.split, strict=True):
                for picture in shown:
                    side.setdefault(int(picture), cell)
            split = [side[int(picture)] for picture in used]
        return replace(
            self, kind="images", columns={"images": used}, values={}, attributes={}, classes={}, split=split
        )


def number_classes(cells: Sequence[Any]) -> tuple[Rows, list[str]]:
    """Names -> numbers int64 (n,), -1 for an empty cell, and the names in order (numbers in order of size)."""
    known = {cell for cell in cells if cell is not None}
    try:
        ordered = sorted(known)
    except TypeError:
        ordered = sorted(known, key=str)
    numbers = {cell: number for number, cell in enumerate(ordered)}
    return np.array([numbers.get(cell, -1) for cell in cells], dtype=np.int64), [
        str(cell) for cell in ordered
    ]


def _filled(table: Table) -> Sequence[str]:
    """A content id for each picture, '' where none is known."""
    return table.contents or [""] * len(table.pictures)


def _both(first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([first[name], second[name]]) for name in first if name in second}


def _renumbered(table: Table, name: str, classes: Sequence[str]) -> Table:
    """The numbers of ``name`` in the order of other classes; -1 for a class that is not among them."""
    place = {known: number for number, known in enumerate(classes)}
    change = np.array([place.get(known, -1) for known in table.classes.get(name, ())] + [-1], dtype=np.int64)
    if name == "labels" and name in table.values:
        return replace(table, values={**table.values, name: change[table.values[name]]})
    if name in table.attributes:
        return replace(table, attributes={**table.attributes, name: change[table.attributes[name]]})
    return table
