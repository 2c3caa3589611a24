"""Two images shown for a moment: the same or different (JND of NIGHTS, arXiv 2306.09344, and BAPPS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from lookalike.errors import StudyError
from lookalike.studies.types.base import AnswerPayload, Checked, StudyType, register
from lookalike.studies.types.parts import counted, main_rows, named, only

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import SameDifferentTable
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study


class SameDifferent(StudyType):
    """``fixed`` is (first, second), which may be one image twice (a catch trial); ``right`` 1 same, 0 different."""

    name: ClassVar[str] = "same-different"
    ANSWERS = 2

    def check_item(self, item: Item) -> str:
        if len(item.fixed) != 2 or item.options:
            return f"{len(item.fixed)} fixed images and {len(item.options)} options, 2 and 0 wanted"
        return "" if item.right in (None, 0, 1) else f"right is {item.right}, it must be 1 (same) or 0"

    def check_answer(self, item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
        only(payload, "same")
        if order:
            raise StudyError(f"item {item.id} has nothing to shuffle, but an order was given")
        if not isinstance(payload.same, bool):
            raise StudyError("an answer needs same: true or false")
        chosen = int(payload.same)
        return Checked(chosen=chosen, correct=None if item.right is None else chosen == item.right)

    def judgments(self, items: Items, answers: pa.Table, study: Study) -> SameDifferentTable:
        import pyarrow as pa

        from lookalike.judgments import SameDifferentTable

        rows = list(main_rows(items, answers))
        votes = [counted(given, 2).tolist() for _, given in rows]
        columns = pa.table(
            {
                "a": [item.fixed[0] for item, _ in rows],
                "b": [item.fixed[1] for item, _ in rows],
                "votes_same": pa.array([same for _, same in votes], pa.int32()),
                "votes_different": pa.array([different for different, _ in votes], pa.int32()),
                **named(rows),
            }
        )
        return SameDifferentTable(columns, study.catalogue())


SAME_DIFFERENT = register(SameDifferent())
