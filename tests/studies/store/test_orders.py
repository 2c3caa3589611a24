"""Shuffled options are uniform, balanced and reproducible (checklist 35)."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy.stats import chisquare

from lookalike.studies.store.orders import option_order


def test_the_right_option_stands_everywhere_equally_often_over_many_items() -> None:
    counts = Counter(option_order(3, f"item-{i}", 0, 5).index(2) for i in range(20_000))
    assert chisquare([counts[i] for i in range(5)]).pvalue > 0.001


def test_all_permutations_come() -> None:
    counts = Counter(option_order(seed, "x", draw, 3) for seed in range(2_000) for draw in range(3))
    assert len(counts) == 6
    # Three orders of one block are not independent: the test is over first draws only.
    first = Counter(option_order(seed, "x", 0, 3) for seed in range(6_000))
    assert chisquare(list(first.values())).pvalue > 0.001


@pytest.mark.parametrize("options", [2, 3, 5, 9])
def test_a_block_of_draws_shows_every_option_once_at_every_position(options: int) -> None:
    for block in range(3):
        orders = [option_order(1, "item", block * options + i, options) for i in range(options)]
        for position in range(options):
            assert sorted(order[position] for order in orders) == list(range(options))


def test_the_order_follows_from_what_is_stored() -> None:
    assert option_order(7, "main-0", 3, 5) == option_order(7, "main-0", 3, 5)
    assert option_order(7, "a", 0, 0) == ()
    assert option_order(7, "a", 5, 1) == (0,)
