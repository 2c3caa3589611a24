"""What the cross-validation of a comparator found: recall, tests, ablation, weights, and reliability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.paired_tests import PairedTest
from lookalike.benchmarks.recall import RANKS, Recall

_BINS = 10


@dataclass(frozen=True)
class Reliability:
    """Are the probabilities of held-out pairs right, at even odds (a real pair for each chance pair)?

    Attributes:
        expected_error: mean difference between probability and share of real pairs over ten equal bins (ECE).
        brier: mean squared error of the probabilities.
        bins: (mean probability, share of real pairs, weight of the bin) of bins that are not empty.
    """

    expected_error: float
    brier: float
    bins: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class ComparatorResult:
    """What cross-validation found.

    Attributes:
        pairs: how many.
        folds: how many.
        groups: groups of pairs that stayed together because of near-duplicates.
        recalls: name -> recall: ``comparator``, ``cosine``, and with faces ``cosine + faces``.
        tests: k -> paired tests between them, Holm's correction within each k.
        without: cue -> recall of the comparator without it (learned anew).
        alone: cue -> recall of a comparator with this cue only.
        reliability: of the probabilities.
        weights: (cue, column, mean weight over the folds).
    """

    pairs: int
    folds: int
    groups: int
    recalls: dict[str, Recall]
    tests: dict[int, list[PairedTest]]
    without: dict[str, Recall]
    alone: dict[str, Recall]
    reliability: Reliability
    weights: tuple[tuple[str, str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; recall in percent."""
        return {
            "pairs": self.pairs,
            "folds": self.folds,
            "groups": self.groups,
            "encoders": {name: {"recall": _percent(r), **_interval(r)} for name, r in self.recalls.items()},
            "tests": {str(k): [test.to_dict() for test in tests] for k, tests in self.tests.items()},
            "without": {cue: _percent(r) for cue, r in self.without.items()},
            "alone": {cue: _percent(r) for cue, r in self.alone.items()},
            "reliability": {
                "expected_error": self.reliability.expected_error,
                "brier": self.reliability.brier,
                "bins": [list(part) for part in self.reliability.bins],
            },
            "weights": [{"cue": cue, "column": column, "weight": w} for cue, column, w in self.weights],
        }


def reliability(scores: NDArray[np.float32]) -> Reliability:
    """From held-out scores (n, m), the pair of row i in column i; each real pair weighs as all its chance pairs."""
    from lookalike.similarity.comparator_model import to_probability

    n, m = scores.shape
    probability = to_probability(scores).ravel()
    real = np.eye(n, m, dtype=bool).ravel()
    weight = np.where(real, 1.0, 1.0 / (m - 1)) / (2 * n)
    place = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    total = np.bincount(place, weight, _BINS)
    kept = total > 0
    said = np.bincount(place, weight * probability, _BINS)[kept] / total[kept]
    true = np.bincount(place, weight * real, _BINS)[kept] / total[kept]
    error = float((np.abs(said - true) * total[kept]).sum())
    brier = float((weight * (probability - real) ** 2).sum())
    bins = tuple((float(s), float(t), float(w)) for s, t, w in zip(said, true, total[kept], strict=True))
    return Reliability(error, brier, bins)


def _percent(found: Recall) -> dict[str, float]:
    return {str(k): 100 * found.at[k].value for k in RANKS if k in found.at}


def _interval(found: Recall) -> dict[str, dict[str, list[float]]]:
    return {"interval": {str(k): [100 * e.low, 100 * e.high] for k, e in found.at.items()}}
