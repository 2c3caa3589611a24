"""How well people agree with people: what an encoder could reach at most.

From counts of votes alone, so that it can be said of any table of triplets. Three answers to the same question:

- **majority oracle**: one that always gives each triplet's majority answer; share of all answers it agrees with.
  No encoder can score higher.
- **leave one out**: one person's answer against the majority of the others on that triplet (a tie counts half), over
  all answers to triplets answered at least twice. What a typical person reaches.
- **pairwise agreement**: the share of pairs of answers that agree, averaged over triplets answered at least twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike.benchmarks.resampling import check_clusters
from lookalike.benchmarks.statistics import Clusters, Estimate, bootstrap_mean
from lookalike.benchmarks.two_afc import check_votes
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class Ceiling:
    """Agreement among people; shares in [0, 1], bootstrap intervals over triplets, or over clusters of them.

    Attributes:
        majority_oracle: share of single answers that equal their triplet's majority.
        majority_oracle_by_item: mean over triplets of the majority's share (ceiling of ``score_by_item``).
        leave_one_out: one answer against the majority of the others; None when no triplet has two answers.
        pairwise_agreement: two answers to one triplet agree; None as above.
        repeated: triplets answered at least twice, on which the last two rest.
    """

    majority_oracle: Estimate
    majority_oracle_by_item: Estimate
    leave_one_out: Estimate | None
    pairwise_agreement: Estimate | None
    repeated: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "majority_oracle": self.majority_oracle.to_dict(),
            "majority_oracle_by_item": self.majority_oracle_by_item.to_dict(),
            "leave_one_out": self.leave_one_out.to_dict() if self.leave_one_out else None,
            "pairwise_agreement": self.pairwise_agreement.to_dict() if self.pairwise_agreement else None,
            "repeated": self.repeated,
        }


def two_afc_ceiling(
    votes_a: ArrayLike, votes_b: ArrayLike, *, clusters: Clusters | None = None, seed: int = 0
) -> Ceiling:
    """Human ceilings of a table of two-alternative choices.

    Args:
        votes_a: (n,) whole numbers: how many people chose a. The same reference with a and b swapped must have been
            counted together before (``TripletAnswers.votes()`` does).
        votes_b: (n,) how many chose b.
        clusters: which triplets belong together; None: each by itself.
        seed: of the bootstrap.

    Raises:
        BenchmarkError: votes that are negative, not whole, of differing lengths, or none at all.
    """
    a, b = check_votes(votes_a, votes_b)
    if not (np.all(a == np.round(a)) and np.all(b == np.round(b))):
        raise BenchmarkError("human ceilings need counts of votes, not shares: give whole numbers")
    check_clusters(clusters, len(a))
    answered = a + b > 0
    group = None if clusters is None else clusters.select(answered)
    a, b = a[answered], b[answered]
    n = a + b
    share = np.maximum(a, b) / n
    twice = n >= 2
    loo = pairs = None
    if twice.any():
        x, y, m = a[twice], b[twice], n[twice]
        some = None if group is None else group.select(twice)
        others = (x * _beats(x - 1, y) + y * _beats(y - 1, x)) / m
        loo = bootstrap_mean(others, m, clusters=some, seed=seed)
        pairs = bootstrap_mean((x * (x - 1) + y * (y - 1)) / (m * (m - 1)), clusters=some, seed=seed)
    return Ceiling(
        majority_oracle=bootstrap_mean(share, n, clusters=group, seed=seed),
        majority_oracle_by_item=bootstrap_mean(share, clusters=group, seed=seed),
        leave_one_out=loo,
        pairwise_agreement=pairs,
        repeated=int(twice.sum()),
    )


def explainable(score: float, ceiling: Ceiling | float) -> float:
    """How much of the agreement that can be explained is: (score - 0.5) / (majority oracle - 0.5).

    0 is chance, 1 is as good as always giving the majority's answer; below chance it is negative.

    Args:
        score: vote-weighted 2AFC score, in [0, 1].
        ceiling: of the same triplets, or the majority oracle's share itself.

    Raises:
        BenchmarkError: people agree no better than chance, so nothing can be explained.
    """
    top = ceiling.majority_oracle.value if isinstance(ceiling, Ceiling) else float(ceiling)
    if top <= 0.5:
        raise BenchmarkError("people's votes are tied on every triplet, so there is no agreement to explain")
    return (score - 0.5) / (top - 0.5)


def _beats(own: Any, other: Any) -> Any:
    """1 where ``own`` votes win, 0.5 where they tie, 0 where they lose."""
    return np.where(own > other, 1.0, np.where(own == other, 0.5, 0.0))
