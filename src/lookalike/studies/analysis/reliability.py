"""How reliable is each person? Two answers that need no labels shared by all items.

Leave one out: how often a person gives the answer of the others. One coin: an expectation-maximisation of the model that
person j gives an item's true answer with probability theta_j and else any other option alike. Both ask only whether
answers are the same, so they hold where each item has options of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 200
_SETTLED = 1e-6


@dataclass(frozen=True)
class OneCoin:
    """The fitted model.

    Attributes:
        reliability: float64 (P,), theta of each person: how often they give an item's true answer.
        truth: float64 (I, k), probability of each option being the item's true answer.
        rounds: of the fit.
    """

    reliability: NDArray[np.float64]
    truth: NDArray[np.float64]
    rounds: int


def leave_one_out_agreement(
    item: NDArray[np.intp], person: NDArray[np.intp], chosen: NDArray[np.int64], width: int
) -> NDArray[np.float64]:
    """Share of each person's answers that the mode of the item's others shares (ties shared): float64 (P,).

    Items that nobody else answered say nothing; NaN where a person has only such.
    """
    votes = _votes(item, chosen, width)
    others = votes[item].astype(np.float64)
    others[np.arange(len(item)), chosen] -= 1
    best = others.max(axis=1)
    agrees = np.where(
        others[np.arange(len(item)), chosen] == best, 1 / (others == best[:, None]).sum(axis=1), 0.0
    )
    known = best > 0
    count = np.bincount(person, known, int(person.max()) + 1)
    total = np.bincount(person, agrees * known, int(person.max()) + 1)
    return np.asarray(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0))


def one_coin(
    item: NDArray[np.intp], person: NDArray[np.intp], chosen: NDArray[np.int64], choices: NDArray[np.int64]
) -> OneCoin:
    """Fit the model.

    A prior of two answers, one of them true, keeps a person with few answers from 0 or 1.

    Args:
        item: intp (n,), item of each answer.
        person: intp (n,), who gave it.
        chosen: int64 (n,), the option.
        choices: int64 (I,), options of each item.
    """
    width = int(choices.max())
    usable = np.arange(width) < choices[:, None]
    truth = _normalised(_votes(item, chosen, width).astype(np.float64), usable)
    people = int(person.max()) + 1
    answers = np.bincount(person, minlength=people)
    theta, done, settled = np.full(people, 0.5), 0, False
    while done < _ROUNDS and not settled:
        before, done = theta, done + 1
        hits = np.bincount(person, truth[item, chosen], people)
        theta = (hits + 1) / (answers + 2)
        # Log odds of "true" against one particular other option.
        wrong = (1 - theta[person]) / np.maximum(choices[item] - 1, 1)
        gain = np.log(theta[person]) - np.log(wrong)
        support = np.bincount(item * width + chosen, gain, len(choices) * width).reshape(len(choices), width)
        support = np.where(usable, support, -np.inf)
        truth = _normalised(np.exp(support - support.max(axis=1, keepdims=True)), usable)
        settled = bool(np.abs(theta - before).max() < _SETTLED)
    return OneCoin(theta, truth, done)


def _votes(item: NDArray[np.intp], chosen: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    items = int(item.max()) + 1
    return np.bincount(item * width + chosen, minlength=items * width).reshape(items, width)


def _normalised(weights: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[Any]:
    kept = np.where(usable, weights, 0.0)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))
