"""Figures worked out by hand, and against statsmodels and choix."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import StudyError
from lookalike.studies.analysis import (
    agreement,
    chi_square_of_counts,
    dawid_skene,
    fit_psychometric,
    krippendorff_alpha,
    leave_one_out,
    leave_one_out_agreement,
    one_coin,
    sensitivity,
)
from lookalike.studies.analysis.quality import pass_probability
from lookalike.studies.analysis.raters import REFUSED

VOTES = np.array([[4, 0, 0], [2, 2, 0], [2, 1, 1]])


def test_the_papers_places_give_its_chi_square() -> None:
    found = chi_square_of_counts([627, 522, 465, 395, 391])
    assert found.chi_square == pytest.approx(80.72, abs=0.005)
    assert found.df == 4
    assert found.p == pytest.approx(1.2e-16, rel=0.05)


def test_agreement_of_three_items_by_hand() -> None:
    found = agreement(VOTES, np.array([3, 3, 3]))
    # Pairs that agree: 6 of 6, 2 of 6, 1 of 6.
    assert found.pairwise is not None
    assert found.kappa is not None
    assert found.pairwise.value == pytest.approx((1 + 1 / 3 + 1 / 6) / 3)
    assert found.kappa.value == pytest.approx((0.5 - 1 / 3) / (2 / 3))
    assert found.modal_share is not None
    assert found.modal_share.value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert found.majority is not None
    assert found.majority.value == pytest.approx(1 / 3)  # half is no majority
    assert found.unanimous is not None
    assert found.unanimous.value == pytest.approx(1 / 3)
    assert found.distribution == (("1/4", 0), ("2/4", 2), ("3/4", 0), ("4/4", 1))


def test_kappa_is_statsmodels_randolph() -> None:
    from statsmodels.stats.inter_rater import fleiss_kappa

    votes = np.random.default_rng(3).multinomial(7, [0.5, 0.2, 0.2, 0.1], size=40)
    found = agreement(votes, np.full(40, 4)).kappa
    assert found is not None
    assert found.value == pytest.approx(fleiss_kappa(votes, method="randolph"))


def test_kappa_does_not_care_how_options_are_numbered() -> None:
    rng = np.random.default_rng(5)
    votes = rng.multinomial(7, [0.6, 0.2, 0.2], size=40)
    one, other = (agreement(v, np.full(40, 3)).kappa for v in (votes, rng.permuted(votes, axis=1)))
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(other.value)


def test_items_answered_once_say_nothing_about_agreement() -> None:
    assert agreement(np.array([[1, 0], [0, 1]]), np.array([2, 2])).modal_share is None
    assert leave_one_out(np.array([[1, 0], [0, 1]])) is None


def test_leave_one_out_by_hand() -> None:
    # 4/0/0: all agree. 2/2: each sees 1 against 2, so none agrees. 2/1/1: those of the two see a tie of three (1/3 each),
    # the single ones see the two ahead.
    found = leave_one_out(VOTES)
    assert found is not None
    assert found.value == pytest.approx((4 + 0 + 2 / 3) / 12)


def test_leave_one_out_of_each_person_by_hand() -> None:
    item = np.array([0, 0, 0, 1, 1])
    person = np.array([0, 1, 2, 0, 1])
    chosen = np.array([1, 1, 0, 0, 1])
    found = leave_one_out_agreement(item, person, chosen, 2)
    # Item 0: persons 0 and 1 see a tie (1/2), person 2 sees both against. Item 1: they contradict each other.
    assert found == pytest.approx([0.25, 0.25, 0.0])


def test_alpha_of_krippendorffs_own_example() -> None:
    """Four observers, twelve units, missing values (Krippendorff 2011, section C)."""
    nan = math.nan
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]
    item = np.tile(np.arange(12), 4)
    value = np.array(observers).ravel()
    for level, expected in (("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)):
        assert krippendorff_alpha(item, value, level=level).value == pytest.approx(expected, abs=0.0006)  # type: ignore[arg-type]


def test_alpha_is_refused_without_variety_or_repetition() -> None:
    with pytest.raises(StudyError, match="without variety"):
        krippendorff_alpha([0, 0, 1, 1], [3, 3, 3, 3])
    with pytest.raises(StudyError, match="at least two people"):
        krippendorff_alpha([0, 1], [3, 4])


@pytest.mark.parametrize(
    ("trials", "needed", "chance", "guesser", "careful"),
    [(10, 8, 0.5, 0.055, 0.988), (2, 2, 0.5, 0.25, 0.9025), (5, 4, 0.2, 0.0067, 0.977)],
)
def test_catch_rules_false_pass_rates(
    trials: int, needed: int, chance: float, guesser: float, careful: float
) -> None:
    assert pass_probability(trials, needed, chance) == pytest.approx(guesser, abs=0.0005)
    assert pass_probability(trials, needed, 0.95) == pytest.approx(careful, abs=0.0005)


def test_dawid_and_skene_is_refused_where_options_are_the_items_own() -> None:
    with pytest.raises(StudyError, match="options of its own"):
        dawid_skene(np.array([0]), np.array([0]), np.array([0]), 2, shared=False)
    assert "numbered" in REFUSED


def test_dawid_and_skene_finds_who_says_same_too_often() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    says = [(0.9, 0.9), (0.9, 0.9), (0.8, 0.8), (0.4, 0.95)]  # P(0 | 0), P(1 | 1) of four people
    item, person, label = [], [], []
    for p, (zero, one) in enumerate(says):
        right = rng.random(300) < np.where(truth == 0, zero, one)
        item += list(range(300))
        person += [p] * 300
        label += list(np.where(right, truth, 1 - truth))
    found = dawid_skene(np.array(item), np.array(person), np.array(label), 2, shared=True)
    diagonal = np.stack([found.errors[:, 0, 0], found.errors[:, 1, 1]], axis=1)
    assert np.abs(diagonal - np.array(says)).max() < 0.09
    assert (found.truth.argmax(axis=1) == truth).mean() > 0.93


def test_one_coin_finds_reliabilities_with_options_of_each_items_own() -> None:
    rng = np.random.default_rng(1)
    items, k, theta = 300, 5, np.array([0.9, 0.7, 0.5, 0.2])
    truth = rng.integers(0, k, items)
    item = np.tile(np.arange(items), len(theta))
    person = np.repeat(np.arange(len(theta)), items)
    right = rng.random(len(item)) < theta[person]
    chosen = np.where(right, truth[item], (truth[item] + rng.integers(1, k, len(item))) % k)
    found = one_coin(item, person, chosen, np.full(items, k))
    assert np.abs(found.reliability - theta).max() < 0.08


def test_sensitivity_by_hand() -> None:
    from scipy.stats import norm

    pair = [True] * 9 + [False] * 9
    said = [True] * 7 + [False] * 2 + [True] * 1 + [False] * 8
    found = sensitivity(pair, said)
    assert found is not None
    assert found.hits == pytest.approx(0.75)
    assert found.false_alarms == pytest.approx(0.15)
    assert found.d_prime == pytest.approx(norm.ppf(0.75) - norm.ppf(0.15))
    assert sensitivity([True, True], [True, False]) is None


def test_the_psychometric_threshold_comes_back() -> None:
    rng = np.random.default_rng(2)
    x = np.tile(np.linspace(0, 1, 11), 200)
    rate = 0.02 + 0.94 / (1 + np.exp(-(x - 0.5) / 0.08))
    person = np.repeat(np.arange(40), len(x) // 40)
    found = fit_psychometric(x, rng.random(len(x)) < rate, person, bootstrap=60)
    assert found.threshold.low <= 0.5 + 0.08 * math.log(0.48 / 0.46) <= found.threshold.high
    assert found.threshold.high - found.threshold.low < 0.08
    assert found.lapse == pytest.approx(0.04, abs=0.03)
    assert found.spread == pytest.approx(0.08, abs=0.02)


def test_a_lapse_does_not_move_the_threshold() -> None:
    """One careless answer to the easiest pair in twenty, which a curve without lapses would bend to."""
    x = np.repeat(np.linspace(0, 1, 11), 40)
    rate = np.repeat(1 / (1 + np.exp(-(np.linspace(0, 1, 11) - 0.5) / 0.05)), 40)
    said = (np.tile((np.arange(40) + 0.5) / 40, 11) < rate).astype(float)
    clean = fit_psychometric(x, said, np.tile(np.arange(40), 11), bootstrap=0).threshold.value
    said[(x > 0.85) & (np.arange(len(x)) % 20 == 0)] = 0
    lapsed = fit_psychometric(x, said, np.tile(np.arange(40), 11), bootstrap=0).threshold.value
    assert clean == pytest.approx(0.5, abs=0.01)
    assert lapsed == pytest.approx(clean, abs=0.015)


def test_a_curve_needs_levels_and_both_answers() -> None:
    with pytest.raises(StudyError, match="four"):
        fit_psychometric([0.1, 0.2], [0, 1], [0, 0])
    with pytest.raises(StudyError, match="all are the same"):
        fit_psychometric([0.1, 0.2, 0.3, 0.4], [1, 1, 1, 1], [0, 0, 0, 0])


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=12))
def test_agreement_keeps_its_bounds(votes: list[list[int]]) -> None:
    counts = np.array(votes)
    if counts.sum() == 0:
        with pytest.raises(StudyError, match="nobody"):
            agreement(counts, np.full(len(counts), 3))
        return
    found = agreement(counts, np.full(len(counts), 3))
    if found.pairwise is None or found.kappa is None or found.modal_share is None:
        assert counts.sum(axis=1).max() == 1
        return
    assert 0 <= found.pairwise.value <= found.modal_share.value <= 1 + 1e-12
    assert -0.5 - 1e-12 <= found.kappa.value <= 1
    assert sum(n for _, n in found.distribution) == (counts.sum(axis=1) >= 2).sum()
