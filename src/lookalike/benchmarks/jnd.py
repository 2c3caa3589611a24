"""Just noticeable differences: do small distances go with pairs that people cannot tell apart?

Pairs are sorted by distance; at each cut-off, precision is the share of people's "same" answers among the pairs up to
there and recall the share of all "same" answers found. The score is the area under the precision-recall curve as
PASCAL VOC defines it since 2010: at each recall, precision is the highest reached at that recall or beyond (the
envelope), and the area under those steps is exact, without sampling. Zhang et al. 2018 (LPIPS) and Fu, Tamir,
Sundaram et al. 2023 (DreamSim) report this as JND mAP. With one difference: pairs at the same distance enter together
here, so that their order in the file never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.statistics import RESAMPLES, Estimate, bootstrap_statistic
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class Jnd:
    """Agreement with people's "same" and "different".

    Attributes:
        score: area under the precision-recall curve, in [0, 1], with a bootstrap interval over pairs.
        chance: share of "same" answers, the area that distances without any information have on average.
        precision: float64 (c,) at each of the c distinct distances, nearest first.
        recall: float64 (c,) likewise.
    """

    score: Estimate
    chance: float
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; no curve."""
        return {
            "score": self.score.value,
            "interval": self.score.ends,
            "chance": self.chance,
            "pairs": self.score.n,
        }


def jnd(distances: ArrayLike, same_share: ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES) -> Jnd:
    """Score distances of pairs against the share of people who called each pair the same.

    Args:
        distances: (n,); +inf is allowed, NaN is not.
        same_share: (n,) in [0, 1]; fractions count as fractions of a pair, as LPIPS does.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Raises:
        BenchmarkError: lengths that differ, no pairs, NaN, shares outside [0, 1], or nobody ever said "same".
    """
    d, same = np.asarray(distances, dtype=np.float64), np.asarray(same_share, dtype=np.float64)
    if d.ndim != 1 or d.shape != same.shape or len(d) == 0:
        raise BenchmarkError(
            f"JND needs a distance and a share for each pair, got {d.shape} and {same.shape}"
        )
    if np.isnan(d).any() or np.isnan(same).any():
        raise BenchmarkError("a distance or a share of 'same' answers is NaN")
    if same.min() < 0 or same.max() > 1:
        raise BenchmarkError("shares of 'same' answers must lie in [0, 1]")
    if same.sum() == 0:
        raise BenchmarkError(f"nobody called any of these {len(d)} pairs the same, so there is no recall")
    order = np.argsort(d, kind="stable")
    d, same = d[order], same[order]
    precision, found = precision_recall(d, same)

    def area(rows: NDArray[np.int64]) -> float:
        rows = np.sort(rows)  # the pairs are sorted by distance already
        return area_under(*precision_recall(d[rows], same[rows])) if same[rows].sum() > 0 else float("nan")

    score = bootstrap_statistic(len(d), area, seed=seed, resamples=resamples)
    return Jnd(score, float(same.mean()), precision, found)


def precision_recall(
    distances: NDArray[np.float64], same: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(precision, recall) after each distinct distance, of pairs sorted by distance; ``same`` must not sum to 0."""
    with np.errstate(invalid="ignore"):  # inf - inf, between pairs that are never found
        last = np.append(distances[1:] != distances[:-1], True)
    hits = np.cumsum(same)
    return (hits / np.arange(1, len(same) + 1))[last], np.minimum(hits / hits[-1], 1.0)[last]


def area_under(precision: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Area under the envelope: each step of recall times the highest precision from there on."""
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(found, prepend=0.0) * envelope))
