"""Questions that come at the same time are answered together: twenty searches cost hardly more than two."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
MOST = 32


class _Asked(Generic[Question, Answer]):
    def __init__(self, question: Question) -> None:
        self.question = question
        self.answer: Answer | None = None
        self.error: Exception | None = None
        self.done = False


class Batcher(Generic[Question, Answer]):
    """Whoever comes while others are being answered waits, and is then answered together with all who waited.

    Args:
        answer: questions -> as many answers, in their order; called by one thread at a time.
    """

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        self._answer = answer
        self._waiting: list[_Asked[Question, Answer]] = []
        self._adding = threading.Lock()
        self._turn = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """The answer to one question; raises what ``answer`` raised."""
        mine: _Asked[Question, Answer] = _Asked(question)
        with self._adding:
            self._waiting.append(mine)
        while not mine.done:
            with self._turn:
                if not mine.done:
                    self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.answer  # type: ignore[return-value]

    def _lead(self) -> None:
        """Answer everything that waits."""
        with self._adding:
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            for one, answer in zip(taken, self._answer([one.question for one in taken]), strict=True):
                one.answer = answer
        except Exception as error:  # each asker gets it
            for one in taken:
                one.error = error
        for one in taken:
            one.done = True
