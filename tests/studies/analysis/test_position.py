"""The test of position bias: right size in both order designs, power, and never chi-square where orders are shared (point 36)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.studies.analysis import PositionResult, Responses, position_test
from lookalike.studies.analysis.position import permutation_p, shares_orders

from . import made

ITEMS, PEOPLE, PLACES = 60, 12, 5
ASKED = tuple(made.kafc_items(ITEMS, PLACES))


def responses(rng: np.random.Generator, *, fixed: bool, biased: float = 0.0) -> Responses:
    """Answers with agreement as in the TLL study; a share ``biased`` goes to the first place."""
    item, person = np.repeat(np.arange(ITEMS), PEOPLE), np.tile(np.arange(PEOPLE), ITEMS)
    draws = rng.random((ITEMS if fixed else ITEMS * PEOPLE, PLACES)).argsort(axis=1)
    place_of = np.repeat(draws, PEOPLE, axis=0) if fixed else draws  # option -> place
    mode = rng.beta(4, 1.5, ITEMS)
    chosen = np.where(rng.random(len(item)) < mode[item], 0, rng.integers(1, PLACES, len(item)))
    rows = np.arange(len(item))
    position = np.where(rng.random(len(item)) < biased, 0, place_of[rows, chosen])
    chosen = (place_of == position[:, None]).argmax(axis=1)
    n, nan = len(item), np.full(len(item), np.nan)
    return Responses(
        ASKED, tuple(f"p{p}" for p in range(PEOPLE)), item, person, chosen, position, place_of[:, 0],
        (chosen == 0).astype(float), nan, nan, np.arange(n), np.full(ITEMS, PLACES), np.zeros(ITEMS, dtype=np.int64),
    )  # fmt: skip


def rejections(fixed: bool, runs: int, seed: int) -> tuple[float, float]:
    """(share of runs with p < .05 by the test that was chosen, by chi-square regardless)."""
    from scipy.stats import chisquare

    rng = np.random.default_rng(seed)
    chosen, naive = [], []
    for run in range(runs):
        some = responses(rng, fixed=fixed)
        if fixed:  # the permutation test itself, without the rest
            table = np.zeros((ITEMS, PLACES), dtype=np.int64)
            np.add.at(table, (some.item, some.position), 1)
            chosen.append(permutation_p(table, seed=run, permutations=199) < 0.05)
        else:
            counts = np.bincount(some.position, minlength=PLACES)
            chosen.append(chisquare(counts).pvalue < 0.05)
        naive.append(chisquare(np.bincount(some.position, minlength=PLACES)).pvalue < 0.05)
    return float(np.mean(chosen)), float(np.mean(naive))


@pytest.mark.parametrize("fixed", [False, True])
def test_a_true_null_is_rejected_five_times_in_a_hundred(fixed: bool) -> None:
    rate, naive = rejections(fixed, 600, 11)
    assert rate == pytest.approx(0.05, abs=0.02)
    if fixed:
        assert naive > 0.6  # what chi-square would have said: agreement is a bias


@pytest.mark.slow
@pytest.mark.parametrize("fixed", [False, True])
def test_the_size_of_the_test_within_a_point(fixed: bool) -> None:
    # 4,000 runs of a rate of .05 stray by .01 once in three hundred seeds; 16,000 practically never.
    rate, _ = rejections(fixed, 4000 if fixed else 16_000, 21)
    assert rate == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("fixed", [False, True])
def test_the_result_says_which_test_and_why(fixed: bool) -> None:
    found = position_test(responses(np.random.default_rng(0), fixed=fixed), permutations=500)
    assert found is not None
    assert found.test == ("permutation" if fixed else "chi-square")
    assert found.order == ("shared" if fixed else "per-answer")
    if fixed:
        assert found.df is None
        assert found.residuals == ()
        assert "not computed" in found.why
    else:
        assert found.df == 4
        assert found.p > 0.01


def test_the_design_alone_is_enough_to_refuse_chi_square() -> None:
    found = position_test(responses(np.random.default_rng(0), fixed=False), fixed=True, permutations=200)
    assert found is not None
    assert found.test == "permutation"


@pytest.mark.parametrize("fixed", [False, True])
def test_a_bias_is_found_and_its_place_named(fixed: bool) -> None:
    found = position_test(responses(np.random.default_rng(4), fixed=fixed, biased=0.25), permutations=2000)
    assert found is not None
    assert found.p < 0.01
    assert int(np.argmax(found.counts)) == 0
    assert sum(found.counts) == ITEMS * PEOPLE


def test_the_share_of_the_first_place_comes_back_inside_its_interval() -> None:
    inside = 0
    for seed in range(40):
        found = position_test(responses(np.random.default_rng(seed), fixed=False, biased=0.2))
        assert isinstance(found, PositionResult)
        assert found.first is not None
        inside += found.first.low <= 0.2 + 0.8 / PLACES <= found.first.high
    assert inside >= 34  # 38 expected of 40, for 12 people somewhat fewer


def test_rotated_orders_count_as_each_answers_own() -> None:
    """Latin squares use 5 of 120 orders: the place of an option is balanced, which is what counts."""
    item, anchor = np.repeat(np.arange(40), 10), np.tile(np.arange(10) % 5, 40)
    assert not shares_orders(item, anchor, 5)
    assert shares_orders(item, np.repeat(np.arange(40) % 5, 10), 5)
    assert not shares_orders(np.arange(50), np.zeros(50, dtype=np.int64), 5)  # answered once each


def test_two_answers_of_one_order_are_moved_together() -> None:
    table: NDArray[np.int64] = np.array([[20, 0]])
    assert permutation_p(table, permutations=300) == 1.0  # one item: any place is as likely
    many = np.tile(table, (12, 1))
    assert permutation_p(many, permutations=5000) == pytest.approx(2 / 2**12, abs=0.002)


def test_nothing_shuffled_gives_nothing() -> None:
    some = responses(np.random.default_rng(0), fixed=False)
    from dataclasses import replace

    assert position_test(replace(some, position=np.full(len(some), -1))) is None
