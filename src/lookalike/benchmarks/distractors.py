"""Queries with distractors for a human study, as in the experiment of Totally-Looks-Like (arXiv 1803.01485, section 5).

Each query is a left image with five options: the five right images that a feature holds to be nearest, or five at
random. Where the right answer is not among them it takes the place of one of them, chosen at random. The options are
shuffled. The result is an ordinary forced-choice table, which a study can serve as it is and
:func:`lookalike.benchmarks.forced_choice.forced_choice` can score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.near_duplicates import NearDuplicates
from lookalike.errors import BenchmarkError
from lookalike.judgments import ForcedChoiceTable, PairTable

FEATURES = ("random", "generic", "face", "face-generic")
OPTIONS = 5
PER_SET = 20
PAPER_SETS = (
    ("TLL_obj", "random"),
    ("TLL_obj", "generic"),
    ("TLL_d", "random"),
    ("TLL_d", "face"),
    ("TLL_d", "face-generic"),
    ("TLL_d", "generic"),
)
"""The six sub-experiments, in the paper's order: 40 queries of TLL_obj and 80 of TLL_d."""

Phi: TypeAlias = NDArray[Any] | Callable[[NDArray[np.int64]], NDArray[Any]]
"""Distances of left to right images of a pair table: the matrix (n, n), or a function that gives the rows (r, n) of the
left images asked for, where the whole matrix would be too large."""

_AT_ONCE = 256


class _Answers:
    """Which images are right answers to which: one left image may stand in several pairs."""

    def __init__(self, table: PairTable) -> None:
        self.lefts: list[str] = table.column("left")
        self.rights: list[str] = table.column("right")
        self._of: dict[str, set[str]] = {}
        for left, right in zip(self.lefts, self.rights, strict=True):
            self._of.setdefault(left, set()).add(right)

    def never_wrong(self, query: int) -> set[str]:
        """Images that are no distractor of the pair at ``query``; its own right one is not among them."""
        left = self.lefts[query]
        return ({left} | self._of[left]) - {self.rights[query]}


@dataclass(frozen=True)
class _Choice:
    query: int
    options: list[int]
    right: int
    nearest: int | None


def distractor_sets(
    table: PairTable,
    queries: ArrayLike,
    feature: str,
    phi: Phi | None = None,
    *,
    pool: ArrayLike | None = None,
    options: int = OPTIONS,
    seed: int = 0,
    name: str | None = None,
) -> ForcedChoiceTable:
    """One choice for each query, with distractors by one feature.

    Args:
        table: the pairs.
        queries: rows of the pairs whose left images are asked about.
        feature: ``random``, or the name of the feature that ``phi`` was computed with (:data:`FEATURES`).
        phi: distances of the table's left to its right images; needed unless ``feature`` is ``random``. Candidates at
            +inf come last, in random order; so do equally near ones among themselves.
        pool: rows whose right images may be options; None: all. Should contain the queries.
        options: how many options each query has, the right one included.
        seed: the same seed gives the same table.
        name: for the column ``set``; None: the feature.

    Returns:
        The columns of a forced-choice table (``right`` is known, ``answers`` is empty), and ``pair`` (row of the
        query in ``table``), ``feature``, and ``nearest`` (position that the feature itself would choose; empty for
        ``random``). An image that is the right one of several pairs is offered once at most, and none that another
        pair of the same left image names as right.

    Raises:
        BenchmarkError: no distances for a feature, rows outside the table, or a pool with too few different images.
    """
    rows = _rows(queries, len(table), "queries")
    candidates = np.arange(len(table)) if pool is None else _rows(pool, len(table), "pool")
    if feature != "random" and phi is None:
        raise BenchmarkError(f"distractors by {feature} need the distances of that feature")
    if options < 2:
        raise BenchmarkError(f"a choice needs at least 2 options, got {options}")
    answers = _Answers(table)
    rng = np.random.default_rng(seed)
    chosen: list[_Choice] = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        distances = None if feature == "random" or phi is None else _of_rows(phi, some, len(table))
        for i, query in enumerate(some):
            row = None if distances is None else distances[i]
            chosen.append(_choice(int(query), row, candidates, answers, options, rng))
    return _table(table, chosen, feature, [name or feature] * len(chosen))


def paper_design(
    table: PairTable,
    distances: Mapping[str, Phi],
    duplicates: NearDuplicates,
    *,
    per_set: int = PER_SET,
    options: int = OPTIONS,
    seed: int = 0,
) -> ForcedChoiceTable:
    """The paper's design from any pair table: six sets of 20 different queries, 40 of TLL_obj and 80 of TLL_d.

    Options come from the same subset as the query. A query of a set by faces has at least ``options`` candidates at a
    finite distance, the right one among them.

    Args:
        table: the pairs.
        distances: ``generic``, ``face`` and ``face-generic``.
        duplicates: what :func:`lookalike.benchmarks.near_duplicates.near_duplicates` found on the same pairs, with faces.
        per_set: queries in each of the six sets.
        options: options of each query.
        seed: the same seed gives the same table.

    Returns:
        As :func:`distractor_sets`; ``set`` is "TLL_obj random" and so on (:data:`PAPER_SETS`).

    Raises:
        BenchmarkError: distances or faces are missing, or a subset is too small: says which and by how much.
    """
    missing = [name for name in FEATURES[1:] if name not in distances]
    if missing:
        raise BenchmarkError(f"the design needs the distances {', '.join(missing)} as well")
    if not duplicates.faces:
        raise BenchmarkError(
            "the design needs faces: TLL_obj are the pairs without any; run near_duplicates with faces"
        )
    subsets = {"TLL_obj": duplicates.kept_obj, "TLL_d": duplicates.kept_d}
    rng = np.random.default_rng(seed)
    queries = _divide(subsets, distances, len(table), per_set, options, rng)
    chosen: list[_Choice] = []
    names: list[str] = []
    features: list[str] = []
    answers = _Answers(table)
    for (subset, feature), rows in queries.items():
        phi = None if feature == "random" else _of_rows(distances[feature], rows, len(table))
        for i, query in enumerate(rows):
            row = None if phi is None else phi[i]
            chosen.append(_choice(int(query), row, subsets[subset], answers, options, rng))
            names.append(f"{subset} {feature}")
            features.append(feature)
    return _table(table, chosen, features, names)


def _divide(
    subsets: Mapping[str, NDArray[np.int64]],
    distances: Mapping[str, Phi],
    n: int,
    per_set: int,
    options: int,
    rng: np.random.Generator,
) -> dict[tuple[str, str], NDArray[np.int64]]:
    """Queries of each set, no pair twice; those by faces choose first, because fewer pairs suit them."""
    found: dict[tuple[str, str], NDArray[np.int64]] = {}
    taken = np.zeros(n, dtype=bool)
    for subset, feature in sorted(PAPER_SETS, key=lambda one: (one[0] != "TLL_obj", "face" not in one[1])):
        free = subsets[subset][~taken[subsets[subset]]]
        if feature.startswith("face"):
            free = free[_with_faces(distances[feature], free, subsets[subset], n, options)]
        if len(free) < per_set:
            kind = " whose faces can be compared" if feature.startswith("face") else ""
            raise BenchmarkError(
                f"set {subset} {feature} needs {per_set} pairs{kind}, {len(free)} are left of the {len(subsets[subset])} "
                f"in {subset}; give more pairs or a smaller per_set"
            )
        found[subset, feature] = rng.permutation(free)[:per_set]
        taken[found[subset, feature]] = True
    return {key: found[key] for key in PAPER_SETS}


def _with_faces(
    phi: Phi, rows: NDArray[np.int64], pool: NDArray[np.int64], n: int, options: int
) -> NDArray[np.bool_]:
    suits = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        finite = np.isfinite(_of_rows(phi, some, n))
        enough = finite[:, pool].sum(axis=1) >= options
        suits[start : start + len(some)] = enough & finite[np.arange(len(some)), some]
    return suits


def _choice(
    query: int,
    distances: NDArray[Any] | None,
    pool: NDArray[np.int64],
    answers: _Answers,
    options: int,
    rng: np.random.Generator,
) -> _Choice:
    order = rng.permutation(pool)
    if distances is not None:
        order = order[np.argsort(distances[order], kind="stable")]
    rights = answers.rights
    # Neither the query's own image nor another right answer to it can be a wrong option, nor can one image stand twice.
    seen = answers.never_wrong(query)
    picked: list[int] = []
    for row in order:
        if rights[row] not in seen:
            seen.add(rights[row])
            picked.append(query if rights[row] == rights[query] else int(row))
        if len(picked) == options:
            break
    if query not in picked:
        if len(picked) < options:
            picked.append(query)
        else:
            picked[int(rng.integers(options))] = query
    if len(picked) < options:
        raise BenchmarkError(
            f"{options} options need as many different right images; the pool has {len(picked)}"
        )
    nearest = None if distances is None else picked[int(np.argmin(distances[picked]))]
    picked = [picked[i] for i in rng.permutation(options)]
    return _Choice(query, picked, picked.index(query), None if nearest is None else picked.index(nearest))


def _table(
    table: PairTable, chosen: Sequence[_Choice], feature: str | Sequence[str], names: Sequence[str]
) -> ForcedChoiceTable:
    import pyarrow as pa

    lefts, rights = table.column("left"), table.column("right")
    features = [feature] * len(chosen) if isinstance(feature, str) else list(feature)
    columns = pa.table(
        {
            "query": pa.array([lefts[c.query] for c in chosen], pa.string()),
            "options": pa.array([[rights[o] for o in c.options] for c in chosen], pa.list_(pa.string())),
            "right": pa.array([c.right for c in chosen], pa.int32()),
            "answers": pa.array([None] * len(chosen), pa.list_(pa.int32())),
            "set": pa.array(list(names), pa.string()),
            "pair": pa.array([c.query for c in chosen], pa.int32()),
            "feature": pa.array(features, pa.string()),
            "nearest": pa.array([c.nearest for c in chosen], pa.int32()),
        }
    )
    return ForcedChoiceTable(columns, table.images)


def _of_rows(phi: Phi, rows: NDArray[np.int64], n: int) -> NDArray[Any]:
    found = np.asarray(phi(rows) if callable(phi) else phi[rows])
    if found.shape != (len(rows), n):
        raise BenchmarkError(
            f"distances of {len(rows)} left images to {n} right ones are wanted, got {found.shape}"
        )
    if np.isnan(found).any():
        raise BenchmarkError("a distance is NaN; an embedding holds values that are not finite numbers")
    return found


def _rows(values: ArrayLike, n: int, name: str) -> NDArray[np.int64]:
    rows = np.asarray(values)
    if rows.ndim != 1 or len(rows) == 0 or rows.dtype.kind not in "iu":
        raise BenchmarkError(f"{name} must be row numbers of the table, at least one; got shape {rows.shape}")
    if rows.min() < 0 or rows.max() >= n:
        raise BenchmarkError(
            f"{name} names row {rows.max()}, but the table has only {n} pairs, counted from 0"
        )
    return rows.astype(np.int64)
