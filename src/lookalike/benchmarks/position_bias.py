"""Do people choose by place? Counts of the places chosen, against chance.

In the Totally-Looks-Like study the first of five options was chosen most and the last least (Rosenfeld et al. 2018,
section 4.3: 627, 522, 465, 395, 391 of 2,400; chi-square 80.7, 4 degrees of freedom).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.statistics import Estimate, bootstrap_mean
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class PositionBias:
    """How often each place was chosen.

    Attributes:
        counts: answers for each place, first place first.
        shares: the same in [0, 1].
        chi_square: Pearson's statistic against equal counts.
        df: its degrees of freedom, places - 1.
        p: probability of a statistic as large when every answer falls on each place alike, independently.
        first: share of the first place with an interval; whole participants are resampled where they are known,
            because the answers of one person are not independent.
        participants: how many people answered; None where that is not known.
    """

    counts: tuple[int, ...]
    shares: tuple[float, ...]
    chi_square: float
    df: int
    p: float
    first: Estimate
    participants: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "counts": list(self.counts),
            "shares": list(self.shares),
            "chi_square": self.chi_square,
            "df": self.df,
            "p": self.p,
            "first": self.first.to_dict(),
            "participants": self.participants,
        }


def position_bias(
    chosen: ArrayLike, places: int = 2, participants: Sequence[Any] | None = None, *, seed: int = 0
) -> PositionBias:
    """Counts of the places that people chose, with Pearson's chi-square test by SciPy.

    Args:
        chosen: int (n,) in 0 .. places - 1, one for each answer; 0 is the first (left) place.
        places: how many there were to choose from.
        participants: n names of who answered, or None.
        seed: of the bootstrap interval.

    Raises:
        BenchmarkError: no answers, a place out of range, or names for another number of answers.
    """
    from scipy.stats import chisquare

    at = np.asarray(chosen)
    if at.ndim != 1 or at.size == 0:
        raise BenchmarkError(f"position bias needs one chosen place for each answer, got shape {at.shape}")
    at = at.astype(np.int64)
    if places < 2 or at.min() < 0 or at.max() >= places:
        raise BenchmarkError(
            f"chosen places must lie in 0..{places - 1}, got {at.min()}..{at.max()}; count places from 0"
        )
    counts = np.bincount(at, minlength=places)
    test = chisquare(counts)
    first, people = _first_place(at, participants, seed)
    return PositionBias(
        tuple(int(count) for count in counts),
        tuple(float(share) for share in counts / at.size),
        float(test.statistic),
        places - 1,
        float(test.pvalue),
        first,
        people,
    )


def _first_place(
    at: NDArray[np.int64], participants: Sequence[Any] | None, seed: int
) -> tuple[Estimate, int | None]:
    hits = (at == 0).astype(np.float64)
    if participants is None:
        return bootstrap_mean(hits, seed=seed), None
    if len(participants) != at.size:
        raise BenchmarkError(
            f"{len(participants)} participants are named for {at.size} answers; name one each"
        )
    _, who = np.unique(np.asarray([str(name) for name in participants]), return_inverse=True)
    answers = np.bincount(who).astype(np.float64)
    means = np.bincount(who, weights=hits) / answers
    return bootstrap_mean(means, weights=answers, seed=seed), len(answers)
