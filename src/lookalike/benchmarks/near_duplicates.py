"""Near-duplicates inside and across the two sides of a table of pairs, and the subsets that are left without them.

Totally-Looks-Like (arXiv 1803.01485, section 4): the same photograph is often part of several pairs, which spoils
recall. An image is a near-duplicate of another when their generic cosine distance is at most 0.15 or two of their
faces are at most 0.5 apart (L2). Every pair with such a member is dropped, which leaves TLL_d; TLL_obj are the pairs
without a detected face on either image and without a generic near-duplicate.

A pair's own left and right image are never duplicates of each other, however near: their likeness is what is being
measured. The authors' notebook does the same (it adds 100 to the diagonal of the left-right distances).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.distances import unit_rows
from lookalike.errors import BenchmarkError
from lookalike.progress import Progress
from lookalike.similarity.matrices import distance_blocks
from lookalike.similarity.vectors import Metric

GENERIC_THRESHOLD = 0.15
FACE_THRESHOLD = 0.5

_MEMORY = 64 * 1024 * 1024
Rule = Literal["generic", "face"]
Sides = Literal["left-left", "right-right", "left-right", "right-left"]
_SIDES: tuple[Sides, ...] = ("left-left", "right-right", "left-right", "right-left")


@dataclass(frozen=True)
class Removal:
    """One reason why a pair is dropped: the nearest partner by one rule between two sides.

    Attributes:
        pair: row of the pair that is dropped.
        side_pair: which of its images it is, and on which side the other stands: ``left-right`` is its left image
            and another pair's right one.
        other: row of the other pair.
        distance: between the two images (of their nearest faces, for the face rule).
        rule: ``generic`` (cosine) or ``face`` (L2).
    """

    pair: int
    side_pair: Sides
    other: int
    distance: float
    rule: Rule

    def names(self, pairs: Sequence[tuple[str, str]]) -> tuple[str, str]:
        """(the dropped pair's image, the other pair's image) by name, from (left, right) names of all pairs."""
        mine, theirs = self.side_pair.split("-")
        return pairs[self.pair][mine == "right"], pairs[self.other][theirs == "right"]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class NearDuplicates:
    """What the filter found.

    Attributes:
        removed: every reason, by pair; at most one for each rule and each two sides, the nearest.
        kept_d: int64, rows without any near-duplicate, ascending: TLL_d.
        kept_obj: int64, rows without a face on either image and without a generic near-duplicate: TLL_obj. Empty
            when faces were not looked for, because nobody knows then.
        faces: whether faces were given.
        generic_threshold: cosine distance up to which two images are duplicates.
        face_threshold: L2 distance up to which two faces are.
    """

    removed: list[Removal]
    kept_d: NDArray[np.int64]
    kept_obj: NDArray[np.int64]
    faces: bool
    generic_threshold: float
    face_threshold: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: counts, thresholds and every removal."""
        return {
            "pairs_removed": len({removal.pair for removal in self.removed}),
            "tll_d": len(self.kept_d),
            "tll_obj": len(self.kept_obj) if self.faces else None,
            "generic_threshold": self.generic_threshold,
            "face_threshold": self.face_threshold if self.faces else None,
            "removed": [removal.to_dict() for removal in self.removed],
        }


@dataclass(frozen=True)
class _Side:
    """Vectors of one side: row i belongs to pair owner[i]."""

    vectors: NDArray[Any]
    owner: NDArray[np.int64]


def near_duplicates(
    generic_left: NDArray[Any],
    generic_right: NDArray[Any],
    faces_left: Sequence[NDArray[Any]] | None = None,
    faces_right: Sequence[NDArray[Any]] | None = None,
    *,
    generic_threshold: float = GENERIC_THRESHOLD,
    face_threshold: float = FACE_THRESHOLD,
    across: NDArray[np.float32] | None = None,
    progress: Progress | None = None,
) -> NearDuplicates:
    """Find near-duplicates in blocks (the whole matrix is never held).

    Args:
        generic_left: (n, d), embedding of each pair's left image.
        generic_right: (n, d), of its right image.
        faces_left: n sets of face descriptors, each (n_i, 128) with n_i >= 0; None: faces are not looked at.
        faces_right: likewise.
        generic_threshold: cosine distance, inclusive.
        face_threshold: L2 distance, inclusive; faces on one and the same image do not count.
        across: float32 (n, n), cosine distances of left to right images where they are known already; not changed.
        progress: called after each of the comparisons.

    Raises:
        BenchmarkError: sides of different lengths, no pairs, or faces for one side only.
    """
    n = len(generic_left)
    if n == 0 or len(generic_right) != n:
        raise BenchmarkError(f"both sides need one embedding a pair, got {n} and {len(generic_right)}")
    if (faces_left is None) != (faces_right is None):
        raise BenchmarkError("faces were given for one side only; give both sides or none")
    rows = np.arange(n, dtype=np.int64)
    if across is not None and across.shape != (n, n):
        raise BenchmarkError(f"distances of {n} left to {n} right images are wanted, got {across.shape}")
    faces: list[_Side] = []
    faceless = np.zeros(n, dtype=bool)
    if faces_left is not None and faces_right is not None:
        if len(faces_left) != n or len(faces_right) != n:
            raise BenchmarkError(
                f"{n} pairs need as many sets of faces, got {len(faces_left)}, {len(faces_right)}"
            )
        faces = [_stacked(faces_left), _stacked(faces_right)]
        faceless = np.array([len(a) + len(b) == 0 for a, b in zip(faces_left, faces_right, strict=True)])
    _tell(progress, 0)
    removed = _removals(
        "generic", generic_threshold, _generic(generic_left, generic_right, generic_threshold, across)
    )
    _tell(progress, 1)
    if faces:
        removed += _removals("face", face_threshold, _facial(n, faces[0], faces[1]))
    _tell(progress, 2)
    dropped = {removal.pair for removal in removed}
    generic = {removal.pair for removal in removed if removal.rule == "generic"}
    return NearDuplicates(
        removed=sorted(removed, key=lambda r: (r.pair, r.rule, r.side_pair)),
        kept_d=np.setdiff1d(rows, np.array(sorted(dropped), dtype=np.int64)),
        kept_obj=np.setdiff1d(rows[faceless], np.array(sorted(generic), dtype=np.int64)),
        faces=faces_left is not None,
        generic_threshold=generic_threshold,
        face_threshold=face_threshold,
    )


_Best = tuple[NDArray[np.float64], NDArray[np.int64]]
_Found = dict[Sides, _Best]


def _removals(rule: Rule, threshold: float, found: _Found) -> list[Removal]:
    return [
        Removal(int(pair), name, int(others[pair]), float(distances[pair]), rule)
        for name, (distances, others) in found.items()
        for pair in np.flatnonzero(distances <= threshold)
    ]


def _generic(
    left: NDArray[Any], right: NDArray[Any], threshold: float, across: NDArray[np.float32] | None
) -> _Found:
    """For each image the nearest other within the threshold, on its own side and on the other one."""
    a, b = unit_rows(left), unit_rows(right)
    inside = [_within_threshold(side, side, threshold, None)[0] for side in (a, b)]
    both = _within_threshold(a, b, threshold, across)
    return dict(zip(_SIDES, (*inside, *both), strict=True))


def _within_threshold(
    a: NDArray[np.float32], b: NDArray[np.float32], threshold: float, known: NDArray[np.float32] | None
) -> tuple[_Best, _Best]:
    """Row i of ``a`` and of ``b`` (the same array, for one side) belongs to pair i; cosine of unit rows.

    Nearly all blocks hold nothing within the threshold: a minimum of each row says so, and the work ends there.
    """
    n, alone = len(a), a is b
    best_a = _none(n)
    best_b = best_a if alone else _none(n)
    limit = np.float32(threshold)
    at_once = max(1, _MEMORY // (4 * 4 * n))
    for start in range(0, n, at_once):
        rows = np.arange(start, min(start + at_once, n))
        first = start if alone else 0  # one side against itself: each two images are met once
        block = 1 - a[rows] @ b[first:].T if known is None else known[rows]
        block[np.arange(len(rows)), rows - first] = np.inf
        near = block.min(axis=1) <= limit
        if not near.any():
            continue
        rows, block = rows[near], np.maximum(block[near], 0)
        columns = np.flatnonzero(block.min(axis=0) <= limit)
        nearest = block.argmin(axis=1)
        _improve(best_a, rows, block[np.arange(len(rows)), nearest], nearest + first)
        nearest = block[:, columns].argmin(axis=0)
        _improve(best_b, columns + first, block[nearest, columns], rows[nearest])
    return best_a, best_b


def _facial(n: int, left: _Side, right: _Side) -> _Found:
    inside = [_nearest(n, side, side, "euclidean")[0] for side in (left, right)]
    return dict(zip(_SIDES, (*inside, *_nearest(n, left, right, "euclidean")), strict=True))


def _nearest(n: int, a: _Side, b: _Side, metric: Metric) -> tuple[_Best, _Best]:
    """For each pair's image on side a the nearest of another pair on side b, and the other way round."""
    best_a, best_b = _none(n), _none(n)
    if len(a.vectors) == 0 or len(b.vectors) == 0:
        return best_a, best_b
    for rows, columns, block in distance_blocks(a.vectors, b.vectors, metric, memory=_MEMORY):
        mine, theirs = a.owner[rows], b.owner[columns]
        block[_same(mine, theirs)] = np.inf
        nearest = block.argmin(axis=1)
        _improve(best_a, mine, block[np.arange(len(mine)), nearest], theirs[nearest])
        if a is not b:
            nearest = block.argmin(axis=0)
            _improve(best_b, theirs, block[nearest, np.arange(len(theirs))], mine[nearest])
    return best_a, best_b


def _same(mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) of a block at which both owners are the same; both are in ascending order."""
    start, stop = np.searchsorted(theirs, mine, "left"), np.searchsorted(theirs, mine, "right")
    counts = stop - start
    rows = np.repeat(np.arange(len(mine)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, np.repeat(start, counts) + within


def _improve(
    best: _Best, owner: NDArray[np.int64], distances: NDArray[np.float32], others: NDArray[np.int64]
) -> None:
    """Take over what is nearer than before; an owner may stand in several rows (one for each face)."""
    order = np.lexsort((others, distances, owner))
    first = np.flatnonzero(np.diff(owner[order], prepend=-1))
    rows = order[first]
    nearer = distances[rows] < best[0][owner[rows]]
    best[0][owner[rows[nearer]]] = distances[rows[nearer]]
    best[1][owner[rows[nearer]]] = others[rows[nearer]]


def _none(n: int) -> _Best:
    return np.full(n, np.inf), np.full(n, -1, dtype=np.int64)


def _stacked(sets: Sequence[NDArray[Any]]) -> _Side:
    owner = np.repeat(np.arange(len(sets)), [len(vectors) for vectors in sets]).astype(np.int64)
    filled = [np.asarray(vectors) for vectors in sets if len(vectors)]
    return _Side(np.concatenate(filled) if filled else np.empty((0, 0)), owner)


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress("near-duplicates", done, 2)
