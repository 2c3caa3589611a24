"""Noise ceilings are not biased by the number of votes (point 37)."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lookalike.studies.analysis import agreement, leave_one_out, split_half_means, split_half_votes
from lookalike.studies.analysis.ceilings import agree_with_others


def votes(rng: np.random.Generator, p: np.ndarray, w: int) -> np.ndarray:  # type: ignore[type-arg]
    return rng.multinomial(w, p)


@pytest.mark.parametrize("w", [2, 3, 5, 20])
def test_pairwise_agreement_is_unbiased(w: int) -> None:
    rng = np.random.default_rng(w)
    for share in (0.5, 0.8):
        p = np.tile([share, 1 - share], (20_000, 1))
        found = agreement(votes(rng, p, w), np.full(len(p), 2)).pairwise
        assert found is not None
        assert found.value == pytest.approx(share**2 + (1 - share) ** 2, abs=0.01)


def test_what_the_plug_in_would_say_of_a_coin() -> None:
    """The figures of the trap: .75, .67, .60 for a true .5; and the modal share reads .69 with five votes."""
    rng = np.random.default_rng(0)
    for w, wrong in ((2, 0.75), (3, 0.667), (5, 0.60)):
        share = rng.binomial(w, 0.5, 40_000) / w
        assert np.mean(share**2 + (1 - share) ** 2) == pytest.approx(wrong, abs=0.01)
    modal = agreement(votes(rng, np.full((40_000, 2), 0.5), 5), np.full(40_000, 2)).modal_share
    assert modal is not None
    assert modal.value == pytest.approx(0.6875, abs=0.005)


@pytest.mark.parametrize("w", [2, 3, 5, 20])
def test_leave_one_out_of_a_coin_is_a_half(w: int) -> None:
    found = leave_one_out(votes(np.random.default_rng(w), np.full((20_000, 2), 0.5), w))
    assert found is not None
    assert found.value == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("w", [2, 3, 5])
def test_leave_one_out_has_its_exact_expectation(w: int) -> None:
    """One person against the mode of w - 1 others, all outcomes enumerated."""
    p = np.array([0.6, 0.3, 0.1])
    exact = 0.0
    for own, *others in product(range(3), repeat=w):
        counts = np.bincount(others, minlength=3)
        best = counts == counts.max()
        exact += p[own] * np.prod(p[list(others)]) * best[own] / best.sum()
    found = leave_one_out(votes(np.random.default_rng(w), np.tile(p, (40_000, 1)), w))
    assert found is not None
    assert found.value == pytest.approx(exact, abs=0.01)


def test_agree_with_others_by_hand() -> None:
    # 3/1: the three see 2 against 1, the single one sees 3: (3 * 1 + 0) / 4. 1/1: nobody agrees.
    assert agree_with_others(np.array([[3, 1], [1, 1]])) == pytest.approx([0.75, 0.0])


def _reliability(w: int, rng: np.random.Generator) -> tuple[float, float]:
    """(estimate, truth) of the reliability of shares of w votes, p from Beta(2, 2)."""
    p = rng.beta(2, 2, 1500)
    item = np.repeat(np.arange(len(p)), w)
    chosen = (rng.random(len(item)) < p[item]).astype(np.int64)
    found = split_half_votes(item, chosen, np.full(len(p), 2), splits=60)
    assert found is not None
    variance, noise = 1 / 20, (1 / 4 - 1 / 20) / w  # of Beta(2, 2); mean of p (1 - p), divided by w
    return found.value, variance / (variance + noise)


@pytest.mark.parametrize("w", [2, 3, 5, 20])
def test_split_half_with_spearman_brown_is_unbiased(w: int) -> None:
    rng = np.random.default_rng(100 + w)
    pairs = [_reliability(w, rng) for _ in range(6)]
    assert np.mean([found for found, _ in pairs]) == pytest.approx(pairs[0][1], abs=0.025)


def test_split_half_of_a_coin_is_nothing() -> None:
    rng = np.random.default_rng(5)
    item = np.repeat(np.arange(2000), 5)
    found = split_half_votes(item, rng.integers(0, 2, len(item)), np.full(2000, 2), splits=50)
    assert found is not None
    assert found.value == pytest.approx(0.0, abs=0.06)
    assert found.low < 0 < found.high


def test_split_half_of_ratings() -> None:
    rng = np.random.default_rng(6)
    item = np.repeat(np.arange(800), 6)
    mean = rng.normal(0, 1, 800)
    found = split_half_means(item, mean[item] + rng.normal(0, 2, len(item)), 800, splits=60)
    assert found is not None
    assert found.value == pytest.approx(1 / (1 + 4 / 6), abs=0.04)


def test_too_few_items_have_no_reliability() -> None:
    assert split_half_votes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([2, 2])) is None
