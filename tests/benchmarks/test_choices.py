"""Forced choice, odd one out, JND and votes on pairs, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.benchmarks.forced_choice import agreement_with_answers, forced_choice, peoples_choice
from lookalike.benchmarks.jnd import jnd
from lookalike.benchmarks.odd_one_out import odd_one_out
from lookalike.benchmarks.votes import vote_correlation
from lookalike.errors import BenchmarkError

INF = np.inf


def test_forced_choice_by_hand() -> None:
    # right and nearest; missed; nearest with one other: 1/2; all three at +inf: 1/3; right at +inf beside others: 0
    rows = [[0.1, 0.5], [0.1, 0.5], [0.2, 0.2, 0.9], [INF, INF, INF], [INF, 0.3]]
    found = forced_choice(rows, [0, 1, 0, 2, 0])
    assert found.hits == pytest.approx([1, 0, 0.5, 1 / 3, 0])
    assert found.accuracy.value == pytest.approx((1 + 0.5 + 1 / 3) / 5)
    assert found.chance == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 3 + 1 / 2) / 5)
    assert found.to_dict()["queries"] == 5


def test_agreement_with_peoples_answers_by_hand() -> None:
    # The nearest was named by 3 of 4; two are nearest, named by 1 and 2 of 4: 1.5 of 4; nobody answered: left out.
    found = agreement_with_answers([[0.1, 0.2], [0.3, 0.3, 0.9], [0.1, 0.2]], [[3, 1], [1, 2, 1], [0, 0]])
    assert found.value == pytest.approx((3 + 1.5) / 8)
    assert found.n == 2


def test_peoples_choice_by_hand() -> None:
    found = peoples_choice([[3, 1], [2, 2], [1, 4]], [0, 0, 0])
    assert found.items == pytest.approx([0.75, 0.5, 0.2])
    assert found.accuracy.value == pytest.approx((3 + 2 + 1) / 13)
    assert found.majority.value == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.agreement == pytest.approx([0.75, 0.5, 0.8])
    assert set(found.to_dict()) == {"accuracy", "majority"}


def test_odd_one_out_by_hand() -> None:
    # a-b closest: c is odd. Ties: a-b and a-c closest: c and b half each. All alike: a third each.
    found = odd_one_out([0.1, 0.1, 0.5], [0.9, 0.1, 0.5], [0.9, 0.9, 0.5], [[0, 1, 3], [1, 0, 1], [2, 2, 2]])
    assert found.items == pytest.approx([3 / 4, 1 / 4, 1 / 3])
    assert found.accuracy.value == pytest.approx((3 + 0.5 + 2) / 12)
    # only the first trial has a majority, and it is named
    assert found.majority is not None
    assert (found.majority.value, found.majority.n) == (1.0, 1)
    assert found.ceiling.value == pytest.approx((3 + 1 + 2) / 12)
    assert found.tied == 2
    assert found.to_dict()["trials"] == 3


def test_odd_one_out_names_the_image_outside_the_closest_pair() -> None:
    votes = np.eye(3)
    assert odd_one_out([1, 1, 0], [1, 0, 1], [0, 1, 1], votes).accuracy.value == 1.0
    assert odd_one_out([0, 1, 1], [1, 0, 1], [1, 1, 0], votes).accuracy.value == pytest.approx(1 / 3)


def test_jnd_by_hand() -> None:
    # By distance: same, different, same, different. Precision 1, 1/2, 2/3, 1/2; recall 1/2, 1/2, 1, 1.
    # Envelope from the right: 1/2, 2/3, 2/3, 1 -> 1/2 x 1 + 1/2 x 2/3 = 5/6.
    found = jnd([0.1, 0.2, 0.3, 0.4], [1, 0, 1, 0])
    assert found.score.value == pytest.approx(5 / 6)
    assert found.precision == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    assert found.recall == pytest.approx([1 / 2, 1 / 2, 1, 1])
    assert found.chance == 0.5
    assert found.score.low <= 5 / 6 <= found.score.high
    assert found.to_dict()["pairs"] == 4


def test_jnd_with_shares_by_hand() -> None:
    # Shares 2/3, 1/3 (LPIPS: three people a pair): precision 2/3, 1/2; recall 2/3, 1: 2/3 x 2/3 + 1/3 x 1/2 = 11/18.
    assert jnd([0.1, 0.2], [2 / 3, 1 / 3]).score.value == pytest.approx(11 / 18)


def test_jnd_of_equal_distances_is_chance_in_any_order() -> None:
    for same in ([1, 0, 0, 0], [0, 0, 0, 1]):
        assert jnd([0.5, 0.5, 0.5, 0.5], same).score.value == pytest.approx(0.25)
    assert jnd([INF, INF], [0, 1]).score.value == pytest.approx(0.5)


def test_the_area_is_never_below_average_precision() -> None:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(0)
    d, same = rng.random(200), rng.integers(0, 2, 200)
    found = jnd(d, same, resamples=10).score.value
    plain = average_precision_score(same, -d)
    assert plain <= found <= plain + 0.05


def test_vote_correlation_by_hand() -> None:
    # As in test_statistics: r = 0.8. The pair at +inf and the one without votes are left out.
    found = vote_correlation([1, 2, 3, 4, INF, 5], [1, 2, 4, 3, 9, None], None)
    assert found.up_pearson is not None
    assert found.up_spearman is not None
    assert found.up_pearson.value == pytest.approx(0.8)
    assert found.up_spearman.value == pytest.approx(0.8)
    assert found.down_pearson is None
    assert found.left_out == (2, 6)
    assert found.to_dict()["down"] == {"pearson": None, "spearman": None}


def test_both_kinds_of_votes() -> None:
    found = vote_correlation([1, 2, 3, 4], [1, 2, 4, 3], [4, 3, 2, 1])
    assert found.down_spearman is not None
    assert found.down_spearman.value == pytest.approx(-1.0)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: forced_choice([], []),
        lambda: forced_choice([[1.0, 2.0]], [2]),
        lambda: forced_choice([[1.0, np.nan]], [0]),
        lambda: forced_choice([[1.0, 2.0]], [0.0]),
        lambda: agreement_with_answers([[1.0, 2.0]], [[0, 0]]),
        lambda: agreement_with_answers([[1.0, 2.0]], [[1, 0, 0]]),
        lambda: peoples_choice([[0, 0]], [0]),
        lambda: odd_one_out([1.0], [1.0], [1.0], [[0, 0, 0]]),
        lambda: odd_one_out([1.0], [1.0], [np.nan], [[1, 0, 0]]),
        lambda: odd_one_out([1.0], [1.0, 2.0], [1.0], [[1, 0, 0]]),
        lambda: jnd([], []),
        lambda: jnd([0.1, 0.2], [0, 0]),
        lambda: jnd([0.1, np.nan], [0, 1]),
        lambda: jnd([0.1, 0.2], [0, 2]),
        lambda: vote_correlation([1, 2, 3, 4], None, None),
        lambda: vote_correlation([1, 2, 3, 4], [1, 2, 3], None),
    ],
)
def test_what_has_no_answer_is_refused(bad: object) -> None:
    with pytest.raises(BenchmarkError) as caught:
        bad()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=1, max_size=15), st.randoms())
def test_the_order_of_pairs_changes_no_area(pairs: list[tuple[int, int]], random: object) -> None:
    if not any(same for _, same in pairs):
        return
    d, same = np.array(pairs).T
    order = np.random.default_rng(0).permutation(len(d))
    one = jnd(d, same, resamples=1).score.value
    assert jnd(d[order], same[order], resamples=1).score.value == pytest.approx(one)
    assert np.mean(same) - 1e-12 <= one <= 1


def test_a_constant_column_of_votes_leaves_the_other_alone() -> None:
    found = vote_correlation([1, 2, 3, 4, 5], [5, 5, 5, 5, 5], [1, 2, 3, 4, 6])
    assert found.up_pearson is None
    assert found.down_spearman is not None
    assert found.down_spearman.value == pytest.approx(1.0)
    [note] = found.notes
    assert "up-votes" in note
    assert "all 5 values" in note
    assert found.to_dict()["notes"] == [note]
