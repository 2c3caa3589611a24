"""Trained against untouched on held-out rows, in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lookalike.benchmarks.paired_tests import PairedTest
from lookalike.training.data_measures import Score, compare_scores


@dataclass(frozen=True)
class Comparison:
    """What training changed.

    Attributes:
        rows: ``test`` or ``validation``.
        trained: figure of the trained network.
        untouched: figure of the encoder as it was, on the same rows; for a network from scratch, of its random start.
        difference: trained minus untouched with its paired interval and p.
    """

    rows: str
    trained: Score
    untouched: Score
    difference: PairedTest

    @property
    def better(self) -> bool:
        """True when the interval of the difference excludes no change, in the good direction."""
        estimate = self.difference.difference
        return estimate.low > 0 if self.trained.higher_is_better else estimate.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "rows": self.rows,
            "trained": self.trained.to_dict(),
            "untouched": self.untouched.to_dict(),
            "difference": self.difference.to_dict(),
            "better": self.better,
        }


def compare_runs(rows: str, trained: Score, untouched: Score, seed: int = 0) -> Comparison:
    """Both figures and their paired difference (McNemar or sign-flip test, bootstrap interval).

    Raises:
        TrainingError: the two are not figures of the same rows.
    """
    return Comparison(rows, trained, untouched, compare_scores(trained, untouched, seed=seed))
