"""From one matrix of distances to everything that is reported about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.associative import REPETITIONS, associative_recall_of
from lookalike.benchmarks.distances import nearest_columns
from lookalike.benchmarks.forced_choice import forced_choice
from lookalike.benchmarks.recall import TIE_TOLERANCE, Recall, ranking, recall_of
from lookalike.benchmarks.tll_result import Kind, Measured, RetrievalError
from lookalike.benchmarks.votes import VoteCorrelation, vote_correlation

if TYPE_CHECKING:
    from lookalike.benchmarks.estimates import Estimate
    from lookalike.benchmarks.near_duplicates import NearDuplicates
    from lookalike.judgments import ForcedChoiceTable, PairTable

FOUND_SHOWN = 5
LEAST_SUBSET = 10
"""Fewer pairs than this make no table."""

_ERRORS_LOOKED_AT = 4


class Scorer:
    """Scores matrices of one table of pairs; rows are its left images, columns the gallery.

    Args:
        table: the pairs.
        gallery: content ids of the candidates, one for each column.
        truth: intp (n,), column of each pair's right image.
        paper: also score associative recall, as the paper does.
        seed: of every drawing and bootstrap.
    """

    def __init__(
        self, table: PairTable, gallery: Sequence[str], truth: NDArray[np.intp], *, paper: bool, seed: int
    ) -> None:
        self.table = table
        self.gallery = gallery
        self.truth = truth
        self.paper = paper
        self.seed = seed
        self.subsets: dict[str, NDArray[np.int64]] = {}
        self._choices: dict[tuple[str, str], tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]] = {}
        self._up, self._down = (_votes(table, name) for name in ("up_votes", "down_votes"))

    def use_subsets(self, near: NearDuplicates) -> None:
        """Score TLL_d and TLL_obj too, where enough pairs are left."""
        kept = {"TLL_d": near.kept_d, "TLL_obj": near.kept_obj}
        self.subsets = {name: rows for name, rows in kept.items() if len(rows) >= LEAST_SUBSET}

    def use_design(self, design: ForcedChoiceTable) -> None:
        """Score the conditions of a human study (columns ``set`` and ``pair`` of ``distractors``)."""
        column = {content: place for place, content in reversed(list(enumerate(self.gallery)))}
        sets, rows = design.column("set"), design.column("pair")
        options, right = design.column("options"), design.column("right")
        for name in dict.fromkeys(sets):
            here = [i for i, other in enumerate(sets) if other == name]
            subset, _, distractors = str(name).partition(" ")
            self._choices[subset, distractors] = (
                np.array([rows[i] for i in here], dtype=np.intp),
                np.array([[column[content] for content in options[i]] for i in here], dtype=np.intp),
                np.array([right[i] for i in here], dtype=np.intp),
            )

    def score(
        self, name: str, metric: str, kind: Kind, distances: NDArray[np.float32], *, main: bool = True
    ) -> Measured:
        """Everything about one matrix float32 (n, m).

        Args:
            name: of the encoder and what was added to it.
            metric: ``cosine`` or ``euclidean``.
            kind: what the distances are made of.
            distances: smaller is more alike.
            main: False leaves out what is only reported for a name's main metric.
        """
        places = ranking(distances, self.truth, tolerance=TIE_TOLERANCE)
        own = distances[np.arange(len(distances)), self.truth]
        nearest = nearest_columns(distances, FOUND_SHOWN)
        return Measured(
            name=name,
            metric=metric,
            kind=kind,
            recall=recall_of(places, seed=self.seed),
            subsets={subset: self._within(distances, rows) for subset, rows in self.subsets.items()},
            associative=associative_recall_of(places, repetitions=REPETITIONS, seed=self.seed)
            if self.paper and main
            else {},
            nearest=nearest,
            nearest_distances=np.take_along_axis(distances, nearest, axis=1),
            pair_distances=own,
            votes=self._correlated(own) if main else None,
            conditions=self._answered(distances) if main else {},
        )

    def rescaled(self, cosine: Measured, radius: float) -> Measured:
        """L2 of vectors that all have length ``radius``: d = r sqrt(2 c), so everything ranks as by cosine."""

        def scaled(distances: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(radius * np.sqrt(2.0 * distances), dtype=np.float32)

        return replace(
            cosine,
            metric="euclidean",
            associative={},
            nearest_distances=scaled(cosine.nearest_distances),
            pair_distances=scaled(cosine.pair_distances),
            votes=None,
            conditions={},
        )

    def errors(self, measured: Measured, count: int) -> list[RetrievalError]:
        """Queries drawn at random among those whose right image is not among the five nearest.

        Each image is shown as a query once at most, so that one popular picture cannot fill the gallery.
        """
        missed = np.flatnonzero(~(measured.nearest == self.truth[:, None]).any(axis=1))
        order = np.random.default_rng(self.seed).permutation(missed)
        lefts, rights = self.table.column("left"), self.table.column("right")
        shown: dict[str, RetrievalError] = {}
        for pair in order[: count * _ERRORS_LOOKED_AT]:
            found = tuple(
                (self.gallery[column], float(distance))
                for column, distance in zip(
                    measured.nearest[pair], measured.nearest_distances[pair], strict=True
                )
            )
            rank = float(measured.recall.ranks[pair])
            if rights[pair] not in {content for content, _ in found}:
                error = RetrievalError(int(pair), lefts[pair], rights[pair], found, rank)
                shown.setdefault(lefts[pair], error)
            if len(shown) == count:
                break
        return list(shown.values())

    def _within(self, distances: NDArray[np.float32], rows: NDArray[np.int64]) -> Recall:
        """Recall of the pairs at ``rows`` among their own right images."""
        among = np.zeros(distances.shape[1], dtype=bool)
        among[self.truth[rows]] = True
        places = ranking(distances, self.truth, tolerance=TIE_TOLERANCE, rows=rows, among=among)
        return recall_of(places, seed=self.seed)

    def _correlated(self, own: NDArray[np.float32]) -> VoteCorrelation | None:
        if self._up is None and self._down is None:
            return None
        return vote_correlation(own, self._up, self._down, seed=self.seed)

    def _answered(self, distances: NDArray[np.float32]) -> dict[tuple[str, str], Estimate]:
        return {
            key: forced_choice(distances[rows[:, None], options], right).accuracy
            for key, (rows, options, right) in self._choices.items()
        }


def columns_of(table: PairTable, *, distinct: bool) -> tuple[list[str], NDArray[np.intp]]:
    """The gallery and each pair's column in it.

    Args:
        table: the pairs.
        distinct: each right image once; False: one column for each pair, as in the paper's N x N matrix.
    """
    rights: list[Any] = table.column("right")
    if not distinct:
        return rights, np.arange(len(rights), dtype=np.intp)
    gallery = list(dict.fromkeys(rights))
    place = {content: i for i, content in enumerate(gallery)}
    return gallery, np.array([place[content] for content in rights], dtype=np.intp)


def _votes(table: PairTable, name: str) -> NDArray[np.float64] | None:
    values = [np.nan if value is None else float(value) for value in table.column(name)]
    found = np.array(values, dtype=np.float64)
    return None if np.isnan(found).all() else found
