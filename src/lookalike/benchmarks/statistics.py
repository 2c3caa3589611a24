"""Intervals and paired tests: the same few for every figure that a benchmark reports.

Nothing is invented here: Wilson's interval, McNemar's test and Holm's correction are statsmodels', correlations and
Fisher's interval are SciPy's, and the bootstrap is the plain percentile bootstrap over items, or over clusters of
items where items share images or people and are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.estimates import CorrelationEstimate, Estimate
from lookalike.benchmarks.paired_tests import PairedTest, paired_means, paired_proportions
from lookalike.benchmarks.resampling import (
    CONFIDENCE,
    RESAMPLES,
    Clusters,
    check_clusters,
    check_shares,
    check_weights,
    interval,
    resampled_means,
    resampled_spearman,
    vector,
)
from lookalike.errors import BenchmarkError
from lookalike.extras import import_extra

__all__ = [
    "CONFIDENCE",
    "RESAMPLES",
    "Clusters",
    "CorrelationEstimate",
    "Estimate",
    "PairedTest",
    "bootstrap_mean",
    "bootstrap_statistic",
    "clustered_proportion",
    "correlation",
    "paired_means",
    "paired_proportions",
    "proportion",
]


def proportion(hits: ArrayLike) -> Estimate:
    """Share of hits with Wilson's score interval (Wilson 1927) by statsmodels.

    Args:
        hits: (n,) in [0, 1]; fractions (shared ties) count as what they are, which makes the interval a little wide.

    Raises:
        BenchmarkError: no items, or values outside [0, 1].
        MissingDependency: the extra ``stats`` is not installed.
    """
    values = vector(hits, "hits")
    check_shares(values, "hits")
    by = import_extra("statsmodels.stats.proportion", "stats", "Wilson's interval")
    low, high = by.proportion_confint(values.sum(), len(values), alpha=1 - CONFIDENCE, method="wilson")
    value = float(values.mean())
    # At 0 and at n of n Wilson's ends are 0 and 1 exactly; floating point puts them a hair inside.
    return Estimate(value, min(float(low), value), max(float(high), value), len(values), "Wilson")


def clustered_proportion(hits: ArrayLike, clusters: Clusters | None, *, seed: int = 0) -> Estimate:
    """:func:`proportion`; where items belong together, with the bootstrap interval over clusters.

    Where all items or none are hits a bootstrap has nothing to draw from, and the interval is Wilson's again.
    """
    values = vector(hits, "hits")
    if clusters is None or np.ptp(values) == 0:
        return proportion(values)
    check_shares(values, "hits")
    return bootstrap_mean(values, clusters=clusters, seed=seed)


def bootstrap_mean(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    clusters: Clusters | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Estimate:
    """(Weighted) mean with the percentile bootstrap interval over items (Efron and Tibshirani 1993, chapter 13).

    With weights the figure is sum(w v) / sum(w), and an item's value and weight are drawn together. With clusters,
    whole clusters are drawn instead of items; the figure is the same, its interval is wider where the items of a
    cluster are alike. With fewer than about twenty clusters such an interval is still too narrow.

    Args:
        values: (n,) finite.
        weights: (n,) >= 0, not all 0; None: all alike.
        clusters: which items belong together; None: each stands by itself.
        seed: the same seed gives the same interval.
        resamples: how many samples of n items (or of all clusters) are drawn, with replacement.

    Raises:
        BenchmarkError: no items, values that are not finite, or weights that are all 0.
    """
    v = vector(values, "values")
    w = np.ones_like(v) if weights is None else check_weights(weights, len(v))
    check_clusters(clusters, len(v))
    over = "" if clusters is None else f" over {clusters.count} {clusters.name}"
    how = f"bootstrap{over}, {resamples} resamples"
    if np.ptp(v) == 0:  # sums would be off in the last bits
        return Estimate(float(v[0]), float(v[0]), float(v[0]), len(v), how)
    value = float(np.dot(w, v) / w.sum())
    low, high = interval(resampled_means(v[:, None], w, seed, resamples, clusters)[:, 0])
    return Estimate(value, min(low, value), max(high, value), len(v), how)


def bootstrap_statistic(
    n: int,
    statistic: Callable[[NDArray[np.int64]], float],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Any statistic of n items with its percentile bootstrap interval.

    Args:
        n: number of items.
        statistic: takes positions int64 (n,) of the items drawn and returns the figure; a draw for which it gives
            NaN (a constant sample, say) is left out.
        seed: the same seed gives the same interval.
        resamples: how many samples are drawn.

    Raises:
        BenchmarkError: no items, or a statistic that is NaN on the items themselves.
    """
    if n < 1:
        raise BenchmarkError(
            "a figure with an interval was asked for, but there are no items to compute it from"
        )
    value = float(statistic(np.arange(n)))
    if math.isnan(value):
        raise BenchmarkError(f"the figure is not defined on these {n} items; give items that differ")
    rng = np.random.default_rng(seed)
    draws = np.array([statistic(rng.integers(0, n, n)) for _ in range(resamples)])
    draws = draws[~np.isnan(draws)]
    low, high = interval(draws) if len(draws) else (value, value)
    return Estimate(value, min(low, value), max(high, value), n, f"bootstrap, {resamples} resamples")


def correlation(
    x: ArrayLike,
    y: ArrayLike,
    method: Literal["pearson", "spearman"] = "pearson",
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> CorrelationEstimate:
    """Correlation of two vectors: Pearson's with Fisher's interval, Spearman's with a bootstrap interval.

    Args:
        x: (n,) finite.
        y: (n,) finite.
        method: ``pearson`` or ``spearman``.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Raises:
        BenchmarkError: fewer than 4 items, lengths that differ, or a vector whose values are all the same.
    """
    from scipy import stats

    u, v = vector(x, "x"), vector(y, "y")
    if len(u) != len(v):
        raise BenchmarkError(
            f"a correlation needs two vectors of one length, got {len(u)} and {len(v)} values"
        )
    if len(u) < 4:
        raise BenchmarkError(f"a correlation with an interval needs at least 4 items, got {len(u)}")
    for name, values in (("first", u), ("second", v)):
        if np.ptp(values) <= 1e-13 * float(np.abs(values).max()):
            raise BenchmarkError(
                f"no correlation: all {len(u)} values of the {name} vector are {values[0]:g}"
            )
    if method == "pearson":
        found = stats.pearsonr(u, v)
        ends = found.confidence_interval(CONFIDENCE)
        low, high, how = float(ends.low), float(ends.high), "Fisher"
    elif method == "spearman":
        found = stats.spearmanr(u, v)
        low, high = interval(resampled_spearman(u, v, seed, resamples))
        how = f"bootstrap, {resamples} resamples"
    else:
        raise BenchmarkError(f"correlation {method!r} is not known; use pearson or spearman")
    r = float(found.statistic)
    return CorrelationEstimate(r, min(low, r), max(high, r), len(u), how, float(found.pvalue))
