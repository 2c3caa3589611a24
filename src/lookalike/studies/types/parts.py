"""What several types share: shown positions, refusals of foreign fields, and counting answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import StudyError
from lookalike.studies.types.base import AnswerPayload, Checked

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.studies.items import Item, Items

_FIELDS = ("position", "value", "text", "same")


def only(payload: AnswerPayload, *wanted: str) -> None:
    """Refuse a payload with fields other than these.

    Raises:
        StudyError: another field is given.
    """
    foreign = [name for name in _FIELDS if name not in wanted and getattr(payload, name) is not None]
    if foreign:
        raise StudyError(f"this kind of trial takes {' or '.join(wanted)}, not {foreign[0]}")


def position_answer(item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
    """An answer by shown position.

    Raises:
        StudyError: no position, one outside the options, or an order that is none.
    """
    only(payload, "position")
    if sorted(order) != list(range(len(item.options))):
        raise StudyError(
            f"item {item.id}: the order {list(order)[:10]} is none of {len(item.options)} options"
        )
    position = payload.position
    if position is None or isinstance(position, bool) or not isinstance(position, int):
        raise StudyError("an answer needs the position that was chosen, a whole number")
    if not 0 <= position < len(order):
        raise StudyError(f"position {position} is outside the {len(order)} options, counted from 0")
    chosen = int(order[position])
    correct = None if item.right is None else chosen == item.right
    return Checked(position=position, chosen=chosen, correct=correct)


def check_options(item: Item, fixed: int, least: int, most: int | None = None) -> str:
    """What is wrong with the images of an item with shuffled options; "" where nothing is."""
    if len(item.fixed) != fixed:
        return f"{len(item.fixed)} fixed images, {fixed} wanted"
    count = len(item.options)
    if count < least or (most is not None and count > most):
        wanted = str(least) if most == least else f"at least {least}"
        return f"{count} options, {wanted} wanted"
    if len(set(item.images)) < len(item.images):
        return "the same image is shown twice"
    if item.right is not None and not 0 <= item.right < count:
        return f"right is {item.right}, outside its {count} options"
    return ""


def main_rows(items: Items, answers: pa.Table) -> Iterator[tuple[Item, list[dict[str, Any]]]]:
    """Main items with their answers (columns chosen, value), as `Items.named` orders them; those without are skipped.

    Raises:
        StudyError: an answer names an unknown item, or no main item has one.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in answers.select(["item", "role", "chosen", "value"]).to_pylist():
        item = items.by_id(row["item"])
        if item.role == "main":
            found.setdefault(item.id, []).append(row)
    if not found:
        raise StudyError("there is no answer to any main item, so there are no judgments to write")
    for item in items.named(found):
        yield item, found[item.id]


def counted(rows: Sequence[dict[str, Any]], answers: int) -> NDArray[np.int64]:
    """How often each answer was chosen: int64 (answers,)."""
    chosen = np.array([row["chosen"] for row in rows if row["chosen"] is not None], dtype=np.int64)
    return np.bincount(chosen, minlength=answers)[:answers].astype(np.int64)


def named(rows: Sequence[tuple[Item, Any]]) -> dict[str, list[str]]:
    """The columns ``item`` and ``set`` of the items in these rows."""
    return {"item": [item.id for item, _ in rows], "set": [item.set for item, _ in rows]}
