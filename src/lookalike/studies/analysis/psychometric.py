"""A psychometric function for "same" or "different": how far apart must two images be to be told apart?

P(different at x) = g + (1 - g - l) / (1 + exp(-(x - m) / s)): a logistic curve of the distance between guess rate g and
lapse rate l (Wichmann and Hill 2001), fitted by maximum likelihood. Without lapses a single careless answer to an easy
pair flattens the whole curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.resampling import interval
from lookalike.benchmarks.statistics import Estimate
from lookalike.errors import StudyError

MAX_LAPSE = 0.1
MAX_GUESS = 0.5
BOOTSTRAP = 200


@dataclass(frozen=True)
class Psychometric:
    """The fitted curve; x is in the unit of the distances.

    Attributes:
        threshold: the x at which half of the answers are "different"; people are drawn for its interval. NaN where the
            curve never crosses one half.
        middle: m, where the logistic part is half way up.
        spread: s > 0.
        guess: g, "different" at no distance.
        lapse: l, "same" at any distance.
        deviance: -2 log likelihood.
        answers: how many.
    """

    threshold: Estimate
    middle: float
    spread: float
    guess: float
    lapse: float
    deviance: float
    answers: int

    def curve(self, x: ArrayLike) -> NDArray[np.float64]:
        """P(different) at x."""
        return _curve(np.asarray(x, dtype=np.float64), self.middle, self.spread, self.guess, self.lapse)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "threshold": self.threshold.to_dict()}


@dataclass(frozen=True)
class Sensitivity:
    """Yes/no sensitivity, with half an answer added to each cell (Hautus 1995).

    Attributes:
        d_prime: z(hits) - z(false alarms); "different" on different pairs is a hit.
        criterion: -(z(hits) + z(false alarms)) / 2; above 0: people are slow to say "different".
        hits, false_alarms: the shares.
        different, same: answers to pairs of either kind.
    """

    d_prime: float
    criterion: float
    hits: float
    false_alarms: float
    different: int
    same: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(vars(self))


def fit_psychometric(
    x: ArrayLike, different: ArrayLike, person: ArrayLike, *, seed: int = 0, bootstrap: int = BOOTSTRAP
) -> Psychometric:
    """Fit the curve to single answers.

    Args:
        x: (n,) finite, the distance of each answer's pair.
        different: (n,) 1 or 0.
        person: int (n,), who answered; whole people are drawn for the interval.
        seed: of the bootstrap.
        bootstrap: how many refits.

    Raises:
        StudyError: fewer than four distances, or all answers are the same.
    """
    d, y = np.asarray(x, dtype=np.float64), np.asarray(different, dtype=np.float64)
    who = np.unique(np.asarray(person), return_inverse=True)[1]
    levels, level = np.unique(d, return_inverse=True)
    if len(levels) < 4 or not np.isfinite(d).all():
        raise StudyError(f"a psychometric curve needs four finite distances or more, got {len(levels)}")
    if np.ptp(y) == 0:
        raise StudyError("a psychometric curve needs both kinds of answers: all are the same")
    people = int(who.max()) + 1
    said = np.zeros((people, len(levels)))
    asked = np.zeros((people, len(levels)))
    np.add.at(said, (who, level), y)
    np.add.at(asked, (who, level), 1.0)
    found, loss = _fit(levels, said.sum(axis=0), asked.sum(axis=0), None)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(bootstrap if people > 1 else 0):
        weight = rng.multinomial(people, np.full(people, 1 / people))
        refit, _ = _fit(levels, weight @ said, weight @ asked, found)
        draws.append(_threshold(refit))
    known = np.array([t for t in draws if np.isfinite(t)])
    value = _threshold(found)
    low, high = interval(known) if len(known) > 1 else (float("nan"), float("nan"))
    how = f"bootstrap of {people} people, {len(known)} refits"
    threshold = Estimate(value, min(low, value), max(high, value), len(y), how)
    middle, spread, guess, lapse = found
    return Psychometric(threshold, middle, spread, guess, lapse, 2 * loss, len(y))


def sensitivity(different_pair: ArrayLike, said_different: ArrayLike) -> Sensitivity | None:
    """d' where some pairs are the same image twice; None where either kind of pair is missing.

    It is the d' of a yes/no question about a pair. What a difference between two images does in each observer's mind
    (the differencing model of same-different tasks) is larger; Macmillan and Creelman 2005, chapter 9.

    Args:
        different_pair: bool (n,), whether the pair of the answer is two images.
        said_different: bool (n,).
    """
    from scipy.stats import norm

    pair, said = np.asarray(different_pair, dtype=bool), np.asarray(said_different, dtype=bool)
    different, same = int(pair.sum()), int((~pair).sum())
    if not different or not same:
        return None
    hits = (float(said[pair].sum()) + 0.5) / (different + 1)
    alarms = (float(said[~pair].sum()) + 0.5) / (same + 1)
    z_hit, z_alarm = float(norm.ppf(hits)), float(norm.ppf(alarms))
    return Sensitivity(z_hit - z_alarm, -(z_hit + z_alarm) / 2, hits, alarms, different, same)


_Four = tuple[float, float, float, float]


def _curve(
    x: NDArray[np.float64], middle: float, spread: float, guess: float, lapse: float
) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(guess + (1 - guess - lapse) * expit((x - middle) / spread), dtype=np.float64)


def _threshold(found: _Four) -> float:
    middle, spread, guess, lapse = found
    share = (0.5 - guess) / (1 - guess - lapse)
    return middle + spread * float(np.log(share / (1 - share))) if 0 < share < 1 else float("nan")


def _fit(
    levels: NDArray[np.float64], said: NDArray[np.float64], asked: NDArray[np.float64], start: _Four | None
) -> tuple[_Four, float]:
    """Maximum likelihood on distances scaled to 0 .. 1: (middle, spread, guess, lapse), -log likelihood."""
    from scipy.optimize import minimize

    low, width = float(levels[0]), float(levels[-1] - levels[0])
    x = (levels - low) / width

    def loss(p: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        middle, spread, guess, lapse = p[0], float(np.exp(p[1])), p[2], p[3]
        part = _curve(x, middle, spread, 0.0, 0.0)
        rate = np.clip(guess + (1 - guess - lapse) * part, 1e-9, 1 - 1e-9)
        slope = said / rate - (asked - said) / (1 - rate)
        rise = (1 - guess - lapse) * part * (1 - part) / spread
        steps = np.stack([-rise, -rise * (x - middle), 1 - part, -part])
        return -float((said * np.log(rate) + (asked - said) * np.log(1 - rate)).sum()), -(steps @ slope)

    bounds = [(-1.0, 2.0), (np.log(0.005), np.log(5.0)), (0.0, MAX_GUESS), (0.0, MAX_LAPSE)]
    if start is not None:
        starts = [[(start[0] - low) / width, np.log(start[1] / width), start[2], start[3]]]
    else:
        starts = [[m, np.log(s), 0.02, 0.02] for m in (0.25, 0.5, 0.75) for s in (0.05, 0.2)]
    fits = [minimize(loss, s, jac=True, method="L-BFGS-B", bounds=bounds) for s in starts]
    best = min(fits, key=lambda fit: fit.fun)
    m, s, g, lapse = (float(v) for v in best.x)
    return (low + m * width, float(np.exp(s)) * width, g, lapse), float(best.fun)
