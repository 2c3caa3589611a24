"""How good are recognised labels? Accuracy, and the landmark challenge's micro-average precision (GAP)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument


def gap(
    truth: Sequence[object | None],
    predicted: Sequence[object | None],
    confidence: Sequence[float] | NDArray[np.floating],
) -> float:
    """Global average precision, the micro-AP of the Google Landmark Recognition challenge, in [0, 1].

    All N predictions, one for each query at most, are sorted by confidence, highest first. Then ::

        GAP = 1/M  sum_{i=1..N}  P(i) rel(i)

    where M is the number of queries that have a true label, rel(i) is 1 when the i-th prediction is right
    and 0 otherwise, and P(i) is the share of right predictions among the first i. A query without a true
    label (a picture of no landmark) adds nothing to M, and any prediction for it is wrong: it lowers P(i)
    of all that come after it. A query without a prediction ("unknown") does not stand in the list; it still
    counts in M when it has a label.

    The challenge leaves the order of equal confidences open. Here P(i) of all predictions of one confidence
    is the share after the last of them (as in scikit-learn's ``average_precision_score``), so that the
    order of the queries never matters.

    Source: Weyand, Araujo, Cao, Sim 2020, "Google Landmarks Dataset v2", section 5.1, eq. 1 (after
    Perronnin, Liu, Renders 2009).

    Args:
        truth: the true label of each query, or None.
        predicted: the recognised label of each query, or None for "unknown".
        confidence: of each prediction; ignored where the prediction is None.

    Returns:
        GAP; 0.0 when no query has a label.

    Raises:
        InvalidArgument: the three differ in length, or a confidence is not a number.
    """
    n = len(truth)
    if len(predicted) != n or len(confidence) != n:
        raise InvalidArgument(
            f"GAP needs as many predictions and confidences as queries; got {n} truths, {len(predicted)} "
            f"predictions, {len(confidence)} confidences"
        )
    labelled = sum(label is not None for label in truth)
    answered = np.array([label is not None for label in predicted], dtype=bool)
    scores = np.asarray(confidence, dtype=np.float64)[answered]
    if np.isnan(scores).any():
        raise InvalidArgument("GAP: a confidence is not a number; give each prediction one")
    if labelled == 0 or scores.size == 0:
        return 0.0
    right = np.array([t is not None and t == p for t, p in zip(truth, predicted, strict=True)])[answered]
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], right[order]
    last = np.searchsorted(-scores, -scores, side="right")
    precision = np.cumsum(right)[last - 1] / last
    return float(np.sum(precision * right) / labelled)


def accuracy(truth: Sequence[object], predicted: Sequence[object | None]) -> float:
    """Share of queries whose prediction is right; "unknown" is wrong. nan for no queries."""
    if not truth:
        return float("nan")
    return sum(t == p for t, p in zip(truth, predicted, strict=True)) / len(truth)


def class_accuracy(truth: Sequence[str], predicted: Sequence[object | None]) -> dict[str, float]:
    """Accuracy among the queries of each true label, in alphabetical order; its mean weighs labels alike."""
    total: dict[str, int] = {}
    right: dict[str, int] = {}
    for label, answer in zip(truth, predicted, strict=True):
        total[label] = total.get(label, 0) + 1
        right[label] = right.get(label, 0) + (label == answer)
    return {label: right[label] / total[label] for label in sorted(total)}
