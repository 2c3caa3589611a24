"""What is played on: a table of judgments turned into questions with one right answer, and the choices of machines."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.progress import Progress
from lookalike.web.context import AppContext
from lookalike.web.faults import PageError
from lookalike.web.machines import Machine, machines
from lookalike.web.settings import names_of
from lookalike.web.shelf import shelf
from lookalike.web.work import Task

if TYPE_CHECKING:
    from lookalike.benchmarks.features import Features
    from lookalike.judgments import Judgments

OPTIONS = 5
ROUND = 10

RANDOM, GENERIC, PEOPLE = "random", "generic", "people"
"""How wrong answers are chosen: at random, as the nearest ones to the default encoder, or as the table has them."""


@dataclass(frozen=True)
class Question:
    """A query, options to choose from (content ids), and the place of the one that people hold to be like it."""

    query: str
    options: tuple[str, ...]
    right: int


@dataclass
class Table:
    """A table that is played on.

    Attributes:
        name: in the address.
        judgments: the table itself.
    """

    name: str
    judgments: Judgments
    _vectors: dict[str, tuple[Features, NDArray[np.float32]]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of wrong answers that can be had."""
        return (RANDOM, GENERIC) if self.judgments.kind == "pairs" else (PEOPLE,)

    def path(self, content: str) -> Path:
        """The file of an image.

        Raises:
            JudgmentError: it is not on this machine.
        """
        return self.judgments.images.path(content)

    def ready(self, kind: str, spec: str) -> bool:
        """Whether questions can be drawn at once."""
        return kind != GENERIC or spec in self._vectors

    def prepare(self, context: AppContext, spec: str) -> Task:
        """Have the vectors of all images computed in the background.

        Raises:
            PageError: too much is being worked on (429).
        """
        return context.work.start(_key(self.name, spec), _prepare, self, context, spec)

    def preparing(self, context: AppContext, spec: str) -> Task | None:
        """The newest task of `prepare`."""
        return context.work.newest(_key(self.name, spec))

    def vectors(
        self, context: AppContext, spec: str, tell: Progress | None = None
    ) -> tuple[Features, NDArray[np.float32]]:
        """Every image of the table as an encoder sees it: the images, and float32 (images, d).

        Raises:
            ImageError: an image cannot be read.
            EncoderError: the encoder fails.
        """
        if spec not in self._vectors:
            held = self._features(tell)
            self._vectors[spec] = held, held.embed(context.encoder(spec))
        return self._vectors[spec]

    def _features(self, tell: Progress | None) -> Features:
        from lookalike.benchmarks.features import Features

        images = self.judgments.images
        return Features({one: images.path(one) for one in self.judgments.distinct_images()}, progress=tell)

    def draw(self, context: AppContext, kind: str, count: int, seed: int) -> list[Question]:
        """Some questions at random.

        Raises:
            PageError: no such kind here (404).
            BenchmarkError: the table has too few images for a question.
        """
        if kind not in self.kinds:
            raise PageError.of(404, "no_questions")
        rng = np.random.default_rng(seed)
        if self.judgments.kind == "pairs":
            return self._from_pairs(context, kind, count, rng)
        return _as_they_are(self.judgments, count, rng)

    def _from_pairs(
        self, context: AppContext, kind: str, count: int, rng: np.random.Generator
    ) -> list[Question]:
        from lookalike.benchmarks.distractors import distractor_sets
        from lookalike.judgments import PairTable

        table = self.judgments
        assert isinstance(table, PairTable)
        rights = set(table.column("right"))
        queries = rng.permutation(len(table))[:count]
        phi = self._phi(context, machines(context)[0].spec) if kind == GENERIC else None
        drawn = distractor_sets(
            table,
            queries,
            kind,
            phi,
            options=max(2, min(OPTIONS, len(rights) - 1)),
            seed=int(rng.integers(2**31)),
        )
        return [
            Question(query, tuple(options), int(right))
            for query, options, right in zip(
                drawn.column("query"), drawn.column("options"), drawn.column("right"), strict=True
            )
        ]

    def _phi(self, context: AppContext, spec: str) -> Any:
        """Rows of the matrix of cosine distances from left to right images."""
        from lookalike.benchmarks.distances import generic_distances

        held, vectors = self.vectors(context, spec)
        left = vectors[held.rows(self.judgments.column("left"))]
        right = vectors[held.rows(self.judgments.column("right"))]
        return lambda rows: generic_distances(left[rows], right)


def _key(table: str, spec: str) -> tuple[str, ...]:
    return ("", "play", table, spec)  # no gallery is called ""


def _prepare(table: Table, context: AppContext, spec: str, tell: Progress) -> None:
    """Body of the task."""
    table.vectors(context, spec, tell)


def _as_they_are(table: Judgments, count: int, rng: np.random.Generator) -> list[Question]:
    """Questions of a table that has its options: triplets with a majority, or choices with a right answer."""
    found: list[Question] = []
    if table.kind == "triplets":
        rows = zip(
            *(table.column(name) for name in ("reference", "a", "b", "votes_a", "votes_b")), strict=True
        )
        for reference, a, b, votes_a, votes_b in rows:
            if votes_a != votes_b:
                found.append(Question(reference, (a, b), int(votes_b > votes_a)))
    else:
        for query, options, right in zip(
            table.column("query"), table.column("options"), table.column("right"), strict=True
        ):
            if right is not None:
                found.append(Question(query, tuple(options), int(right)))
    chosen = [found[i] for i in rng.permutation(len(found))[:count]]
    return [_shuffled(one, rng) for one in chosen]


def _shuffled(one: Question, rng: np.random.Generator) -> Question:
    order = rng.permutation(len(one.options))
    return Question(one.query, tuple(one.options[i] for i in order), int(np.argmax(order == one.right)))


class Tables:
    """The tables of an application, opened when they are first played on."""

    def __init__(self) -> None:
        self._open: dict[str, Table] = {}
        self._lock = threading.Lock()

    def get(self, context: AppContext, name: str) -> Table:
        """A table by its name.

        Raises:
            PageError: none is called so (404), or nothing can be played on it (400).
            JudgmentError: it cannot be read.
        """
        from lookalike.judgments import open_judgments

        place = names_of(context.settings.pairs).get(name)
        if place is None:
            raise PageError.of(404, "no_table")
        with self._lock:
            if name not in self._open:
                table: Any = open_judgments(place)
                if table.kind == "triplet-answers":
                    table = table.votes()
                if table.kind not in ("pairs", "triplets", "forced-choice"):
                    raise PageError.of(400, "wrong_table", name=name, kind=table.kind)
                self._open[name] = Table(name, table)
            return self._open[name]


def table_of(context: AppContext, name: str) -> Table:
    """See `Tables.get`."""
    return shelf(context, Tables).get(context, name)


def choice_of(context: AppContext, one: Machine, table: Table, question: Question) -> int | None:
    """The option nearest to the query for an encoder; None where it has no vector for one of them."""
    from lookalike.similarity.vectors import cosine

    images = [str(table.path(content)) for content in (question.query, *question.options)]
    rows = context.encoder(one.spec).embed(images)
    distances = np.array([float(cosine(rows[0], row)) for row in rows[1:]])
    return int(np.argmin(distances)) if np.isfinite(distances).all() else None
