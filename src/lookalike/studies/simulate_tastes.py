"""What simulated participants think of each item before noise: shares of its choices, drawn from a seed or from a machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import StudyError
from lookalike.studies.types import is_vote

if TYPE_CHECKING:
    from lookalike.encoders import EncoderOptions
    from lookalike.studies.items import Item
    from lookalike.studies.study import Study

Shares = NDArray[np.float64]
"""How often each choice is made, float64 (choices,), sum 1. Ratings and votes: (share of the low end, of the high end).
A recall trial without a gallery: (1,)."""

EASY = 0.98
"""How often a practice or catch trial is answered rightly by who looks at it."""


@dataclass(frozen=True)
class Tastes:
    """Shares of every item's choices.

    Attributes:
        name: where they come from.
        shares: item id -> `Shares`.
    """

    name: str
    shares: Mapping[str, Shares]

    def of(self, item: Item) -> Shares:
        """Of one item; of a vote on a proposal of the running study, from how often it would be proposed.

        The share s of the proposed option among the m of its gallery makes the share of votes up s / (s + 1/m): one half
        for an option that is proposed as often as any.
        """
        known = self.shares.get(item.id)
        if known is not None:
            return known
        recall, _, option = item.id.rpartition(">")
        gallery = self.shares[recall]
        share = float(gallery[int(option)])
        up = share / (share + 1 / len(gallery))
        return np.array([1 - up, up])


def choices_of(item: Item) -> int:
    """How many choices a simulated participant weighs."""
    if item.options:
        return len(item.options)
    return 1 if item.type == "recall-and-vote" and not is_vote(item) else 2


def drawn_tastes(items: Iterable[Item], accuracy: float, spread: float, seed: int) -> Tastes:
    """Items of different difficulty: the right choice's share is Beta with mean ``accuracy`` and deviation ``spread``.

    The other choices share the rest at random (a flat Dirichlet). Where no answer is known to be right, one choice is drawn
    to be everybody's favourite, so that ``accuracy`` is how often people agree with it.

    Args:
        items: all roles; practice and catch trials have the accuracy `EASY`.
        accuracy: in [0, 1].
        spread: lowered where the mean leaves no room for it.
        seed: with the item's id it gives the same shares again, whatever other items there are.
    """
    found = {}
    for item in items:
        rng = generator(seed, "item", item.id)
        count = choices_of(item)
        favourite = int(rng.integers(count)) if item.right is None else item.right
        main = item.role == "main"
        share = _beta(rng, accuracy, spread) if main else EASY
        if not item.options and item.extra.get("expected"):
            favourite = 0 if sum(item.extra["expected"]) <= 0 else 1
        rest = rng.dirichlet(np.ones(count - 1)) * (1 - share) if count > 1 else np.empty(0)
        found[item.id] = np.insert(rest, favourite, share if count > 1 else 1.0)
    return Tastes(f"accuracy {accuracy:g}", found)


def machine_tastes(
    study: Study, encoder: str, noise: float, *, options: EncoderOptions | None = None
) -> Tastes:
    """Choices as a machine's similarities make them, with noise: softmax of ``-distance / noise``.

    Same or different, ratings and votes: the median distance of the study's items is where people are undecided.

    Args:
        study: whose items.
        encoder: as for :func:`lookalike.load_encoder`, or ``pixels``.
        noise: in units of the encoder's distance; towards 0 everybody chooses as the machine does.
        options: of the encoder.

    Raises:
        StudyError: the encoder cannot be had, or distances cannot answer these items.
    """
    from lookalike.studies.analysis.machine_distances import machine_distances

    catalogue = study.catalogue()
    (made,) = machine_distances(list(study.items), catalogue, [encoder], options=options)
    rows = getattr(made, "rows", None)
    if rows is None:
        raise StudyError(f"the simulated participants' encoder {encoder}: {getattr(made, 'error', '')}")
    single = [float(row[0]) for row in rows if len(row) == 1]
    middle = float(np.median(single)) if single else 0.0
    found = {}
    for item, row in zip(study.items, rows, strict=True):
        # One distance decides between two answers: the first is "different" or the low end, which a long one favours.
        against = np.array([2 * middle - row[0], row[0]]) if len(row) == 1 else row
        found[item.id] = _softmax(-against / noise)
    return Tastes(encoder, found)


def generator(seed: int, *names: object) -> np.random.Generator:
    """A generator of its own for each combination of names."""
    text = "\0".join([str(seed), *map(str, names)])
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def _beta(rng: np.random.Generator, mean: float, deviation: float) -> float:
    room = mean * (1 - mean)
    variance = min(deviation**2, 0.8 * room)
    if variance <= 1e-12:
        return mean
    weight = room / variance - 1
    return float(rng.beta(mean * weight, (1 - mean) * weight))


def _softmax(values: NDArray[np.float64]) -> Shares:
    grown = np.exp(values - values.max())
    return np.asarray(grown / grown.sum(), dtype=np.float64)
