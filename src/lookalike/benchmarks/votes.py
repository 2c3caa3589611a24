"""Do people's up- and down-votes on a pair go with its distance? (TLL paper, section 4: r = 0.023 and -0.068.)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.statistics import CorrelationEstimate, correlation
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class VoteCorrelation:
    """Correlations of a pair's distance with its votes; None where no votes of that kind were given.

    Attributes:
        up_pearson, up_spearman: with up-votes.
        down_pearson, down_spearman: with down-votes.
        left_out: pairs left out because their distance is +inf or their vote is missing, (up, down).
        notes: why a column that is there has no correlation (too few pairs, or everybody voted alike).
    """

    up_pearson: CorrelationEstimate | None
    up_spearman: CorrelationEstimate | None
    down_pearson: CorrelationEstimate | None
    down_spearman: CorrelationEstimate | None
    left_out: tuple[int, int]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""

        def plain(estimate: CorrelationEstimate | None) -> dict[str, Any] | None:
            return None if estimate is None else estimate.to_dict()

        return {
            "up": {"pearson": plain(self.up_pearson), "spearman": plain(self.up_spearman)},
            "down": {"pearson": plain(self.down_pearson), "spearman": plain(self.down_spearman)},
            "left_out": {"up": self.left_out[0], "down": self.left_out[1]},
            "notes": list(self.notes),
        }


def vote_correlation(
    distances_of_pairs: ArrayLike, up: ArrayLike | None, down: ArrayLike | None, *, seed: int = 0
) -> VoteCorrelation:
    """Correlate each pair's own distance with its votes.

    Args:
        distances_of_pairs: (n,) distance of each pair's left and right image; pairs at +inf are left out.
        up: (n,) up-votes, NaN or None where unknown; None: there are none.
        down: (n,) down-votes, likewise.
        seed: of the bootstrap behind Spearman's interval.

    Raises:
        BenchmarkError: neither kind of votes, or lengths that differ.
    """
    if up is None and down is None:
        raise BenchmarkError("this table of pairs has neither up- nor down-votes to correlate with")
    d = np.asarray(distances_of_pairs, dtype=np.float64)
    up_found, up_left_out, up_notes = _both("up-votes", d, up, seed)
    down_found, down_left_out, down_notes = _both("down-votes", d, down, seed)
    return VoteCorrelation(*up_found, *down_found, (up_left_out, down_left_out), (*up_notes, *down_notes))


_Two = tuple[CorrelationEstimate | None, CorrelationEstimate | None]


def _both(
    name: str, d: NDArray[np.float64], column: ArrayLike | None, seed: int
) -> tuple[_Two, int, tuple[str, ...]]:
    if column is None:
        return (None, None), len(d), ()
    votes = np.asarray(column, dtype=np.float64)  # None becomes NaN
    if d.ndim != 1 or votes.shape != d.shape:
        raise BenchmarkError(f"{len(d)} distances of pairs were given, but {votes.shape} {name}")
    kept = np.isfinite(d) & np.isfinite(votes)
    left_out = int(np.sum(~kept))
    try:
        pearson = correlation(d[kept], votes[kept])
        spearman = correlation(d[kept], votes[kept], "spearman", seed=seed)
    except BenchmarkError as error:  # this column alone cannot be correlated
        return (None, None), left_out, (f"{name}: {error}",)
    return (pearson, spearman), left_out, ()
