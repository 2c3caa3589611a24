"""Three images: which is the odd one (THINGS, Hebart et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from lookalike.studies.types.base import AnswerPayload, Checked, StudyType, register
from lookalike.studies.types.parts import check_options, counted, main_rows, named, position_answer

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import OddOneOutTable
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study


class OddOneOut(StudyType):
    """``fixed`` is empty, ``options`` are three images; ``right`` is the odd one where it is known."""

    name: ClassVar[str] = "odd-one-out"

    def check_item(self, item: Item) -> str:
        return check_options(item, fixed=0, least=3, most=3)

    def check_answer(self, item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
        return position_answer(item, order, payload)

    def judgments(self, items: Items, answers: pa.Table, study: Study) -> OddOneOutTable:
        import pyarrow as pa

        from lookalike.judgments import OddOneOutTable

        rows = list(main_rows(items, answers))
        votes = [counted(given, 3).tolist() for _, given in rows]
        columns = {name: [item.options[i] for item, _ in rows] for i, name in enumerate(("a", "b", "c"))} | {
            f"votes_{name}": pa.array([vote[i] for vote in votes], pa.int32())
            for i, name in enumerate(("a", "b", "c"))
        }
        return OddOneOutTable(pa.table({**columns, **named(rows)}), study.catalogue())


ODD_ONE_OUT = register(OddOneOut())
