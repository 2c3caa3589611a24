"""The answers of a study as arrays: what every figure is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.benchmarks.resampling import Clusters
from lookalike.errors import StudyError, printable
from lookalike.studies.items import Items
from lookalike.studies.types import study_type

if TYPE_CHECKING:
    from lookalike.studies.items import Item

NONE = -1
"""Stands for an answer, position or right option that is not there."""


@dataclass(frozen=True)
class Responses:
    """n answers to I items by P people.

    Attributes:
        items: the items answered at least once, in the study's order.
        people: who answered, in order of first appearance.
        item: intp (n,), which item.
        person: intp (n,), which person.
        chosen: int64 (n,), the option chosen, counted as the item counts them; same/different: 1 same, 0 different;
            -1 where the answer is no choice.
        position: int64 (n,), the shown place of the choice, from 0; -1 where nothing was shuffled.
        anchor: int64 (n,), the shown place of option 0; -1 likewise. Tells one order from another.
        correct: float64 (n,), 1 right, 0 wrong, NaN where nothing is right or wrong.
        value: float64 (n,), ratings and votes; NaN elsewhere.
        time_ms: float64 (n,), response time in milliseconds, NaN where it is not known.
        trial: int64 (n,), place of the trial in its session.
        choices: int64 (I,), how many answers are possible; 0 where the answer is a number or text.
        right: int64 (I,), the right option, -1 where there is none.
    """

    items: tuple[Item, ...]
    people: tuple[str, ...]
    item: NDArray[np.intp]
    person: NDArray[np.intp]
    chosen: NDArray[np.int64]
    position: NDArray[np.int64]
    anchor: NDArray[np.int64]
    correct: NDArray[np.float64]
    value: NDArray[np.float64]
    time_ms: NDArray[np.float64]
    trial: NDArray[np.int64]
    choices: NDArray[np.int64]
    right: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.item)

    @classmethod
    def of(cls, items: Iterable[Item], answers: pa.Table) -> Responses:
        """From a table of ANSWER_SCHEMA.

        Args:
            items: of the study; the order decides that of the results.
            answers: any rows of it.

        Raises:
            StudyError: an answer names an item that the study does not have, or an option that its item lacks.
        """
        names = np.asarray(answers.column("item").to_pylist(), dtype=str)
        answered = set(names.tolist())
        # Items of a study also know the votes that people's proposals made while it ran; they stand in no file.
        kept = (
            items.named(answered) if isinstance(items, Items) else tuple(i for i in items if i.id in answered)
        )
        row = {one.id: place for place, one in enumerate(kept)}
        unknown = answered - row.keys()
        if unknown:
            raise StudyError(
                f"{len(unknown)} items of the answers are not in the study, such as {printable(min(unknown))}; "
                "give the answers of this study, or the study's folder as it was when they were given"
            )
        people, person = _coded(answers.column("participant").to_pylist())
        item = np.array([row[name] for name in names], dtype=np.intp)
        choices = np.array([study_type(one.type).choices(one) for one in kept], dtype=np.int64)
        right = np.array([NONE if one.right is None else one.right for one in kept], dtype=np.int64)
        # Where anything may be proposed, two answers are not two votes on the same options.
        chosen = np.where(choices[item] > 0, _whole(answers, "chosen"), NONE)
        _check_chosen(chosen, item, choices, kept)
        return cls(
            kept, people, item, person, chosen, _whole(answers, "position"), _anchors(answers),
            _correct(answers, chosen, right[item]), _number(answers, "value"), _number(answers, "response_time_ms"),
            _whole(answers, "trial_index"), choices, right,
        )  # fmt: skip

    def select(self, rows: NDArray[np.bool_]) -> Responses:
        """The answers at True; items and people without any are dropped."""
        items, item = np.unique(self.item[rows], return_inverse=True)
        people, person = np.unique(self.person[rows], return_inverse=True)
        return replace(
            self,
            items=tuple(self.items[i] for i in items),
            people=tuple(self.people[p] for p in people),
            item=item.astype(np.intp),
            person=person.astype(np.intp),
            choices=self.choices[items],
            right=self.right[items],
            **{name: getattr(self, name)[rows] for name in _BY_ANSWER},
        )

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the groups of items, in order of appearance."""
        return tuple(dict.fromkeys(one.set for one in self.items))

    def set_of_items(self) -> NDArray[np.intp]:
        """Group of each item, as a position in :attr:`sets`: intp (I,)."""
        place = {name: n for n, name in enumerate(self.sets)}
        return np.array([place[one.set] for one in self.items], dtype=np.intp)

    def queries(self) -> Clusters | None:
        """Items with the same fixed images, which are not independent of one another; None where none come back."""
        return Clusters.of(["+".join(one.fixed) for one in self.items], "queries")

    def votes(self) -> NDArray[np.int64]:
        """How many chose each option of each item: int64 (I, largest number of options), 0 beyond an item's own."""
        width = int(self.choices.max(initial=0))
        made = self.chosen >= 0
        flat = self.item[made] * width + self.chosen[made]
        return np.bincount(flat, minlength=len(self.items) * width).reshape(len(self.items), width)


_BY_ANSWER = ("chosen", "position", "anchor", "correct", "value", "time_ms", "trial")


def _coded(names: Sequence[Any]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    place: dict[str, int] = {}
    code = [place.setdefault(str(name), len(place)) for name in names]
    return tuple(place), np.array(code, dtype=np.intp)


def _whole(answers: pa.Table, name: str) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(answers.column(name), NONE).to_numpy(), dtype=np.int64)


def _number(answers: pa.Table, name: str) -> NDArray[np.float64]:
    filled = pc.fill_null(answers.column(name).cast(pa.float64()), float("nan"))
    return np.asarray(filled.to_numpy(), dtype=np.float64)


def _anchors(answers: pa.Table) -> NDArray[np.int64]:
    """The shown place of option 0 in each answer's order."""
    orders = answers.column("order").combine_chunks()
    lengths = np.asarray(
        pc.fill_null(pc.list_value_length(orders), 0).to_numpy(zero_copy_only=False), np.int64
    )
    values = np.asarray(pc.list_flatten(orders).to_numpy(zero_copy_only=False))
    starts = np.cumsum(lengths) - lengths
    found = np.full(len(lengths), NONE, dtype=np.int64)
    where = np.flatnonzero(values == 0)
    row = np.searchsorted(starts + lengths, where, side="right")
    found[row] = where - starts[row]
    return found


def _correct(answers: pa.Table, chosen: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """From choice and right option where both are known, else as it was stored."""
    stored = np.asarray(
        pc.fill_null(answers.column("correct").cast(pa.float64()), float("nan")).to_numpy(), dtype=np.float64
    )
    known = (chosen >= 0) & (right >= 0)
    return np.where(known, (chosen == right).astype(np.float64), np.where(chosen >= 0, np.nan, stored))


def _check_chosen(
    chosen: NDArray[np.int64], item: NDArray[np.intp], choices: NDArray[np.int64], items: Sequence[Item]
) -> None:
    bad = (chosen < NONE) | ((choices[item] > 0) & (chosen >= choices[item]))
    if bad.any():
        first = int(np.argmax(bad))
        raise StudyError(
            f"answer {first + 1} chooses option {chosen[first]} of item {printable(items[item[first]].id)}, "
            f"which has {choices[item[first]]} options counted from 0"
        )
