"""Two-alternative forced choice: which of a and b looks more like the reference, machine against votes.

With p the share of people who chose b, a triplet scores [d_a < d_b] (1 - p) + [d_b < d_a] p + 0.5 [d_a = d_b]
(Zhang et al. 2018, LPIPS, section 4; Fu, Tamir, Sundaram et al. 2023, DreamSim, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.resampling import check_clusters
from lookalike.benchmarks.statistics import (
    Clusters,
    Estimate,
    bootstrap_mean,
    clustered_proportion,
)
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class MarginRow:
    """Agreement with the majority on the triplets whose votes differ by ``margin``."""

    margin: int
    triplets: int
    agreement: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"margin": self.margin, "triplets": self.triplets, "agreement": self.agreement.to_dict()}


@dataclass(frozen=True)
class TwoAfc:
    """How often an encoder chooses as people do; all figures are shares in [0, 1], ties of distance count half.

    Attributes:
        score: vote-weighted: share of all single answers that the encoder agrees with (bootstrap over clusters of
            triplets where they were given, else over triplets).
        score_over_items: the same figure with the interval that takes triplets for independent.
        score_by_item: mean over triplets of the share of people it agrees with, each triplet once: what LPIPS and
            DreamSim report (bootstrap as for ``score``).
        majority: share of triplets on which it chooses as the majority; triplets with tied votes are left out
            (Wilson, or bootstrap over clusters). None when the votes of every triplet are tied.
        by_margin: the same by how many votes the two options differ, smallest margin first.
        items: float64 (n,), share of each triplet's voters it agrees with (for paired tests).
        votes: float64 (n,), number of voters of each triplet (weights of the same).
        tied_distances: triplets on which the encoder cannot choose.
        tied_votes: triplets without a majority.
        without_votes: triplets that nobody answered; they are in none of the figures nor in ``items``.
    """

    score: Estimate
    score_over_items: Estimate
    score_by_item: Estimate
    majority: Estimate | None
    by_margin: list[MarginRow]
    items: NDArray[np.float64]
    votes: NDArray[np.float64]
    tied_distances: int
    tied_votes: int
    without_votes: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without the arrays."""
        return {
            "score": self.score.value,
            "interval": self.score.ends,
            "interval_method": self.score.method,
            "interval_items": self.score_over_items.ends,
            "score_by_item": self.score_by_item.to_dict(),
            "majority": None if self.majority is None else self.majority.value,
            "majority_interval": None if self.majority is None else self.majority.ends,
            "by_margin": [row.to_dict() for row in self.by_margin],
            "triplets": len(self.items),
            "answers": int(self.votes.sum()),
            "tied_distances": self.tied_distances,
            "tied_votes": self.tied_votes,
            "without_votes": self.without_votes,
        }


def two_afc(
    d_a: ArrayLike,
    d_b: ArrayLike,
    votes_a: ArrayLike,
    votes_b: ArrayLike,
    *,
    clusters: Clusters | None = None,
    seed: int = 0,
) -> TwoAfc:
    """Score distances against votes.

    Args:
        d_a: (n,) distance of the reference to a; +inf is allowed (two of them tie), NaN is not.
        d_b: (n,) to b.
        votes_a: (n,) how many people chose a; a share and its complement do as well (then ``score`` and
            ``score_by_item`` are the same).
        votes_b: (n,) how many chose b.
        clusters: which triplets belong together, such as those with one reference image; None: each by itself.
        seed: of the bootstrap.

    Raises:
        BenchmarkError: lengths that differ, NaN, negative votes, or no votes at all.
    """
    near, far = _distances(d_a, d_b)
    a, b = check_votes(votes_a, votes_b)
    if len(near) != len(a):
        raise BenchmarkError(f"{len(near)} distances were given for {len(a)} triplets")
    answered = a + b > 0
    check_clusters(clusters, len(near))
    near, far, a, b = near[answered], far[answered], a[answered], b[answered]
    group = None if clusters is None else clusters.select(answered)
    chose_a = np.where(near < far, 1.0, np.where(near == far, 0.5, 0.0))
    items = (chose_a * a + (1 - chose_a) * b) / (a + b)
    decided = a != b
    agrees = np.where(a > b, chose_a, 1 - chose_a)
    return TwoAfc(
        score=bootstrap_mean(items, a + b, clusters=group, seed=seed),
        score_over_items=bootstrap_mean(items, a + b, seed=seed),
        score_by_item=bootstrap_mean(items, clusters=group, seed=seed),
        majority=_proportion(agrees, decided, group, seed) if decided.any() else None,
        by_margin=_by_margin(np.abs(a - b), agrees, group, seed),
        items=items,
        votes=a + b,
        tied_distances=int(np.sum(near == far)),
        tied_votes=int(np.sum(~decided)),
        without_votes=int(np.sum(~answered)),
    )


def check_votes(votes_a: ArrayLike, votes_b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two columns of votes as float64 (n,).

    Raises:
        BenchmarkError: lengths that differ, votes below 0 or not finite, or not a single vote.
    """
    a, b = np.asarray(votes_a, dtype=np.float64), np.asarray(votes_b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise BenchmarkError(
            f"votes for a and for b must be two columns of one length, got {a.shape} and {b.shape}"
        )
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        raise BenchmarkError("votes hold values that are not finite numbers")
    if len(a) and (a.min() < 0 or b.min() < 0):
        raise BenchmarkError("votes must be 0 or more")
    if (a + b).sum() == 0:
        raise BenchmarkError(f"there is not a single vote on these {len(a)} triplets")
    return a, b


def _distances(d_a: ArrayLike, d_b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    near, far = np.asarray(d_a, dtype=np.float64), np.asarray(d_b, dtype=np.float64)
    if near.ndim != 1 or near.shape != far.shape:
        raise BenchmarkError(f"distances to a and b must be of one length, got {near.shape} and {far.shape}")
    if np.isnan(near).any() or np.isnan(far).any():
        raise BenchmarkError("a distance is NaN; an embedding holds values that are not finite numbers")
    return near, far


def _proportion(
    hits: NDArray[np.float64], rows: NDArray[np.bool_], clusters: Clusters | None, seed: int
) -> Estimate:
    group = None if clusters is None else clusters.select(rows)
    return clustered_proportion(hits[rows], group, seed=seed)


def _by_margin(
    margins: NDArray[np.float64], agrees: NDArray[np.float64], clusters: Clusters | None, seed: int
) -> list[MarginRow]:
    """One row for each whole margin; shares instead of votes give no table."""
    if not np.all(margins == np.round(margins)):
        return []
    return [
        MarginRow(int(margin), int(rows.sum()), _proportion(agrees, rows, clusters, seed))
        for margin in np.unique(margins[margins > 0])
        for rows in [margins == margin]
    ]
