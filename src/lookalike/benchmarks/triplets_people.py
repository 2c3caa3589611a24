"""Raw answers to triplets: an encoder's agreement with an interval over the people who answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.statistics import Clusters, Estimate, bootstrap_mean

if TYPE_CHECKING:
    from lookalike.benchmarks.triplets_encoders import ImageVectors
    from lookalike.judgments import TripletAnswers, TripletTable

PEOPLE = "participants"


@dataclass(frozen=True)
class PeoplesAnswers:
    """The single answers behind a table of votes.

    Attributes:
        reference, a, b: content ids of the n answers' images.
        chose_a: bool (n,), who chose a.
        people: who answered which.
    """

    reference: list[str]
    a: list[str]
    b: list[str]
    chose_a: NDArray[np.bool_]
    people: Clusters

    @classmethod
    def of(cls, answers: TripletAnswers, votes: TripletTable) -> PeoplesAnswers | None:
        """The answers to the triplets in ``votes``; None where people are not told apart, or each answered once."""
        kept = {_key(*one) for one in zip(*(votes.column(n) for n in ("reference", "a", "b")), strict=True)}
        columns = [answers.column(name) for name in ("reference", "a", "b")]
        keep = np.array([_key(*one) in kept for one in zip(*columns, strict=True)], dtype=bool)
        some = answers.select(keep)
        people = Clusters.of([str(name) for name in some.column("participant")], PEOPLE)
        if people is None:
            return None
        reference, a, b = (some.column(name) for name in ("reference", "a", "b"))
        return cls(reference, a, b, some.array("chosen") == 0, people)

    def agreement(self, made: ImageVectors, *, seed: int = 0) -> Estimate:
        """The vote-weighted score of an encoder, whole participants drawn for its interval; ties of distance half."""
        d_a, d_b = made.distances(self.reference, self.a), made.distances(self.reference, self.b)
        nearer = np.where(d_a < d_b, 1.0, np.where(d_a == d_b, 0.5, 0.0))
        return bootstrap_mean(np.where(self.chose_a, nearer, 1 - nearer), clusters=self.people, seed=seed)


def _key(reference: str, a: str, b: str) -> tuple[str, str, str]:
    return (reference, a, b) if a < b else (reference, b, a)
