"""A person proposes what an image looks like; others vote on proposals (the site behind Totally-Looks-Like).

Two kinds of items: one fixed image is a *recall* trial (propose something), two are a *vote* (is the second a good
look-alike of the first?). With ``[design.votes]`` what people propose becomes a vote for others while the study runs
(`Items.vote_on`); without it, the votes of a next study.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from lookalike.errors import StudyError
from lookalike.studies.types.base import AnswerPayload, Checked, StudyType, register
from lookalike.studies.types.parts import main_rows, only

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import PairTable
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study

MOST_TEXT = 500
"""Longest proposal in words, characters."""


def is_vote(item: Item) -> bool:
    """Whether the item is a vote on a proposal; else something is to be proposed."""
    return len(item.fixed) == 2


class RecallAndVote(StudyType):
    """Recall: ``fixed`` is (image,), ``options`` the gallery to choose from (may be empty: words only).

    Vote: ``fixed`` is (image, proposal), the answer 1 (up) or -1 (down).
    """

    name: ClassVar[str] = "recall-and-vote"
    ANSWERS = 0

    def check_item(self, item: Item) -> str:
        if is_vote(item):
            return "a vote has no options" if item.options else ""
        if len(item.fixed) != 1:
            return f"{len(item.fixed)} fixed images, 1 (propose) or 2 (vote) wanted"
        if len(set(item.images)) < len(item.images):
            return "the same image is shown twice"
        if item.right is not None and not 0 <= item.right < len(item.options):
            return f"right is {item.right}, outside its {len(item.options)} candidates"
        return ""

    def check_answer(self, item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
        if is_vote(item):
            only(payload, "value")
            if payload.value not in (1, -1):
                raise StudyError("a vote is 1 (up) or -1 (down)")
            return Checked(value=float(payload.value))
        only(payload, "position", "text")
        text = (payload.text or "").strip()
        if len(text) > MOST_TEXT:
            raise StudyError(f"the text has {len(text)} characters; {MOST_TEXT} are the most")
        position = payload.position
        if position is None:
            if not text:
                raise StudyError("a proposal needs an image of the gallery or some words")
            return Checked(text=text)
        if isinstance(position, bool) or not isinstance(position, int) or not 0 <= position < len(order):
            raise StudyError(f"position {position} is outside the gallery of {len(order)} images")
        chosen = int(order[position])
        correct = None if item.right is None else chosen == item.right
        return Checked(position=position, chosen=chosen, text=text or None, correct=correct)

    def judgments(self, items: Items, answers: pa.Table, study: Study) -> PairTable:
        """Every proposed and every voted pair with its votes; a proposal by itself is one vote up, as on the site.

        Votes on proposals of the running study and those of ``items.parquet`` on the same pair count together.

        Proposals in words alone have no image, so they are in the table of answers only.
        """
        import pyarrow as pa

        from lookalike.judgments import PairTable

        up: Counter[tuple[str, str]] = Counter()
        down: Counter[tuple[str, str]] = Counter()
        for item, rows in main_rows(items, answers):
            for row in rows:
                if is_vote(item):
                    (up if row["value"] > 0 else down)[item.fixed[0], item.fixed[1]] += 1
                elif row["chosen"] is not None:
                    up[item.fixed[0], item.options[row["chosen"]]] += 1
        pairs = list(dict.fromkeys([*up, *down]))
        if not pairs:
            raise StudyError("all proposals are in words: there are no pairs of images to write")
        columns = pa.table(
            {
                "left": [left for left, _ in pairs],
                "right": [right for _, right in pairs],
                "up_votes": pa.array([up[pair] for pair in pairs], pa.int32()),
                "down_votes": pa.array([down[pair] for pair in pairs], pa.int32()),
            }
        )
        return PairTable(columns, study.catalogue())

    def chance(self, item: Item) -> float:
        known = item.right is not None and item.options
        return 1 / len(item.options) if known else math.nan


RECALL_AND_VOTE = register(RecallAndVote())
