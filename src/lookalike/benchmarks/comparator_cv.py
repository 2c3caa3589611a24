"""The comparator measured on pairs that it never saw: cross-validation, ablation of cues, reliability.

Folds are by pair, and pairs with near-duplicate images stay together. The gallery of every query is *all* right
images of the table; only queries of the held-out fold are scored. Everything is learned from the other folds:
means, components, reference levels, weights and calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.comparator_cv_result import ComparatorResult, Reliability, reliability
from lookalike.benchmarks.near_duplicates import near_duplicates
from lookalike.benchmarks.paired_tests import paired_proportions
from lookalike.benchmarks.recall import recall
from lookalike.errors import BenchmarkError
from lookalike.extras import require_stats
from lookalike.progress import Progress
from lookalike.similarity.comparator_fit import Calibration, Rivals, calibrate, gather, learn_weights
from lookalike.similarity.comparator_model import LEAST_PAIRS
from lookalike.similarity.comparator_space import Space, learn_space
from lookalike.similarity.cues import choose

if TYPE_CHECKING:
    from lookalike.encoders import Encoder
    from lookalike.encoders.faces import FaceEncoder
    from lookalike.judgments.tables import PairTable
    from lookalike.similarity.comparator_describe import Descriptions

FACE_WEIGHT = 0.75
FACE_ABSENT = 0.85
"""The baseline "cosine + faces": similarity - 0.75 x face distance, 0.85 where either image has no face."""

TESTED = (1, 5, 10, 20)
SAME_FACE = 0.3
"""Faces nearer than this are held to be of one photograph; other photographs of a person may be in other folds."""

_BLOCK = 100

__all__ = [
    "ComparatorResult",
    "HeldOut",
    "Reliability",
    "assign_folds",
    "baselines",
    "check_folds",
    "cross_validate",
    "cross_validate_described",
    "describe_table",
    "groups_of",
    "reliability",
]


def cross_validate(
    table: PairTable,
    encoder: Encoder,
    faces: FaceEncoder | None = None,
    *,
    folds: int = 5,
    ablation: bool = False,
    cues: Sequence[str] | None = None,
    seed: int = 0,
    cache: bool = True,
    progress: Progress | None = None,
) -> ComparatorResult:
    """Measure the comparator on a table of pairs.

    Args:
        table: the pairs that people made.
        encoder: of embedding and feature map.
        faces: finds faces; None: without faces.
        folds: at least 2.
        ablation: also without each cue and with each cue alone.
        cues: use these only.
        seed: of the folds and of the rivals.
        cache: use the caches of embeddings and faces.
        progress: told about stages.

    Raises:
        BenchmarkError: too few pairs for the folds.
        ImageError: an image cannot be read.
        MissingDependency: the extra ``stats`` is not installed.
    """
    require_stats("the cross-validation of a comparator")
    check_folds(len(table), folds)
    return cross_validate_described(
        *describe_table(table, encoder, faces, cache=cache, progress=progress),
        folds=folds, ablation=ablation, cues=cues, seed=seed, progress=progress,
    )  # fmt: skip


def describe_table(
    table: PairTable,
    encoder: Encoder,
    faces: FaceEncoder | None,
    *,
    cache: bool,
    progress: Progress | None,
) -> tuple[Descriptions, Descriptions, NDArray[np.float32], NDArray[np.float32]]:
    """Left and right images described, then their bare embeddings, float32 (n, d) each.

    Raises:
        ImageError: an image cannot be read.
    """
    from lookalike.encoders.cache import EmbeddingCache, embed_cached
    from lookalike.similarity.comparator_describe import describe

    paths = [str(path) for path in [*table.paths("left"), *table.paths("right")]]
    both = describe(paths, encoder, faces, cache=cache, progress=progress)
    plain = embed_cached(encoder, paths, EmbeddingCache()) if cache else encoder.embed(paths)
    n = len(table)
    rows = np.arange(n)
    return both.take(rows), both.take(rows + n), plain[:n], plain[n:]


def cross_validate_described(
    left: Descriptions,
    right: Descriptions,
    plain_left: NDArray[np.float32],
    plain_right: NDArray[np.float32],
    *,
    folds: int = 5,
    ablation: bool = False,
    cues: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> ComparatorResult:
    """As :func:`cross_validate`, from descriptions; ``plain_*`` float32 (n, d) are the bare embeddings."""
    n = len(left)
    check_folds(n, folds)
    group = groups_of(left, right, plain_left, plain_right)
    fold = folds_to_learn(group, folds, seed)
    run = HeldOut(left, right, fold, tuple(choose(left.holds, cues)), ablation, seed)
    for held in range(folds):
        if progress is not None:
            progress("cross-validation", held, folds)
        run.fold_out(held)
    if progress is not None:
        progress("cross-validation", folds, folds)
    distances = {"comparator": -run.scores["all"], **baselines(left, right, plain_left, plain_right)}
    recalls = {name: recall(matrix) for name, matrix in distances.items()}
    return ComparatorResult(
        n,
        folds,
        len(np.unique(group)),
        recalls,
        {k: paired_proportions({name: r.hits(k) for name, r in recalls.items()}) for k in TESTED if k < n},
        {name[1]: recall(-run.scores[name]) for name in run.scores if name[0] == "without"},
        {name[1]: recall(-run.scores[name]) for name in run.scores if name[0] == "alone"},
        reliability(run.scores["all"]),
        tuple(
            (c, name, float(w))
            for (c, name), w in zip(run.columns, np.mean(run.weights, axis=0), strict=True)
        ),
    )


class HeldOut:
    """Scores of all folds, for the whole comparator and for every ablation of it."""

    def __init__(
        self,
        left: Descriptions,
        right: Descriptions,
        fold: NDArray[np.intp],
        measures: tuple[Any, ...],
        ablation: bool,
        seed: int,
    ) -> None:
        self.left, self.right, self.fold = left, right, fold
        self.measures, self.ablation, self.seed = measures, ablation, seed
        self.scores: dict[Any, NDArray[np.float32]] = {}
        self.weights: list[NDArray[np.float64]] = []
        self.columns: tuple[tuple[str, str], ...] = ()

    def fold_out(self, held: int) -> None:
        """Learn without one fold, score its queries against all right images."""
        train, test = np.flatnonzero(self.fold != held), np.flatnonzero(self.fold == held)
        space, a, b = learn_space(self.left.take(train), self.right.take(train), self.measures, self.seed)
        rivals = gather(space, a, b, self.seed)
        self.columns = space.columns
        plans = self._plans(space, rivals)
        self.weights.append(plans["all"][0])
        queries, gallery = space.prepare(self.left.take(test)), space.prepare(self.right)
        for start in range(0, len(test), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(test)))
            columns = space.compare(queries.take(rows), gallery)
            for name, (weights, line) in plans.items():
                scores = np.tensordot((weights * line.slope).astype(np.float32), columns, 1)
                matrix = self.scores.setdefault(
                    name, np.empty((len(self.left), len(self.right)), dtype=np.float32)
                )
                matrix[test[rows]] = scores + np.float32(line.intercept)

    def _plans(self, space: Space, rivals: Rivals) -> dict[Any, tuple[NDArray[np.float64], Calibration]]:
        plans: dict[Any, tuple[NDArray[np.float64], Calibration]] = {
            "all": (learn_weights(rivals), calibrate(rivals, seed=self.seed))
        }
        if self.ablation:
            cues = np.array([cue for cue, _ in space.columns])
            for cue in dict.fromkeys(cues.tolist()):
                plans["without", cue] = learn_weights(rivals, cues != cue), Calibration()
                plans["alone", cue] = learn_weights(rivals, cues == cue), Calibration()
        return plans


def baselines(
    left: Descriptions, right: Descriptions, plain_left: NDArray[np.float32], plain_right: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Distances without learning: cosine, and with faces cosine + 0.75 x face distance."""
    from lookalike.encoders.faces_types import descriptors
    from lookalike.similarity.matrices import distance_matrix
    from lookalike.similarity.sets import set_distance_matrix

    cosine = distance_matrix(plain_left, plain_right)
    found = {"cosine": cosine}
    if left.faces is not None and right.faces is not None:
        far = set_distance_matrix([descriptors(f) for f in left.faces], [descriptors(f) for f in right.faces])
        known = np.where(np.isfinite(far), far, np.float32(FACE_ABSENT))
        found["cosine + faces"] = np.asarray(cosine + np.float32(FACE_WEIGHT) * known, dtype=np.float32)
    return found


def groups_of(
    left: Descriptions, right: Descriptions, plain_left: NDArray[np.float32], plain_right: NDArray[np.float32]
) -> NDArray[np.intp]:
    """Which pairs must stay together because of near-duplicate images: (n,) a label for each pair."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from lookalike.encoders.faces_types import descriptors

    sides: list[Any] = [None, None]
    if left.faces is not None and right.faces is not None:
        sides = [[descriptors(found) for found in side] for side in (left.faces, right.faces)]
    found = near_duplicates(plain_left, plain_right, *sides, face_threshold=SAME_FACE)
    links = np.array([(r.pair, r.other) for r in found.removed], dtype=np.intp).reshape(-1, 2)
    n = len(plain_left)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)


def assign_folds(group: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """A fold for each pair: groups in random order, the largest first, each to the fold with the fewest pairs."""
    labels, sizes = np.unique(group, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = np.zeros(folds, dtype=np.intp)
    fold = np.empty(len(group), dtype=np.intp)
    for place in order:
        target = int(np.argmin(filled))
        fold[group == labels[place]] = target
        filled[target] += sizes[place]
    return fold


def folds_to_learn(group: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """As :func:`assign_folds`, checked to leave something to learn from and something to score in each fold.

    Raises:
        BenchmarkError: one group is so large that a fold is empty, or that too few pairs lie outside its fold.
    """
    fold = assign_folds(group, folds, seed)
    filled = np.bincount(fold, minlength=folds)
    if filled.min() == 0 or len(group) - filled.max() < LEAST_PAIRS:
        largest = int(np.bincount(group).max())
        raise BenchmarkError(
            f"near-duplicates tie {largest} of {len(group)} pairs together, and they must share a fold: of {folds} "
            f"folds one is empty or leaves fewer than {LEAST_PAIRS} pairs to learn from; give more pairs, or take "
            "near-duplicates out"
        )
    return fold


def check_folds(n: int, folds: int) -> None:
    """Raise BenchmarkError when n pairs cannot be cross-validated in so many folds."""
    if folds < 2:
        raise BenchmarkError(f"cross-validation needs at least 2 folds, got {folds}")
    if n - -(-n // folds) < LEAST_PAIRS:
        raise BenchmarkError(
            f"{n} pairs are too few for {folds} folds; at least {LEAST_PAIRS} must be left to learn from"
        )
