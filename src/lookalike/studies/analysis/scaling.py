"""Bradley and Terry's scale of images, by choix: which image do people choose over which?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.resampling import interval
from lookalike.errors import MissingDependency, StudyError
from lookalike.studies.analysis.responses import Responses
from lookalike.studies.analysis.shared_items import index_images, refuse_separate

BOOTSTRAP = 100
_PRIOR = 0.01


@dataclass(frozen=True)
class Scale:
    """Strengths of images; exp(difference) are the odds that one is chosen over the other.

    Attributes:
        images: content ids, strongest first.
        strength: float64 (n,), mean 0.
        low, high: float64 (n,), 95 % interval; items are drawn.
        comparisons: how many pairs "this one over that one" it rests on.
    """

    images: tuple[str, ...]
    strength: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    comparisons: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rows = zip(self.images, self.strength, self.low, self.high, strict=True)
        scale = [{"image": i, "strength": float(s), "interval": [float(a), float(b)]} for i, s, a, b in rows]
        return {"comparisons": self.comparisons, "scale": scale}


def bradley_terry(responses: Responses, *, seed: int = 0, bootstrap: int = BOOTSTRAP) -> Scale:
    """Scale the options of items that ask the same of shared images.

    The chosen option beats each other one. Where items have a query, all must have the same: "more like this query" is a
    property of an image only as long as the query stays.

    Args:
        responses: answers to items with options.
        seed: of the bootstrap.
        bootstrap: how many times items are drawn anew; 0: no intervals.

    Raises:
        StudyError: items do not share their images, or ask about different queries.
        MissingDependency: choix is not installed.
    """
    items = responses.items
    if not items or any(not item.options for item in items):
        raise StudyError("a Bradley-Terry scale is not computed: it needs items with options to choose from")
    queries = {item.fixed for item in items}
    if len(queries) > 1:
        raise StudyError(
            f"a Bradley-Terry scale is not computed: the items have {len(queries)} different queries, and being chosen for one "
            "says nothing about another; scale the items of one query, or use an ordinal embedding"
        )
    images, rows = index_images([item.options for item in items])
    refuse_separate(rows, len(images), "a Bradley-Terry scale")
    wins = _wins(responses, rows)
    strength = _fit(np.concatenate(wins), len(images))
    low = high = np.full(len(images), np.nan)
    if bootstrap:
        rng = np.random.default_rng(seed)
        draws = np.array(
            [
                _fit(np.concatenate([wins[i] for i in rng.integers(0, len(wins), len(wins))]), len(images))
                for _ in range(bootstrap)
            ]
        )
        ends = np.array([interval(column) for column in draws.T])
        low, high = np.minimum(ends[:, 0], strength), np.maximum(ends[:, 1], strength)
    order = np.argsort(-strength, kind="stable")
    total = sum(len(one) for one in wins)
    return Scale(tuple(images[i] for i in order), strength[order], low[order], high[order], total)


def _wins(responses: Responses, rows: Sequence[Sequence[int]]) -> list[NDArray[np.intp]]:
    """Of each item (winner, loser): intp (m, 2)."""
    votes = responses.votes()
    found = []
    for item, row in enumerate(rows):
        pairs = [
            (winner, loser)
            for option, winner in enumerate(row)
            for loser in row
            if loser != winner
            for _ in range(int(votes[item, option]))
        ]
        found.append(np.array(pairs, dtype=np.intp).reshape(-1, 2))
    return found


def _fit(pairs: NDArray[np.intp], images: int) -> NDArray[np.float64]:
    try:
        import choix
    except ImportError:
        raise MissingDependency("choix", "stats", "a Bradley-Terry scale") from None
    # A little regularisation keeps an image that always wins at a finite strength.
    found = np.asarray(choix.ilsr_pairwise(images, pairs.tolist(), alpha=_PRIOR), dtype=np.float64)
    return np.asarray(found - found.mean())
