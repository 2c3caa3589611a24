"""One query, k options: which is most like it (Totally-Looks-Like, arXiv 1803.01485, section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from lookalike.studies.types.base import AnswerPayload, Checked, StudyType, register
from lookalike.studies.types.parts import check_options, counted, main_rows, named, position_answer

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import ForcedChoiceTable
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study


class ForcedChoice(StudyType):
    """``fixed`` is (query,), ``options`` are at least two images, ``right`` one of them where it is known."""

    name: ClassVar[str] = "kafc"

    def check_item(self, item: Item) -> str:
        return check_options(item, fixed=1, least=2)

    def check_answer(self, item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
        return position_answer(item, order, payload)

    def judgments(self, items: Items, answers: pa.Table, study: Study) -> ForcedChoiceTable:
        import pyarrow as pa

        from lookalike.judgments import ForcedChoiceTable

        rows = list(main_rows(items, answers))
        votes = [counted(given, len(item.options)).tolist() for item, given in rows]
        columns = pa.table(
            {
                "query": [item.fixed[0] for item, _ in rows],
                "options": pa.array([list(item.options) for item, _ in rows], pa.list_(pa.string())),
                "right": pa.array([item.right for item, _ in rows], pa.int32()),
                "answers": pa.array(votes, pa.list_(pa.int32())),
                **named(rows),
            }
        )
        return ForcedChoiceTable(columns, study.catalogue())


KAFC = register(ForcedChoice())
