"""What is measured with and without an attribute: agreement with people, item by item, and distances of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.ablation_vectors import Vectors, row_distances
from lookalike.benchmarks.recall import RANKS, ranks_in_blocks, recall_of
from lookalike.benchmarks.statistics import Clusters, Estimate
from lookalike.benchmarks.two_afc import two_afc
from lookalike.errors import BenchmarkError
from lookalike.similarity import Metric

if TYPE_CHECKING:
    from lookalike.judgments import Judgments, PairTable, TripletTable

RECALL_AT = 10
"""The k of the recall that stands for agreement on pairs; the others are in ``more``."""


@dataclass(frozen=True)
class Score:
    """One measurement on all items.

    Attributes:
        agreement: 2AFC score (vote-weighted) or recall at RECALL_AT, a share in [0, 1].
        items: float64 (n,), each item's share.
        distances: float64 (n,), distance of each item's pair (of a triplet: the mean of reference to a and to b).
        more: further figures for JSON.
    """

    agreement: Estimate
    items: NDArray[np.float64]
    distances: NDArray[np.float64]
    more: dict[str, Any] = field(default_factory=dict)


class Task(Protocol):
    """A table seen as questions to an encoder."""

    measure: str
    weights: NDArray[np.float64] | None
    clusters: Clusters | None

    @property
    def first(self) -> list[str]:
        """Images that are ablated on side "one": references, or left images."""

    @property
    def others(self) -> list[str]:
        """Images that they are compared with."""

    def score(self, first: Vectors, others: Vectors) -> Score:
        """Measure with these embeddings."""


class TripletTask:
    """2AFC on triplets that have votes."""

    measure = "2AFC score"

    def __init__(self, table: TripletTable, metric: Metric, seed: int) -> None:
        votes = np.stack([table.array("votes_a"), table.array("votes_b")], axis=1).astype(np.float64)
        answered = votes.sum(axis=1) > 0
        if not answered.any():
            raise BenchmarkError("no triplet of the table has a vote, so there is nothing to agree with")
        kept = table.select(answered)
        self.votes = votes[answered]
        self.weights: NDArray[np.float64] | None = self.votes.sum(axis=1)
        self.reference, self.a, self.b = (kept.column(name) for name in ("reference", "a", "b"))
        self.clusters = Clusters.of(self.reference, "reference images")
        self.metric, self.seed = metric, seed

    @property
    def first(self) -> list[str]:
        return self.reference

    @property
    def others(self) -> list[str]:
        return self.a + self.b

    def score(self, first: Vectors, others: Vectors) -> Score:
        reference = first.of(self.reference)
        d_a = row_distances(reference, others.of(self.a), self.metric)
        d_b = row_distances(reference, others.of(self.b), self.metric)
        found = two_afc(d_a, d_b, self.votes[:, 0], self.votes[:, 1], clusters=self.clusters, seed=self.seed)
        more: dict[str, Any] = {"score_by_item": found.score_by_item.value}
        if found.majority is not None:
            more["majority"] = found.majority.value
        return Score(found.score, found.items, (d_a + d_b) / 2, more)


class PairTask:
    """Recall on pairs: left images as queries among all right ones."""

    measure = f"recall@{RECALL_AT}"

    def __init__(self, table: PairTable, metric: Metric, seed: int) -> None:
        self.left, self.right = table.column("left"), table.column("right")
        self.weights: NDArray[np.float64] | None = None
        self.clusters: Clusters | None = None
        self.metric, self.seed = metric, seed

    @property
    def first(self) -> list[str]:
        return self.left

    @property
    def others(self) -> list[str]:
        return self.right

    def score(self, first: Vectors, others: Vectors) -> Score:
        left, right = first.of(self.left), others.of(self.right)
        found = recall_of(ranks_in_blocks(left, right, self.metric), seed=self.seed, ks=(*RANKS, RECALL_AT))
        more = {
            "recall": {str(k): found.at[k].value for k in sorted(found.at)},
            "median_rank": found.median_rank,
            "mean_reciprocal_rank": found.reciprocal_rank.value,
        }
        return Score(
            found.at[RECALL_AT], found.hits(RECALL_AT), row_distances(left, right, self.metric), more
        )


def task_of(table: Judgments, metric: Metric, seed: int) -> Task:
    """The questions of a table of pairs, triplets or answers to triplets.

    Raises:
        BenchmarkError: an empty table or one of another kind.
    """
    from lookalike.judgments import PairTable, TripletAnswers, TripletTable

    if not len(table):
        raise BenchmarkError("the table is empty, so there is nothing to ablate")
    if isinstance(table, TripletAnswers):
        table = table.votes()
    if isinstance(table, TripletTable):
        return TripletTask(table, metric, seed)
    if isinstance(table, PairTable):
        return PairTask(table, metric, seed)
    raise BenchmarkError(f"attributes can be ablated on pairs or triplets, not on a table of {table.kind}")


def random_pairs(
    first: Sequence[str], others: Sequence[str], seed: int, most: int = 4000
) -> tuple[list[str], list[str]]:
    """Pairs of different images drawn at random, as two lists of content ids.

    Raises:
        BenchmarkError: there are fewer than two images.
    """
    rng = np.random.default_rng([seed, 3])
    left, right = sorted(set(first)), sorted(set(others))
    drawn = zip(rng.integers(len(left), size=most), rng.integers(len(right), size=most), strict=True)
    pairs = [(left[i], right[j]) for i, j in drawn if left[i] != right[j]]
    if len(pairs) < 2:
        raise BenchmarkError("an ablation needs several images to compare distances with")
    return [one for one, _ in pairs], [other for _, other in pairs]
