"""Intervals and tests against values worked out by hand."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.benchmarks.statistics import (
    bootstrap_mean,
    bootstrap_statistic,
    correlation,
    paired_means,
    paired_proportions,
    proportion,
)
from lookalike.errors import BenchmarkError


def test_wilson_by_hand() -> None:
    # 5 of 10, z = 1.959964: z^2 = 3.841459, centre (5 + 1.920729) / 13.841459 = 0.5,
    # half width z / (n + z^2) * sqrt(n p (1 - p) + z^2 / 4) = 1.959964 / 13.841459 * sqrt(2.5 + 0.960365) = 0.263407.
    found = proportion(np.array([1, 0] * 5))
    assert (found.value, found.n) == (0.5, 10)
    assert found.low == pytest.approx(0.236593, abs=1e-6)
    assert found.high == pytest.approx(0.763407, abs=1e-6)


def test_wilson_at_the_ends() -> None:
    # 0 of 10: low 0, high z^2 / (n + z^2) = 3.841459 / 13.841459 = 0.277533.
    none = proportion(np.zeros(10))
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.277533, abs=1e-6)
    every = proportion(np.ones(10))
    assert (every.value, every.high) == (1, 1)
    assert every.low == pytest.approx(1 - 0.277533, abs=1e-6)


def test_shared_ties_count_as_fractions() -> None:
    assert proportion([1.0, 0.5, 0.25, 0.25]).value == 0.5


def test_weighted_mean_by_hand() -> None:
    # (1 x 3 + 0 x 1) / 4 = 0.75; drawn twice from two items: 0, 0.75 or 1.
    found = bootstrap_mean([1.0, 0.0], [3.0, 1.0])
    assert (found.value, found.low, found.high) == (0.75, 0.0, 1.0)


def test_bootstrap_agrees_with_the_normal_approximation_and_with_scipy() -> None:
    from scipy import stats

    values = np.random.default_rng(3).normal(2.0, 1.0, 400)
    found = bootstrap_mean(values, resamples=4000)
    half = 1.96 * values.std(ddof=1) / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.01)
    assert found.high == pytest.approx(values.mean() + half, abs=0.01)
    reference = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.01)


def test_items_that_are_alike_are_drawn_as_one_category_with_the_same_law() -> None:
    # 300 hits of 1,000: the percentiles of a binomial (1000, 0.3) / 1000 are 0.272 and 0.329 (sd 0.0145).
    found = bootstrap_mean(np.repeat([1.0, 0.0], [300, 700]), resamples=8000)
    assert (found.low, found.high) == pytest.approx((0.272, 0.329), abs=0.002)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap_mean(values, seed=7) == bootstrap_mean(values, seed=7)
    assert bootstrap_mean(values, seed=7) != bootstrap_mean(values, seed=8)


def test_any_statistic() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    found = bootstrap_statistic(5, lambda rows: float(np.median(values[rows])), resamples=500)
    assert found.value == 3.0
    assert 1.0 <= found.low <= 3.0 <= found.high <= 100.0


def test_correlations_by_hand() -> None:
    # x = 1 2 3 4, y = 1 2 4 3: sum of products of deviations 1.5*1.5 + .5*.5 + .5*1.5 + 1.5*.5 = 4, of squares 5 and 5:
    # r = 4/5 for the values and, as they are ranks, for the ranks: 1 - 6*2/(4*15) = 0.8.
    # Fisher: atanh 0.8 = 1.098612, +- 1.959964 / sqrt(1) -> tanh(-0.861352) = (0.178582 - 1) / (0.178582 + 1)
    # = -0.696953 with exp(-1.722704) = 0.178582, and tanh(3.058576) = (453.57 - 1) / (453.57 + 1) = 0.995600.
    pearson = correlation([1, 2, 3, 4], [1, 2, 4, 3])
    assert (pearson.value, pearson.low, pearson.high) == pytest.approx((0.8, -0.696953, 0.995600), abs=2e-6)
    spearman = correlation([1, 2, 3, 4], [1, 2, 4, 3], "spearman")
    assert spearman.value == pytest.approx(0.8)
    assert spearman.low <= 0.8 <= spearman.high
    assert 0 < pearson.p < 1


def test_the_bootstrap_of_spearman_ranks_every_draw_anew() -> None:
    from scipy import stats

    from lookalike.benchmarks.resampling import resampled_spearman

    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, 40).astype(float)
    y = x + rng.integers(0, 6, 40)
    draws = resampled_spearman(x, y, seed=0, resamples=3000)
    slow_rng = np.random.default_rng(1)
    rows = [slow_rng.integers(0, 40, 40) for _ in range(1500)]
    slow = np.array([stats.spearmanr(x[r], y[r]).statistic for r in rows])
    assert draws.mean() == pytest.approx(slow.mean(), abs=0.015)
    assert np.percentile(draws, [2.5, 97.5]) == pytest.approx(np.percentile(slow, [2.5, 97.5]), abs=0.04)


def test_a_perfect_correlation_has_no_width() -> None:
    for method in ("pearson", "spearman"):
        found = correlation(np.arange(10.0), np.arange(10.0), method)  # type: ignore[arg-type]
        assert found.value == pytest.approx(1.0)
        assert found.low == pytest.approx(1.0)


def test_mcnemar_exact_by_hand() -> None:
    # a alone right on 1 query, b alone on 5: p = 2 (C(6,0) + C(6,1)) / 2^6 = 14/64 = 0.21875.
    a = np.array([1] + [0] * 5 + [1] * 4, dtype=float)
    b = np.array([0] + [1] * 5 + [1] * 4, dtype=float)
    [found] = paired_proportions({"a": a, "b": b})
    assert found.p == pytest.approx(0.21875)
    assert found.p_holm == found.p
    assert found.test == "McNemar, exact"
    assert found.difference.value == pytest.approx(-0.4)
    assert found.difference.low <= -0.4 <= found.difference.high


def test_mcnemar_chi_square_by_hand() -> None:
    # 10 against 30 discordant: (|10 - 30| - 1)^2 / 40 = 361/40 = 9.025, chi-square with 1 df: p = 0.002663.
    a = np.repeat([1.0, 0.0, 1.0], [10, 30, 60])
    b = np.repeat([0.0, 1.0, 1.0], [10, 30, 60])
    [found] = paired_proportions({"a": a, "b": b})
    assert found.p == pytest.approx(0.002663, abs=1e-6)
    assert found.test == "McNemar, chi-square"


def test_fractional_hits_fall_back_to_the_permutation_test() -> None:
    a, b = np.array([0.5, 1.0, 0.25, 1.0]), np.array([0.0, 0.0, 0.0, 0.0])
    [found] = paired_proportions({"a": a, "b": b})
    # 16 sign patterns of 4 differences; only all + and all - are as extreme: p = 2/16 = 0.125.
    assert found.p == pytest.approx(0.125, abs=0.015)
    assert "sign flips" in found.test


def test_sign_flips_agree_with_scipy() -> None:
    from scipy import stats

    rng = np.random.default_rng(5)
    a, b = rng.normal(0.3, 1.0, 30), rng.normal(0.0, 1.0, 30)
    [found] = paired_means({"a": a, "b": b})
    reference = stats.permutation_test(
        (a, b),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=10_000,
        rng=np.random.default_rng(0),
    )
    assert found.p == pytest.approx(reference.pvalue, abs=0.02)


def test_weights_of_paired_means() -> None:
    # (3 x 1 + 1 x 0) / 4 - (3 x 0 + 1 x 1) / 4 = 0.5
    [found] = paired_means({"a": [1.0, 0.0], "b": [0.0, 1.0]}, [3.0, 1.0])
    assert found.difference.value == pytest.approx(0.5)


def test_holm_by_hand() -> None:
    # Three encoders, McNemar exact: a-b 0 against 8 -> 2/256 = 0.0078125; a-c 0 against 6 -> 2/64 = 0.03125;
    # b-c 2 against 0 -> 2/4 = 0.5. Holm: 3 x 0.0078125, max(that, 2 x 0.03125), max(that, 0.5).
    a = np.zeros(20)
    b, c = a.copy(), a.copy()
    b[:8] = 1
    c[:6] = 1
    found = {(t.a, t.b): (t.p, t.p_holm) for t in paired_proportions({"a": a, "b": b, "c": c})}
    assert found["a", "b"] == pytest.approx((0.0078125, 0.0234375))
    assert found["a", "c"] == pytest.approx((0.03125, 0.0625))
    assert found["b", "c"] == pytest.approx((0.5, 0.5))


def test_equal_encoders_do_not_differ() -> None:
    for compare in (paired_proportions, paired_means):
        [found] = compare({"a": [1.0, 0.0, 1.0], "b": [1.0, 0.0, 1.0]})
        assert (found.p, found.p_holm) == (1.0, 1.0)
        assert (found.difference.value, found.difference.low, found.difference.high) == (0.0, 0.0, 0.0)


def test_a_difference_of_nothing_may_still_be_uncertain() -> None:
    [found] = paired_proportions({"a": [1.0, 0.0] * 5, "b": [0.0, 1.0] * 5})
    assert (found.p, found.difference.value) == (1.0, 0.0)
    assert found.difference.low < 0 < found.difference.high


def test_one_encoder_has_nothing_to_be_compared_with() -> None:
    assert paired_proportions({"a": [1.0, 0.0]}) == []


def test_values_all_the_same_give_an_interval_of_no_width() -> None:
    found = bootstrap_mean([0.3] * 7, np.arange(1, 8))
    assert (found.value, found.low, found.high) == (0.3, 0.3, 0.3)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: proportion([]),
        lambda: proportion([2.0]),
        lambda: bootstrap_mean([]),
        lambda: bootstrap_mean([np.nan]),
        lambda: bootstrap_mean([1.0, 2.0], [0.0, 0.0]),
        lambda: bootstrap_mean([1.0, 2.0], [1.0]),
        lambda: bootstrap_mean([1.0, 2.0], resamples=0),
        lambda: bootstrap_statistic(0, len),
        lambda: correlation([1, 1, 1, 1], [1, 2, 3, 4]),
        lambda: correlation([1, 2, 3], [1, 2, 3]),
        lambda: correlation([1, 2, 3, 4], [1, 2, 3]),
        lambda: correlation([1, 2, 3, 4], [1, 2, 3, 4], "kendall"),  # type: ignore[arg-type]
        lambda: paired_proportions({"a": [1.0], "b": [1.0, 0.0]}),
        lambda: paired_means({}),
    ],
)
def test_what_has_no_answer_is_refused_in_one_line(bad: object) -> None:
    with pytest.raises(BenchmarkError) as caught:
        bad()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_as_many_triplets_as_material_within_time_and_memory() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.random(22_801), rng.integers(1, 6, 22_801)
    bootstrap_mean(values[:10])  # imports
    tracemalloc.start()
    begun = time.process_time()
    bootstrap_mean(values, weights)
    seconds = time.process_time() - begun
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 6  # under 2 on one core that has nothing else to do
    assert peak < 200e6


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=2, max_size=3))
def test_holm_never_lowers_p_and_the_interval_holds_the_difference(columns: list[list[bool]]) -> None:
    hits = {str(i): np.array(column, dtype=float) for i, column in enumerate(columns)}
    for found in paired_proportions(hits, resamples=50):
        assert 0 <= found.p <= found.p_holm <= 1
        assert found.difference.low <= found.difference.value <= found.difference.high


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_intervals_hold_their_value(values: list[float]) -> None:
    for found in (proportion(values), bootstrap_mean(values, resamples=50)):
        assert found.low <= found.value <= found.high
        assert found.low >= 0
        assert found.high <= 1
