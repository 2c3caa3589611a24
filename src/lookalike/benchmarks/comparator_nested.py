"""The comparator measured with its design chosen anew in every fold: nested cross-validation.

Plain cross-validation (:mod:`lookalike.benchmarks.comparator_cv`) measures one design. Where that design was chosen
by looking at its own figures, they are too good. Here each outer fold chooses from a list
(:mod:`lookalike.benchmarks.comparator_designs`) by inner folds within its training part, and the chosen design is
learned on that part and scored on the outer fold, which nobody looked at: Cawley and Talbot, "On over-fitting in model
selection and subsequent selection bias in performance evaluation", JMLR 2010; Varma and Simon, BMC Bioinformatics 2006.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.comparator_cv import (
    TESTED,
    HeldOut,
    baselines,
    check_folds,
    describe_table,
    folds_to_learn,
    groups_of,
)
from lookalike.benchmarks.comparator_designs import Design, candidates, columns_of, redesigned, refinements
from lookalike.benchmarks.comparator_nested_result import Chosen, NestedResult
from lookalike.benchmarks.paired_tests import paired_proportions
from lookalike.benchmarks.recall import ranking, recall
from lookalike.errors import BenchmarkError
from lookalike.progress import Progress
from lookalike.similarity.comparator_fit import gather, learn_weights
from lookalike.similarity.comparator_space import Space, learn_space
from lookalike.similarity.cues import Cue, choose, cue_names

if TYPE_CHECKING:
    from lookalike.encoders import Encoder
    from lookalike.encoders.faces import FaceEncoder
    from lookalike.judgments.tables import PairTable
    from lookalike.similarity.comparator_describe import Descriptions

INNER_FOLDS = 3
CRITERION = (1, 5, 10, 20)
"""A design is as good as the mean of its recall at these k on inner folds; of equals the earlier in the list wins."""

_BLOCK = 100

__all__ = [
    "CRITERION",
    "INNER_FOLDS",
    "Chosen",
    "Inner",
    "NestedResult",
    "choose_design",
    "learn_design",
    "nested_cross_validate",
    "nested_described",
]


def nested_cross_validate(
    table: PairTable,
    encoder: Encoder,
    faces: FaceEncoder | None = None,
    *,
    folds: int = 5,
    inner_folds: int = INNER_FOLDS,
    designs: Sequence[Design] | None = None,
    refine: bool = True,
    cues: Sequence[str] | None = None,
    seed: int = 0,
    cache: bool = True,
    progress: Progress | None = None,
) -> NestedResult:
    """Measure the comparator, its design chosen within each training part.

    Args:
        table: the pairs that people made.
        encoder: of embedding and feature map.
        faces: finds faces; None: without faces.
        folds: outer ones, at least 2.
        inner_folds: within each training part, at least 2.
        designs: to choose from; None: :func:`lookalike.benchmarks.comparator_designs.candidates`.
        refine: in a second round also choose hard rivals and penalty, for the best design of the first.
        cues: use these only.
        seed: of all folds and of the rivals.
        cache: use the caches of embeddings and faces.
        progress: told about stages.

    Raises:
        BenchmarkError: too few pairs for the folds, or no designs.
        ImageError: an image cannot be read.
    """
    check_folds(len(table), folds)
    return nested_described(
        *describe_table(table, encoder, faces, cache=cache, progress=progress),
        folds=folds, inner_folds=inner_folds, designs=designs, refine=refine, cues=cues,
        seed=seed, progress=progress,
    )  # fmt: skip


def nested_described(
    left: Descriptions,
    right: Descriptions,
    plain_left: NDArray[np.float32],
    plain_right: NDArray[np.float32],
    *,
    folds: int = 5,
    inner_folds: int = INNER_FOLDS,
    designs: Sequence[Design] | None = None,
    refine: bool = True,
    cues: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> NestedResult:
    """As :func:`nested_cross_validate`, from descriptions; ``plain_*`` float32 (n, d) are the bare embeddings."""
    n = len(left)
    check_folds(n, folds)
    measures = tuple(choose(left.holds, cues))
    offered = tuple(candidates(_cues(measures, left)) if designs is None else designs)
    if not offered:
        raise BenchmarkError("there is no design to choose; name cues that the encoder can give")
    group = groups_of(left, right, plain_left, plain_right)
    fold = folds_to_learn(group, folds, seed)
    check_folds(n - int(np.bincount(fold).max()), inner_folds)
    scores = np.empty((n, n), dtype=np.float32)
    fixed = HeldOut(left, right, fold, measures, False, seed)
    chosen = []
    for held in range(folds):
        train, test = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        inner = left.take(train), right.take(train)
        step = None if progress is None else _Step(progress, held, folds)
        inside = Inner(*inner, folds_to_learn(group[train], inner_folds, seed), measures, seed)
        chosen.append(choose_design(inside, offered, refine=refine, progress=step))
        space, weights = learn_design(*inner, measures, chosen[-1].design, seed)
        for rows, columns in _blocks(space, left, right, test):
            scores[rows] = np.tensordot(weights.astype(np.float32), columns, 1)
        fixed.fold_out(held)
    distances = {
        "nested": -scores, "comparator": -fixed.scores["all"], **baselines(left, right, plain_left, plain_right)
    }  # fmt: skip
    recalls = {name: recall(matrix) for name, matrix in distances.items()}
    return NestedResult(
        pairs=n,
        folds=folds,
        inner_folds=inner_folds,
        groups=len(np.unique(group)),
        designs=offered,
        chosen=tuple(chosen),
        recalls=recalls,
        tests={k: paired_proportions({m: r.hits(k) for m, r in recalls.items()}) for k in TESTED if k < n},
    )


@dataclass(frozen=True, eq=False)
class Inner:
    """The pairs that a design is chosen by; nothing else is looked at.

    Attributes:
        left: n descriptions.
        right: their partners; the gallery of each query is all of them.
        fold: intp (n,), the inner fold of each pair.
        measures: that designs are made of.
        seed: of the rivals.
    """

    left: Descriptions
    right: Descriptions
    fold: NDArray[np.intp]
    measures: Sequence[Cue]
    seed: int = 0

    def scores(self, designs: Sequence[Design], progress: Progress | None = None) -> NDArray[np.float64]:
        """How good each design is by cross-validation: float64 (designs,), see :data:`CRITERION`."""
        points = np.zeros((len(designs), len(self.left)))
        spaces, folds = _by_space(designs), int(self.fold.max()) + 1
        for held in range(folds):
            train, test = np.flatnonzero(self.fold != held), np.flatnonzero(self.fold == held)
            known = self.left.take(train), self.right.take(train)
            for number, places in enumerate(spaces):
                if progress is not None:
                    progress("choosing the design", held * len(spaces) + number, folds * len(spaces))
                learned = list(_learn([designs[place] for place in places], *known, self.measures, self.seed))
                weights = np.array([w for _, w in learned], dtype=np.float32)
                for rows, columns in _blocks(learned[0][0], self.left, self.right, test):
                    for place, matrix in zip(places, np.tensordot(weights, columns, 1), strict=True):
                        points[place, rows] = _points(-matrix, rows)
        return np.asarray(points.mean(axis=1))


def choose_design(
    pairs: Inner, designs: Sequence[Design], *, refine: bool = True, progress: Progress | None = None
) -> Chosen:
    """The best design by cross-validation of these pairs, which are all that is looked at.

    Args:
        pairs: to choose by, with their folds.
        designs: to choose from.
        refine: in a second round try other hard rivals and penalties with the best.
        progress: told during the first round, which takes most of the time.
    """
    means = pairs.scores(designs, progress)
    best = designs[int(np.argmax(means))]
    first = tuple(float(mean) for mean in means)
    if not refine:
        return Chosen(best, max(first), len(pairs.left), first)
    others = refinements(best)
    refined = dict(zip(others, (float(mean) for mean in pairs.scores(others)), strict=True))
    best = max(refined, key=lambda design: refined[design])
    return Chosen(best, refined[best], len(pairs.left), first, refined)


def learn_design(
    left: Descriptions, right: Descriptions, measures: Sequence[Cue], design: Design, seed: int
) -> tuple[Space, NDArray[np.float64]]:
    """Learn one design from pairs: the space, and weights of its columns (0 where the design does not look)."""
    return next(_learn([design], left, right, measures, seed))


def _learn(
    designs: Sequence[Design], left: Descriptions, right: Descriptions, measures: Sequence[Cue], seed: int
) -> Iterator[tuple[Space, NDArray[np.float64]]]:
    """Learn designs with one exponent and one choice of levels, which share a space; rivals are those of all cues."""
    first = designs[0]
    changed = redesigned(measures, levels=first.levels, exponent=first.exponent)
    space, a, b = learn_space(left, right, changed, seed)
    rivals = {hard: gather(space, a, b, seed, hard=hard) for hard in dict.fromkeys(d.hard for d in designs)}
    for design in designs:
        yield (
            space,
            learn_weights(rivals[design.hard], columns_of(space, design), penalty=design.penalty),
        )


def _blocks(
    space: Space, left: Descriptions, right: Descriptions, rows: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Some rows at a time, and their columns against all right images: float32 (columns, rows, m)."""
    queries, gallery = space.prepare(left.take(rows)), space.prepare(right)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, min(start + _BLOCK, len(rows)))
        yield rows[part], space.compare(queries.take(part), gallery)


def _points(distances: NDArray[np.float32], truth: NDArray[np.intp]) -> NDArray[np.float64]:
    places = ranking(distances, truth)
    return np.asarray(np.mean([places.hits(k) for k in CRITERION], axis=0), dtype=np.float64)


def _by_space(designs: Sequence[Design]) -> list[list[int]]:
    """Positions of the designs that share a space, together."""

    def space_of(place: int) -> tuple[bool, float]:
        return designs[place].levels, designs[place].exponent

    return [list(places) for _, places in groupby(sorted(range(len(designs)), key=space_of), key=space_of)]


def _cues(measures: Sequence[Cue], described: Descriptions) -> list[str]:
    from lookalike.similarity.comparator_space import PRESENCE

    return [*cue_names(measures), *([PRESENCE] if described.faces is not None else [])]


@dataclass(frozen=True)
class _Step:
    """Progress of one outer fold as a part of the whole."""

    progress: Progress
    held: int
    folds: int

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.progress(stage, self.held * total + done, self.folds * total)
