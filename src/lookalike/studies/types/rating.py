"""Two images: how alike they are, on a scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from lookalike.errors import StudyError
from lookalike.studies.types.base import AnswerPayload, Checked, StudyType, register
from lookalike.studies.types.parts import main_rows, named, only

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import RatingTable
    from lookalike.studies.config_sections import Scale
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study


class Rating(StudyType):
    """``fixed`` is (one, other); the scale is the study's. ``extra["expected"]`` = [low, high] makes a catch trial.

    ``check_answer`` takes any finite number: the scale is the study's, so the server asks :func:`on_scale` as well.
    """

    name: ClassVar[str] = "rating"
    ANSWERS = 0

    def check_item(self, item: Item) -> str:
        if len(item.fixed) != 2 or item.options:
            return f"{len(item.fixed)} fixed images and {len(item.options)} options, 2 and 0 wanted"
        return "" if _expected(item) or "expected" not in item.extra else "expected must be [low, high]"

    def check_answer(self, item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
        only(payload, "value")
        if order:
            raise StudyError(f"item {item.id} has nothing to shuffle, but an order was given")
        value = payload.value
        if value is None or isinstance(value, bool) or not math.isfinite(value):
            raise StudyError("an answer needs a value on the scale, a number")
        expected = _expected(item)
        correct = None if expected is None else expected[0] <= value <= expected[1]
        return Checked(value=float(value), correct=correct)

    def judgments(self, items: Items, answers: pa.Table, study: Study) -> RatingTable:
        import pyarrow as pa

        from lookalike.judgments import RatingTable

        rows = [
            (item, [float(row["value"]) for row in given if row["value"] is not None])
            for item, given in main_rows(items, answers)
        ]
        columns = pa.table(
            {
                "a": [item.fixed[0] for item, _ in rows],
                "b": [item.fixed[1] for item, _ in rows],
                "rating": [math.fsum(values) / len(values) for _, values in rows],
                "raters": pa.array([len(values) for _, values in rows], pa.int32()),
                **named(rows),
            }
        )
        scale = study.config.scale
        meta = {} if scale is None else {"low": f"{scale.low:g}", "high": f"{scale.high:g}"}
        return RatingTable(columns, study.catalogue(), meta=meta)


def on_scale(scale: Scale, value: float) -> None:
    """Refuse a value that is no mark of the scale.

    Raises:
        StudyError: outside the ends, or between two marks.
    """
    if not scale.low <= value <= scale.high:
        raise StudyError(f"the value {value:g} is outside the scale {scale.low:g} to {scale.high:g}")
    if scale.step:
        steps = (value - scale.low) / scale.step
        if abs(steps - round(steps)) > 1e-9:
            raise StudyError(f"the value {value:g} is between two marks of the scale")


def _expected(item: Item) -> tuple[float, float] | None:
    ends = item.extra.get("expected")
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(e, int | float) for e in ends):
        return None
    return (float(ends[0]), float(ends[1])) if ends[0] <= ends[1] else None


RATING = register(Rating())
