"""Dawid and Skene's model of raters (1979), for answers whose labels mean the same on every item.

Each person has a table of errors: how often they say label l where the truth is label k. That is right for "same" and
"different". Where each item has options of its own, "option 2" is another image each time: the model would learn only
habits of numbering, and it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import StudyError

_ROUNDS = 500
_SETTLED = 1e-6
_PRIOR = 0.01
REFUSED = (
    "Dawid and Skene's model needs labels that mean the same on every item (same or different); here each item has options "
    "of its own, and it would learn only how they happen to be numbered. See leave-one-out agreement and the one-coin model."
)


@dataclass(frozen=True)
class DawidSkene:
    """The fitted model.

    Attributes:
        truth: float64 (I, L), probability of each label of each item.
        errors: float64 (P, L, L), [person, truth, said].
        prevalence: float64 (L,), share of items by true label.
        rounds: of the fit.
    """

    truth: NDArray[np.float64]
    errors: NDArray[np.float64]
    prevalence: NDArray[np.float64]
    rounds: int

    def accuracy(self) -> NDArray[np.float64]:
        """How often each person says the true label: float64 (P,)."""
        return np.asarray(np.einsum("k,pkk->p", self.prevalence, self.errors), dtype=np.float64)


def dawid_skene(
    item: NDArray[np.intp], person: NDArray[np.intp], label: NDArray[np.int64], labels: int, *, shared: bool
) -> DawidSkene:
    """Fit by expectation-maximisation from the shares of votes.

    Args:
        item: intp (n,), item of each answer.
        person: intp (n,), who gave it.
        label: int64 (n,), 0 .. labels - 1.
        labels: how many there are.
        shared: whether a label means the same on every item.

    Raises:
        StudyError: it does not.
    """
    if not shared:
        raise StudyError(REFUSED)
    items, people = int(item.max()) + 1, int(person.max()) + 1
    truth: NDArray[Any] = np.zeros((items, labels))
    np.add.at(truth, (item, label), 1.0)
    truth /= truth.sum(axis=1, keepdims=True)
    errors, prevalence, done = np.zeros((people, labels, labels)), np.full(labels, 1 / labels), 0
    moved = np.inf
    while done < _ROUNDS and moved >= _SETTLED:
        done += 1
        said = np.full((people, labels, labels), _PRIOR)
        for k in range(labels):
            np.add.at(said[:, k, :], (person, label), truth[item, k])
        errors = said / said.sum(axis=2, keepdims=True)
        prevalence = (truth.sum(axis=0) + _PRIOR) / (items + labels * _PRIOR)
        log = np.tile(np.log(prevalence), (items, 1))
        np.add.at(log, item, np.log(errors[person, :, label]))
        updated = np.exp(log - log.max(axis=1, keepdims=True))
        updated /= updated.sum(axis=1, keepdims=True)
        moved = float(np.abs(updated - truth).max())
        truth = updated
    return DawidSkene(truth, errors, prevalence, done)
