"""What a kind of question must be able to do, and the register of kinds."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lookalike.errors import StudyError, printable

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import Judgments
    from lookalike.studies.items import Item, Items
    from lookalike.studies.study import Study


@dataclass(frozen=True)
class AnswerPayload:
    """What a participant's page sends; each type takes its own fields and refuses the others.

    Attributes:
        position: shown position, from 0 (kafc, 2afc, odd-one-out; recall-and-vote: of the proposal).
        value: rating, or vote (1 up, -1 down).
        text: proposal in words.
        same: same-different.
    """

    position: int | None = None
    value: float | None = None
    text: str | None = None
    same: bool | None = None


@dataclass(frozen=True)
class Checked:
    """An answer that was understood: the columns of the table of answers that depend on it."""

    position: int | None = None
    chosen: int | None = None
    value: float | None = None
    text: str | None = None
    correct: bool | None = None


class StudyType(ABC):
    """One kind of question.

    Attributes:
        name: as in ``study.toml``.
        ANSWERS: how many different answers there are; 0: a value or a text; None: as many as options.
    """

    name: ClassVar[str]
    ANSWERS: ClassVar[int | None] = None

    @abstractmethod
    def check_item(self, item: Item) -> str:
        """What is wrong with an item of this type, in words; "" where nothing is."""

    def choices(self, item: Item) -> int:
        """How many different answers are possible; 0: a value or a text."""
        return len(item.options) if self.ANSWERS is None else self.ANSWERS

    @abstractmethod
    def check_answer(self, item: Item, order: Sequence[int], payload: AnswerPayload) -> Checked:
        """Understand an answer.

        Args:
            item: what was asked.
            order: for each shown position the index of the option; empty where nothing is shuffled.
            payload: what the page sent.

        Raises:
            StudyError: a field is missing, foreign to the type, or out of range.
        """

    @abstractmethod
    def judgments(self, items: Items, answers: pa.Table, study: Study) -> Judgments:
        """The answers to main items as a table of judgments: what benchmarks and training read.

        Args:
            items: of the study.
            answers: rows of :data:`lookalike.studies.answers.ANSWER_SCHEMA`; practice and catch trials are skipped,
                everything else counts: drop what shall not (simulated, unfinished, excluded) before.
            study: for the images.

        Returns:
            One row for each main item that has answers, in the order of the items, with the columns ``item`` and
            ``set`` beside those of the kind.

        Raises:
            StudyError: no main item has an answer, or an answer names an unknown item.
        """

    def chance(self, item: Item) -> float:
        """How often a guesser is right; NaN where nothing is right or wrong."""
        count = self.choices(item)
        return 1 / count if count else math.nan


_TYPES: dict[str, StudyType] = {}


def register(made: StudyType) -> StudyType:
    """Make a type known by its name.

    Raises:
        StudyError: the name is taken.
    """
    if made.name in _TYPES:
        raise StudyError(f"there is a study type {made.name} already")
    _TYPES[made.name] = made
    return made


def study_type(name: str) -> StudyType:
    """The type of that name.

    Raises:
        StudyError: there is none.
    """
    try:
        return _TYPES[name]
    except KeyError:
        raise StudyError(f"there is no study type {printable(name)}; there are {', '.join(_TYPES)}") from None


def type_names() -> list[str]:
    """Names of the types that are known."""
    return list(_TYPES)
