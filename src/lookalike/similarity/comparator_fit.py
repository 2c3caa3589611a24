"""Learning a comparator's weights from pairs that people made, with hard negatives, and its calibration.

The loss is the multinomial one: among the right image and its rivals, the right one should score highest
(McFadden's conditional logit, 1974; InfoNCE is the same loss). It is convex in the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.similarity.comparator_space import Prepared, Space

HARD = 80
"""Rivals of a query that look most like it."""

CHANCE = 60
"""Rivals drawn at random from the others; they stand for all of those."""

PENALTY = 1e-3
"""Of the squared weights. 1e-4 to 3e-3 gave the same recall within 0.3 points."""

_CALIBRATION_FOLDS = 5
_BLOCK = 128


@dataclass(frozen=True, eq=False)
class Rivals:
    """For each query its own partner and the rivals it is learned against.

    Attributes:
        columns: float32 (queries, 1 + rivals, k); position 0 is the partner.
        offsets: float32 (1 + rivals,), logarithm of how many candidates each rival stands for.
        hard: how many of the rivals, after the partner, are hard ones; the rest are chance pairs.
        pair: intp (queries,), the pair that the query is of.
    """

    columns: NDArray[np.float32]
    offsets: NDArray[np.float32]
    hard: int
    pair: NDArray[np.intp]


def gather(space: Space, left: Prepared, right: Prepared, seed: int = 0, *, hard: int = HARD) -> Rivals:
    """Rivals of every left image among the right ones, and of every right image among the left ones.

    Args:
        space: what was learned without pairing.
        left: n prepared images.
        right: their partners.
        seed: of the chance rivals.
        hard: rivals that look most like a query; fewer where there are not so many.
    """
    n = len(left)
    hard = min(hard, n - 1)
    chance = min(CHANCE, n - 1 - hard)
    random = np.random.default_rng(seed)
    guess = first_guess(space)
    parts = [
        _rivals_of(
            space, one.take(slice(start, min(start + _BLOCK, n))), other, start, guess, (hard, chance), random
        )
        for one, other in ((left, right), (right, left))
        for start in range(0, n, _BLOCK)
    ]
    offsets = np.zeros(1 + hard + chance, dtype=np.float32)
    if chance:
        offsets[1 + hard :] = np.log((n - 1 - hard) / chance)
    return Rivals(np.concatenate(parts), offsets, hard, np.concatenate([np.arange(n), np.arange(n)]))


def first_guess(space: Space) -> NDArray[np.float32]:
    """All measures alike, columns of gates and presence left out: good enough to find hard rivals."""
    guess = np.zeros(len(space.columns), dtype=np.float32)
    guess[: len(space.measures)] = 1.0
    return guess


def _rivals_of(
    space: Space,
    queries: Prepared,
    candidates: Prepared,
    start: int,
    guess: NDArray[np.float32],
    counts: tuple[int, int],
    random: np.random.Generator,
) -> NDArray[np.float32]:
    hard, chance = counts
    columns = space.compare(queries, candidates)
    rows = np.arange(len(queries))
    order = np.tensordot(guess, columns, 1)
    order[rows, rows + start] = np.inf
    ranked = np.argsort(-order, axis=1)
    keys = random.random((len(queries), ranked.shape[1] - 1 - hard))
    drawn = np.take_along_axis(ranked[:, 1 + hard :], np.argsort(keys, axis=1)[:, :chance], axis=1)
    chosen = np.concatenate([ranked[:, : 1 + hard], drawn], axis=1)
    return np.ascontiguousarray(np.take_along_axis(columns, chosen[np.newaxis], axis=2).transpose(1, 2, 0))


def learn_weights(
    rivals: Rivals,
    keep: NDArray[np.bool_] | None = None,
    rows: NDArray[np.intp] | None = None,
    *,
    penalty: float = PENALTY,
) -> NDArray[np.float64]:
    """Weights (k,) that minimise the multinomial loss plus the penalty times their squares.

    Args:
        rivals: from :func:`gather`.
        keep: (k,) columns that may be used; the others get weight 0.
        rows: queries to learn from; None: all.
        penalty: of the squared weights, >= 0.
    """
    from scipy.optimize import minimize

    k = rivals.columns.shape[2]
    keep = np.ones(k, dtype=bool) if keep is None else keep
    table = rivals.columns if rows is None else rivals.columns[rows]
    table = table if keep.all() else np.ascontiguousarray(table[:, :, keep])
    n, count, used = table.shape
    flat = table.reshape(-1, used)
    partner = table[:, 0].mean(axis=0, dtype=np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = (flat @ weights.astype(np.float32)).reshape(n, count) + rivals.offsets
        top = scores.max(axis=1, keepdims=True)
        shares = np.exp(scores - top)
        total = shares.sum(axis=1, keepdims=True)
        value = float((top[:, 0] + np.log(total[:, 0]) - scores[:, 0]).mean(dtype=np.float64))
        slope = (flat.T @ (shares / total).ravel()).astype(np.float64) / n - partner
        return value + penalty * float(weights @ weights), slope + 2 * penalty * weights

    found = minimize(loss, np.zeros(used), jac=True, method="L-BFGS-B", options={"maxiter": 150})
    weights = np.zeros(k)
    weights[keep] = found.x
    return weights


@dataclass(frozen=True)
class Calibration:
    """Platt's line (1999) from a score to the log odds that a pair is one that people made, at even odds.

    Attributes:
        slope: of the line.
        intercept: its value at score 0.
    """

    slope: float = 1.0
    intercept: float = 0.0


def calibrate(rivals: Rivals, keep: NDArray[np.bool_] | None = None, seed: int = 0) -> Calibration:
    """Learn the line from scores of pairs that took no part in the weights (inner folds by pair).

    One partner against one chance pair: at even odds. Chance pairs are drawn from all rivals, hard ones with
    their true share.
    """
    pairs = int(rivals.pair.max()) + 1
    folds = min(_CALIBRATION_FOLDS, pairs)
    fold = np.random.default_rng(seed).permutation(np.arange(pairs) % folds)[rivals.pair]
    shares = np.exp(rivals.offsets[1:].astype(np.float64))
    scores, labels, importance = [], [], []
    for held in range(folds):
        weights = learn_weights(rivals, keep, np.flatnonzero(fold != held))
        values = rivals.columns[fold == held] @ weights.astype(np.float32)
        scores += [values[:, 0], values[:, 1:].ravel()]
        labels += [np.ones(len(values)), np.zeros(values[:, 1:].size)]
        importance += [np.ones(len(values)), np.tile(shares / shares.sum(), len(values))]
    return fit_line(np.concatenate(scores), np.concatenate(labels), np.concatenate(importance))


def fit_line(
    scores: NDArray[np.floating], labels: NDArray[np.floating], importance: NDArray[np.floating]
) -> Calibration:
    """Logistic regression of labels (n,) in {0, 1} on one score, each row counting ``importance``."""
    from sklearn.linear_model import LogisticRegression

    spread = float(scores.std())
    if spread < 1e-9:
        return Calibration(0.0, 0.0)
    model = LogisticRegression(C=1e6, max_iter=500)
    model.fit((scores / spread)[:, np.newaxis], labels.astype(int), sample_weight=importance)
    return Calibration(float(model.coef_[0, 0]) / spread, float(model.intercept_[0]))
