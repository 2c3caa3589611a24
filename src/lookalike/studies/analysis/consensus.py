"""How far people agree: the modal answer's share, pairwise agreement and free-marginal kappa.

Each item may have its own options, so what "option 2" is differs from item to item. Marginals over items mean nothing
there, and Fleiss' kappa or Krippendorff's alpha, which correct for chance by them, depend on how the options happen to
be numbered. Randolph's free-marginal kappa (Randolph 2005) takes 1 / K for chance and does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.statistics import Clusters, Estimate, bootstrap_mean
from lookalike.errors import StudyError

BINS = 10


@dataclass(frozen=True)
class Agreement:
    """Agreement on items with a choice that were answered twice or more; intervals resample items; None without such.

    Attributes:
        modal_share: mean over items of the share of the most frequent answer. Too high with few votes: a coin that
            five people throw reads 0.69.
        majority: share of items on which more than half of the answers are alike (TLL, section 4.3: 87 %).
        unanimous: share of items on which all are.
        pairwise: two answers to one item agree: sum of n_k (n_k - 1) / (W (W - 1)), unbiased at any W >= 2.
        kappa: free-marginal kappa, (pairwise - 1/K) / (1 - 1/K), item by item.
        items: float64 (I,), the modal share of each item (NaN where nobody answered).
        votes: int64 (I,), answers to each item.
        distribution: figure 5a: (label, items) from least to most agreement. By number of agreeing answers where
            every item has equally many, else by tenths of the share.
    """

    modal_share: Estimate | None
    majority: Estimate | None
    unanimous: Estimate | None
    pairwise: Estimate | None
    kappa: Estimate | None
    items: NDArray[np.float64]
    votes: NDArray[np.int64]
    distribution: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without the arrays."""
        estimates = ("modal_share", "majority", "unanimous", "pairwise", "kappa")
        found: dict[str, Any] = {
            name: None if getattr(self, name) is None else getattr(self, name).to_dict() for name in estimates
        }
        return {**found, "distribution": [{"agree": label, "items": n} for label, n in self.distribution]}


def agreement(
    votes: NDArray[np.int64], choices: NDArray[np.int64], *, clusters: Clusters | None = None, seed: int = 0
) -> Agreement:
    """Agreement from counts of votes.

    Args:
        votes: int (I, k), how many chose each option; columns beyond an item's own hold 0.
        choices: int (I,), how many options each item has.
        clusters: items that share a query, drawn as wholes; None: each by itself.
        seed: of the bootstrap.

    Raises:
        StudyError: no item was answered.
    """
    counts = np.asarray(votes, dtype=np.int64)
    total = counts.sum(axis=1)
    answered = total > 0
    if not answered.any():
        raise StudyError("nobody answered any item with a choice, so there is no agreement to measure")
    shares = np.full(len(total), np.nan)
    shares[answered] = counts[answered].max(axis=1) / total[answered]
    if not (total >= 2).any():
        return Agreement(None, None, None, None, None, shares, total, ())
    twice = counts[total >= 2]
    n, most = twice.sum(axis=1), twice.max(axis=1)
    some = None if clusters is None else clusters.select(total >= 2)
    agree, chance = pair_agreement(twice), 1 / choices[total >= 2]
    return Agreement(
        bootstrap_mean(most / n, clusters=some, seed=seed),
        bootstrap_mean(2 * most > n, clusters=some, seed=seed),
        bootstrap_mean(most == n, clusters=some, seed=seed),
        bootstrap_mean(agree, clusters=some, seed=seed),
        bootstrap_mean((agree - chance) / (1 - chance), clusters=some, seed=seed),
        shares,
        total,
        _distribution(most, n),
    )


def pair_agreement(votes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of pairs of answers that agree, for each item with two answers or more: float64 (I,)."""
    n = votes.sum(axis=1)
    return np.asarray((votes * (votes - 1)).sum(axis=1) / (n * (n - 1)), dtype=np.float64)


def _distribution(most: NDArray[np.int64], n: NDArray[np.int64]) -> tuple[tuple[str, int], ...]:
    if np.ptp(n) == 0:
        answers = int(n[0])
        found = np.bincount(most, minlength=answers + 1)
        return tuple((f"{k}/{answers}", int(found[k])) for k in range(1, answers + 1))
    # A share at an edge belongs to the bin that it closes: 0.5 is not yet a majority.
    place = np.clip(np.ceil(most / n * BINS - 1e-9).astype(np.int64) - 1, 0, BINS - 1)
    found = np.bincount(place, minlength=BINS)
    return tuple((f"{k * 100 // BINS}-{(k + 1) * 100 // BINS} %", int(found[k])) for k in range(BINS))
