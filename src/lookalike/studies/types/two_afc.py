"""A reference and two images: which is more like it (NIGHTS, arXiv 2306.09344; BAPPS, arXiv 1801.03924)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from lookalike.studies.types.base import AnswerPayload, Checked, StudyType, register
from lookalike.studies.types.parts import check_options, counted, main_rows, named, position_answer

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import TripletTable
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study


class TwoChoices(StudyType):
    """``fixed`` is (reference,), ``options`` are (a, b)."""

    name: ClassVar[str] = "2afc"

    def check_item(self, item: Item) -> str:
        return check_options(item, fixed=1, least=2, most=2)

    def check_answer(self, item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
        return position_answer(item, order, payload)

    def judgments(self, items: Items, answers: pa.Table, study: Study) -> TripletTable:
        import pyarrow as pa

        from lookalike.judgments import TripletTable

        rows = list(main_rows(items, answers))
        votes = [counted(given, 2).tolist() for _, given in rows]
        columns = pa.table(
            {
                "reference": [item.fixed[0] for item, _ in rows],
                "a": [item.options[0] for item, _ in rows],
                "b": [item.options[1] for item, _ in rows],
                "votes_a": pa.array([first for first, _ in votes], pa.int32()),
                "votes_b": pa.array([second for _, second in votes], pa.int32()),
                "split": pa.array([item.extra.get("split") for item, _ in rows], pa.string()),
                **named(rows),
            }
        )
        return TripletTable(columns, study.catalogue())


TWO_AFC = register(TwoChoices())
