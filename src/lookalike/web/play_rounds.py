"""Rounds of the game: ten questions, what the player chose, and what the machines choose. Nothing tells the answer early."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from lookalike.errors import LookalikeError
from lookalike.images import decode
from lookalike.web.context import AppContext
from lookalike.web.faults import PageError
from lookalike.web.kept import Kept
from lookalike.web.machines import Machine, machines
from lookalike.web.play_tables import Question, Table, choice_of
from lookalike.web.uploads import encode_webp

KEPT_ROUNDS = 500
KEPT_SECONDS = 7_200.0
SIDE = 640
"""Long side of the pictures that are shown, in pixels."""


@dataclass
class Asked:
    """One question of a round.

    Attributes:
        question: with its answer.
        tokens: random names of the pictures: of the query, then of each option. They say nothing and are used once.
        chosen: the player's option; None before the answer.
        machines: name -> option that it takes (None: it cannot say); filled in with the answer.
    """

    question: Question
    tokens: tuple[str, ...]
    chosen: int | None = None
    machines: dict[str, int | None] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether the player chose what people hold to be alike."""
        return self.chosen == self.question.right


@dataclass
class Round:
    """A round of the game, known by a random token."""

    token: str
    table: Table
    kind: str
    asked: list[Asked]
    started: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def answered(self) -> int:
        """How many questions have been answered."""
        return sum(one.chosen is not None for one in self.asked)

    @property
    def over(self) -> bool:
        """Whether all are answered."""
        return self.answered == len(self.asked)

    def score(self) -> int:
        """Right answers of the player."""
        return sum(one.is_right for one in self.asked)

    def scores(self) -> dict[str, int]:
        """Machine -> its right answers so far."""
        found: dict[str, int] = {}
        for one in self.asked:
            for name, choice in one.machines.items():
                found[name] = found.get(name, 0) + (choice == one.question.right)
        return found

    def chance(self) -> float:
        """Right answers that guessing would have had so far."""
        return sum(1 / len(one.question.options) for one in self.asked if one.chosen is not None)

    def answer(self, context: AppContext, number: int, choice: int) -> Asked:
        """Take the player's answer to the question that is next, and have the machines choose.

        Raises:
            PageError: another question is next (409), or there is no such option (404).
        """
        with self.lock:
            if number != self.answered or self.over:
                raise PageError.of(409, "answered")
            one = self.asked[number]
            if not 0 <= choice < len(one.question.options):
                raise PageError.of(404, "no_option")
            for machine in machines(context):
                one.machines[machine.name] = _choice(context, machine, self.table, one.question)
            one.chosen = choice
            return one


def _choice(context: AppContext, machine: Machine, table: Table, question: Question) -> int | None:
    try:
        return choice_of(context, machine, table, question)
    except LookalikeError:  # an encoder that cannot be had does not spoil the game
        return None


class Pictures:
    """Images of tables under random names, shown as WebP without metadata; nothing of a name tells what it shows."""

    def __init__(self, most: int = 40_000) -> None:
        self._most = most
        self._named: OrderedDict[str, tuple[Table, str]] = OrderedDict()
        self._lock = threading.Lock()
        self._encoded = Kept(200)

    def name(self, table: Table, content: str) -> str:
        """A new name for an image."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._named[token] = (table, content)
            while len(self._named) > self._most:
                self._named.popitem(last=False)
        return token

    def file(self, token: str) -> Path:
        """The file of an image.

        Raises:
            PageError: nothing is called so (404).
            JudgmentError: it is not on this machine.
        """
        with self._lock:
            found = self._named.get(token)
        if found is None:
            raise PageError.of(404, "picture_gone")
        return found[0].path(found[1])

    def data(self, token: str) -> bytes:
        """An image as it is shown.

        Raises:
            PageError: nothing is called so (404).
            ImageError: it cannot be read.
        """
        place = self.file(token)
        kept = self._encoded.get(place)
        if not isinstance(kept, bytes):
            kept = encode_webp(Image.fromarray(decode(place, min_size=(SIDE, SIDE))), SIDE)
            self._encoded.put(place, kept)
        return kept


class Rounds:
    """The rounds of an application; the oldest are forgotten.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rounds: OrderedDict[str, Round] = OrderedDict()
        self._lock = threading.Lock()
        self.pictures = Pictures()

    def start(self, table: Table, kind: str, questions: list[Question]) -> Round:
        """A new round.

        Raises:
            PageError: there are no questions (400).
        """
        if not questions:
            raise PageError.of(400, "no_right_answer")
        asked = [
            Asked(one, tuple(self.pictures.name(table, image) for image in (one.query, *one.options)))
            for one in questions
        ]
        made = Round(secrets.token_urlsafe(16), table, kind, asked, self._clock())
        with self._lock:
            self._rounds[made.token] = made
            self._forget()
        return made

    def get(self, token: str) -> Round:
        """A round.

        Raises:
            PageError: there is none (404).
        """
        with self._lock:
            self._forget()
            if token not in self._rounds:
                raise PageError.of(404, "no_round")
            return self._rounds[token]

    def _forget(self) -> None:
        end = self._clock() - KEPT_SECONDS
        while self._rounds:
            oldest = next(iter(self._rounds.values()))
            if oldest.started >= end and len(self._rounds) <= KEPT_ROUNDS:
                return
            del self._rounds[oldest.token]
