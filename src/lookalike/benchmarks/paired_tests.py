"""Are two encoders' figures different? Paired tests on the same items, with Holm's correction over all comparisons."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike.benchmarks.estimates import Estimate
from lookalike.benchmarks.resampling import (
    RESAMPLES,
    Clusters,
    Floats,
    check_clusters,
    check_columns,
    check_shares,
    check_weights,
    flipped_sums,
    interval,
    resampled_means,
)
from lookalike.extras import import_extra

EXACT_BELOW = 25
"""Discordant pairs below which McNemar's test is the exact binomial one (the usual advice, and statsmodels')."""
FLIPS = 10_000


@dataclass(frozen=True)
class PairedTest:
    """Two encoders compared on the same items.

    Attributes:
        a: name of the one.
        b: name of the other.
        difference: mean of a minus mean of b, with its percentile bootstrap interval (items resampled).
        p: two-sided p-value of this comparison alone.
        p_holm: the same after Holm's correction over all comparisons made together.
        test: which test gave ``p``, in words.
    """

    a: str
    b: str
    difference: Estimate
    p: float
    p_holm: float
    test: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def paired_proportions(
    hits: Mapping[str, ArrayLike], *, seed: int = 0, resamples: int = RESAMPLES
) -> list[PairedTest]:
    """Compare every two encoders by which queries they get right.

    McNemar's test (statsmodels; exact binomial below EXACT_BELOW discordant queries, else chi-square with continuity
    correction). Where hits are fractions because ties are shared, McNemar's counts are not defined; there the two
    are compared by the sign-flip permutation test of the mean difference, as in :func:`paired_means`.

    Args:
        hits: name -> (n,) in [0, 1], the same queries in the same order.
        seed: of the intervals of the differences.
        resamples: of the same.

    Returns:
        One test for each two names, in the order given; empty for a single name.

    Raises:
        BenchmarkError: lengths that differ, no items, or values outside [0, 1].
        MissingDependency: the extra ``stats`` is not installed.
    """
    columns = check_columns(hits)
    for name, values in columns.items():
        check_shares(values, f"hits of {name}")
    return _compare(columns, None, seed, resamples, _mcnemar_or_flip, None)


def paired_means(
    scores: Mapping[str, ArrayLike],
    weights: ArrayLike | None = None,
    *,
    clusters: Clusters | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[PairedTest]:
    """Compare every two encoders by their (weighted) mean score on the same items.

    The interval of the difference is a paired bootstrap (an item's scores are drawn together); p is the two-sided
    sign-flip permutation test of the (weighted) mean difference with 10,000 flips, p = (1 + extreme) / (1 + flips).
    With clusters, whole clusters are drawn and flipped: the items of one are not independent of each other.

    Args:
        scores: name -> (n,) finite, the same items in the same order.
        weights: (n,) >= 0, not all 0.
        clusters: which items belong together; None: each stands by itself.
        seed: the same seed gives the same interval and p.
        resamples: of the intervals.

    Raises:
        BenchmarkError: lengths that differ, no items, values that are not finite.
        MissingDependency: the extra ``stats`` is not installed.
    """
    columns = check_columns(scores)
    n = len(next(iter(columns.values())))
    w = None if weights is None else check_weights(weights, n)
    check_clusters(clusters, n)
    return _compare(columns, w, seed, resamples, _sign_flip, clusters)


def one_family(tests: Sequence[Sequence[PairedTest]]) -> list[list[PairedTest]]:
    """The same tests with Holm's correction over all of them together, however they are grouped."""
    corrected = iter(holm([test.p for group in tests for test in group]))
    return [[replace(test, p_holm=next(corrected)) for test in group] for group in tests]


def holm(p: Sequence[float]) -> list[float]:
    """p-values after Holm's correction (1979) over all of them, by statsmodels; in the order given.

    Raises:
        MissingDependency: the extra ``stats`` is not installed.
    """
    if not p:
        return []
    multitest = import_extra("statsmodels.stats.multitest", "stats", "Holm's correction")
    return [float(value) for value in multitest.multipletests(p, method="holm")[1]]


def _compare(
    columns: dict[str, Floats],
    weights: Floats | None,
    seed: int,
    resamples: int,
    test: Callable[[list[tuple[Floats, Floats]], Floats, int, Clusters | None], list[tuple[float, str]]],
    clusters: Clusters | None,
) -> list[PairedTest]:
    names = list(columns)
    pairs = list(itertools.combinations(range(len(names)), 2))
    if not pairs:
        return []
    matrix = np.column_stack([columns[name] for name in names])
    w = np.ones(len(matrix)) if weights is None else weights
    means = w @ matrix / w.sum()
    draws = resampled_means(matrix, w, seed, resamples, clusters)
    over = "" if clusters is None else f" over {clusters.count} {clusters.name}"
    tested = test([(matrix[:, i], matrix[:, j]) for i, j in pairs], w, seed, clusters)
    found = []
    for (i, j), (p, how) in zip(pairs, tested, strict=True):
        value, low, high = float(means[i] - means[j]), 0.0, 0.0
        if not np.array_equal(matrix[:, i], matrix[:, j]):  # else the difference is 0 without any doubt
            low, high = interval(draws[:, i] - draws[:, j])
        method = f"paired bootstrap{over}, {resamples} resamples"
        difference = Estimate(value, min(low, value), max(high, value), len(matrix), method)
        found.append(PairedTest(names[i], names[j], difference, p, p, how))
    return one_family([found])[0]


def _mcnemar_or_flip(
    pairs: list[tuple[Floats, Floats]], weights: Floats, seed: int, clusters: Clusters | None
) -> list[tuple[float, str]]:
    """McNemar's test where both columns are 0 or 1, else the sign-flip test."""
    whole = [all(bool(np.all((side == 0) | (side == 1))) for side in pair) for pair in pairs]
    fractions = [p for p, yes in zip(pairs, whole, strict=True) if not yes]
    flipped = iter(_sign_flip(fractions, weights, seed, clusters))
    return [_mcnemar(*pair) if yes else next(flipped) for pair, yes in zip(pairs, whole, strict=True)]


def _mcnemar(a: Floats, b: Floats) -> tuple[float, str]:
    only_a, only_b = int(np.sum((a == 1) & (b == 0))), int(np.sum((a == 0) & (b == 1)))
    both, neither = int(np.sum((a == 1) & (b == 1))), int(np.sum((a == 0) & (b == 0)))
    exact = only_a + only_b < EXACT_BELOW
    tables = import_extra("statsmodels.stats.contingency_tables", "stats", "McNemar's test")
    found = tables.mcnemar([[both, only_a], [only_b, neither]], exact=exact, correction=True)
    return min(1.0, float(found.pvalue)), "McNemar, exact" if exact else "McNemar, chi-square"


def _sign_flip(
    pairs: list[tuple[Floats, Floats]], weights: Floats, seed: int, clusters: Clusters | None
) -> list[tuple[float, str]]:
    """Two-sided p of each weighted mean difference when every item's (or cluster's) two scores may change places."""
    if not pairs:
        return []
    differences = np.column_stack([weights * (a - b) for a, b in pairs])
    if clusters is not None:
        differences = clusters.sums(differences)
    # Sums that are equal on paper may differ in the last bits; they count as equally extreme.
    edge = np.abs(differences.sum(axis=0)) * (1 - 1e-9)
    extreme = np.zeros(len(pairs), dtype=np.int64)
    for sums in flipped_sums(differences, seed, FLIPS):
        extreme += np.sum(np.abs(sums) >= edge, axis=0)
    of = "" if clusters is None else f" of {clusters.count} {clusters.name}"
    return [(float(p), f"permutation, {FLIPS} sign flips{of}") for p in (1 + extreme) / (1 + FLIPS)]
