"""Noise ceilings: how well anything could do against these people, by estimators that few votes do not bias.

The plug-in p^2 + (1 - p)^2 with p an item's observed share is too high with few votes: a coin reads 0.60 with five
votes, 0.67 with three, 0.75 with two. Pairwise agreement (:mod:`.consensus`) is unbiased at any number from two on; so
are the two here for what they say of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.resampling import interval
from lookalike.benchmarks.statistics import Clusters, Estimate, bootstrap_mean

SPLITS = 1000


@dataclass(frozen=True)
class Ceilings:
    """What a machine's figures are to be read against; shares in [0, 1], intervals over items.

    Attributes:
        leave_one_out: one person against the mode of the others on the same item (ties shared): what a typical person
            reaches, each answer once.
        pairwise: two people agree (each item once).
        modal: a machine that always gives the most frequent answer, judged on the very votes that made it: an upper
            bound, too high with few votes.
        split_half: reliability of the items' vote shares (or mean ratings) with all their answers: the mean over random
            splits of the correlation of two halves, stepped up by Spearman and Brown's formula. Divide a machine's
            correlation by its square root. None with fewer than four items answered twice.
        repeated: items answered at least twice, on which all but ``modal`` rest.
        splits: how many random splits.
    """

    leave_one_out: Estimate | None
    pairwise: Estimate | None
    modal: Estimate | None
    split_half: Estimate | None
    repeated: int
    splits: int = SPLITS

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("leave_one_out", "pairwise", "modal", "split_half")
        found = {name: getattr(self, name) for name in names}
        plain = {name: None if one is None else one.to_dict() for name, one in found.items()}
        return {**plain, "repeated": self.repeated, "splits": self.splits}


def leave_one_out(
    votes: NDArray[np.int64], *, clusters: Clusters | None = None, seed: int = 0
) -> Estimate | None:
    """One answer against the mode of the item's others, over all answers to items answered at least twice.

    Args:
        votes: int (I, k), how many chose each option.
        clusters: items that share a query, drawn as wholes; None: each by itself.
        seed: of the bootstrap over items.

    Returns:
        None where no item has two answers.
    """
    counts = np.asarray(votes, dtype=np.int64)
    twice = counts.sum(axis=1) >= 2
    if not twice.any():
        return None
    some = None if clusters is None else clusters.select(twice)
    counts = counts[twice]
    return bootstrap_mean(agree_with_others(counts), counts.sum(axis=1), clusters=some, seed=seed)


def agree_with_others(votes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean agreement of an item's answers with the mode of its others, ties shared: float64 (I,)."""
    total = votes.sum(axis=1)
    found = np.zeros(len(votes))
    for k in range(votes.shape[1]):
        found += votes[:, k] * _one_against(votes, k)
    return np.asarray(found / total)


def _one_against(votes: NDArray[np.int64], option: int) -> NDArray[np.float64]:
    """Agreement of one person who chose ``option`` with the mode of the others."""
    others = votes.astype(np.float64)
    others[:, option] -= 1
    best = others.max(axis=1, keepdims=True)
    ties = (others == best).sum(axis=1)
    return np.asarray(np.where((others[:, option] == best[:, 0]) & (votes[:, option] > 0), 1 / ties, 0.0))


def split_half_votes(
    item: NDArray[np.intp],
    chosen: NDArray[np.int64],
    choices: NDArray[np.int64],
    *,
    seed: int = 0,
    splits: int = SPLITS,
) -> Estimate | None:
    """Reliability of vote shares: over all options of all items, each share less 1 / K.

    Args:
        item: intp (n,), item of each answer.
        chosen: int64 (n,), its option.
        choices: int64 (I,), options of each item.
        seed: of splits and interval.
        splits: at least a thousand for a stable third decimal.
    """
    width = int(choices.max(initial=0))
    use = np.arange(width) < choices[:, None]
    level = 1 / np.maximum(choices, 1)[:, None]

    def shares(rows: NDArray[np.intp], m: NDArray[np.int64]) -> NDArray[np.float64]:
        flat = np.bincount(item[rows] * width + chosen[rows], minlength=len(choices) * width)
        return np.where(use, flat.reshape(len(choices), width) / np.maximum(m, 1)[:, None] - level, 0.0)

    return _split_half(item, len(choices), shares, False, seed, splits)


def split_half_means(
    item: NDArray[np.intp], value: NDArray[np.float64], items: int, *, seed: int = 0, splits: int = SPLITS
) -> Estimate | None:
    """Reliability of the items' mean values (ratings); arguments as in :func:`split_half_votes`."""

    def means(rows: NDArray[np.intp], m: NDArray[np.int64]) -> NDArray[np.float64]:
        return (np.bincount(item[rows], value[rows], items) / np.maximum(m, 1))[:, None]

    return _split_half(item, items, means, True, seed, splits)


def _split_half(
    item: NDArray[np.intp], items: int, score: Any, center: bool, seed: int, splits: int
) -> Estimate | None:
    """Mean over splits of the stepped-up correlation; the interval draws items anew in each split."""
    total = np.bincount(item, minlength=items)
    answers = np.flatnonzero(total[item] >= 2)
    answers = answers[np.argsort(item[answers], kind="stable")]
    total = np.where(total >= 2, total, 0)
    half = total // 2  # with an odd number one answer sits out, so that both halves are alike
    used = half > 0
    if used.sum() < 4:
        return None
    factor = float(total[used].mean() / half[used].mean())
    of = item[answers]
    place, m = np.arange(len(of)) - (np.cumsum(total) - total)[of], half[of]
    in_a, in_b = place < m, (place >= m) & (place < 2 * m)
    rng = np.random.default_rng(seed)
    found, drawn = [], []
    for _ in range(splits):
        order = answers[np.argsort(of + rng.random(len(of)))]  # shuffled within each item
        a, b = score(order[in_a], half)[used], score(order[in_b], half)[used]
        found.append(_correlate(a, b, center))
        some = rng.integers(0, len(a), len(a))
        drawn.append(_correlate(a[some], b[some], center))
    # The mean comes first and the step up second: the formula is curved, and averaging after it is biased down.
    value = _stepped_up(float(np.nanmean(found)), factor) if np.isfinite(found).any() else float("nan")
    if np.isnan(value):
        return None
    low, high = interval(np.array([_stepped_up(r, factor) for r in drawn if np.isfinite(r)]))
    method = f"{splits} random halves, Spearman-Brown; items drawn anew in each"
    return Estimate(value, min(low, value), max(high, value), int(used.sum()), method)


def _correlate(a: NDArray[np.float64], b: NDArray[np.float64], center: bool) -> float:
    if center:
        a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / length if length > 0 else float("nan")


def _stepped_up(r: float, factor: float) -> float:
    """Spearman and Brown: reliability of ``factor`` times as many answers; a correlation near -1 has none."""
    below = 1 + (factor - 1) * r
    return max(-1.0, factor * r / below) if below > 1e-9 else -1.0
