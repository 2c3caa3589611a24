"""What a comparator learned, and the scores that follow from it: arrays in, arrays out, no encoders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import ComparatorError, InvalidArgument
from lookalike.progress import Progress
from lookalike.similarity.comparator_describe import Descriptions
from lookalike.similarity.comparator_fit import Calibration, calibrate, gather, learn_weights
from lookalike.similarity.comparator_space import Prepared, Space, learn_space
from lookalike.similarity.cues import choose

LEAST_PAIRS = 20
"""Fewer pairs than this cannot teach thirty weights anything."""

EVEN_ODDS = 0.5
_BLOCK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Trained:
    """What a fit found, apart from encoders.

    Attributes:
        space: the measures and what they learned without pairing.
        weights: float64 (columns,).
        calibration: from weighted sum to log odds.
        pairs: how many pairs it was learned from.
        seed: of the fit.
    """

    space: Space
    weights: NDArray[np.float64]
    calibration: Calibration
    pairs: int
    seed: int


def fit_described(
    left: Descriptions, right: Descriptions, *, cues: Iterable[str] | None = None, seed: int = 0
) -> Trained:
    """As :meth:`Comparator.fit`, from descriptions of both sides.

    Raises:
        ComparatorError: too few pairs, sides of different lengths, or no cue left.
    """
    check_pairs(len(left), len(right))
    measures = choose(left.holds, cues)
    if not measures:
        raise ComparatorError(
            "none of the wanted cues can be computed from these descriptions; choose others"
        )
    space, ready_left, ready_right = learn_space(left, right, measures, seed)
    rivals = gather(space, ready_left, ready_right, seed)
    return Trained(space, learn_weights(rivals), calibrate(rivals, seed=seed), len(left), seed)


def score_matrix(
    trained: Trained, a: Prepared, b: Prepared, *, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Scores (log odds at even odds) of every pair, in blocks of limited memory: float32 (n, m)."""
    scores = np.empty((len(a), len(b)), dtype=np.float32)
    weights = (trained.weights * trained.calibration.slope).astype(np.float32)
    rows = max(1, _BLOCK_BYTES // (4 * len(weights) * max(1, len(b))))
    for start in range(0, len(a), rows):
        part = slice(start, min(start + rows, len(a)))
        columns = trained.space.compare(a.take(part), b)
        scores[part] = np.tensordot(weights, columns, 1) + np.float32(trained.calibration.intercept)
        if progress is not None:
            progress("comparing", part.stop, len(a))
    return scores


def to_probability(scores: NDArray[Any], base_rate: float = EVEN_ODDS) -> NDArray[np.float64]:
    """Scores -> probabilities, when ``base_rate`` of the pairs in question are real ones.

    Raises:
        InvalidArgument: a base rate outside (0, 1).
    """
    from scipy.special import expit

    if not 0 < base_rate < 1:
        raise InvalidArgument(f"a base rate lies between 0 and 1, got {base_rate}")
    prior = np.log(base_rate / (1 - base_rate))
    return np.asarray(expit(np.asarray(scores, dtype=np.float64) + prior), dtype=np.float64)


def check_pairs(left: int, right: int) -> None:
    if left != right:
        raise ComparatorError(
            f"a comparator learns from pairs: {left} left and {right} right images do not match"
        )
    if left < LEAST_PAIRS:
        raise ComparatorError(f"a comparator needs at least {LEAST_PAIRS} pairs to learn from, got {left}")
