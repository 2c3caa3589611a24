"""2AFC scores and human ceilings, worked out by hand and against the published figures of the measuring data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.benchmarks.ceilings import explainable, two_afc_ceiling
from lookalike.benchmarks.two_afc import two_afc
from lookalike.errors import BenchmarkError

INF = np.inf

# Five triplets: distances to a and b, votes for a and b, votes that the encoder gets, share of them.
#   chooses a, votes 3:1 -> 3 of 4    0.75   as the majority
#   chooses b, votes 2:0 -> 0 of 2    0      not
#   cannot choose, 1:4   -> 2.5 of 5  0.5    half
#   chooses b, votes 1:1 -> 1 of 2    0.5    no majority
#   both at +inf, 0:1    -> 0.5 of 1  0.5    half
D_A, D_B = [0.1, 0.5, 0.3, 0.9, INF], [0.2, 0.4, 0.3, 0.1, INF]
A, B = [3, 2, 1, 1, 0], [1, 0, 4, 1, 1]


def test_scores_by_hand() -> None:
    found = two_afc(D_A, D_B, A, B)
    assert found.items.tolist() == [0.75, 0.0, 0.5, 0.5, 0.5]
    # (3 + 0 + 2.5 + 1 + 0.5) / (4 + 2 + 5 + 2 + 1) = 7 / 14
    assert found.score.value == pytest.approx(0.5)
    # (0.75 + 0 + 0.5 + 0.5 + 0.5) / 5
    assert found.score_by_item.value == pytest.approx(0.45)
    # 1, 0, 1/2 and 1/2 on the four triplets with a majority
    assert found.majority is not None
    assert found.majority.value == pytest.approx(0.5)
    assert found.majority.n == 4
    assert (found.tied_distances, found.tied_votes, found.without_votes) == (2, 1, 0)
    # margins: 2 (first and second), 3 (third), 1 (fifth)
    table = [(row.margin, row.triplets, row.agreement.value) for row in found.by_margin]
    assert table == [(1, 1, 0.5), (2, 2, 0.5), (3, 1, 0.5)]
    assert found.to_dict()["answers"] == 14


def test_shares_do_as_votes() -> None:
    # BAPPS gives the share that chose b: 0.25 and 0.6; the encoder chooses a, then b: (0.75 + 0.6) / 2.
    share = np.array([0.25, 0.6])
    found = two_afc([0, 1], [1, 0], 1 - share, share)
    assert found.score.value == pytest.approx(0.675)
    assert found.score_by_item.value == pytest.approx(0.675)
    assert found.by_margin == []


def test_triplets_without_votes_are_in_no_figure() -> None:
    found = two_afc([0, 0], [1, 1], [1, 0], [0, 0])
    assert (found.score.value, found.without_votes, len(found.items)) == (1.0, 1, 1)


def test_no_majority_anywhere() -> None:
    found = two_afc([0, 0], [1, 1], [1, 2], [1, 2])
    assert found.majority is None
    assert found.to_dict()["majority"] is None


def test_ceilings_by_hand() -> None:
    found = two_afc_ceiling(A, B)
    # majorities 3 of 4, 2 of 2, 4 of 5, 1 of 2, 1 of 1: 11 of 14; shares 0.75 + 1 + 0.8 + 0.5 + 1 over 5
    assert found.majority_oracle.value == pytest.approx(11 / 14)
    assert found.majority_oracle_by_item.value == pytest.approx(0.81)
    assert found.repeated == 4
    assert found.leave_one_out is not None
    assert found.pairwise_agreement is not None
    # One left out, against the others:
    #   3:1 -> each a meets 2:1 (right), the b meets 3:0 (wrong): 3 of 4
    #   2:0 -> each a meets 1:0: 2 of 2
    #   1:4 -> the a meets 0:4 (wrong), each b meets 1:3 (right): 4 of 5
    #   1:1 -> each meets one of the other: 0 of 2
    assert found.leave_one_out.value == pytest.approx((3 + 2 + 4 + 0) / 13)
    # Pairs that agree: C(3,2)/C(4,2) = 1/2, 1, C(4,2)/C(5,2) = 6/10, 0 -> mean 0.525
    assert found.pairwise_agreement.value == pytest.approx(0.525)


def test_a_tie_among_the_others_counts_half() -> None:
    # 2:1 -> each a meets 1:1 (half), the b meets 2:0 (wrong): 1 of 3
    found = two_afc_ceiling([2], [1])
    assert found.leave_one_out is not None
    assert found.leave_one_out.value == pytest.approx(1 / 3)


def test_single_answers_say_nothing_about_agreement() -> None:
    found = two_afc_ceiling([1, 0], [0, 1])
    assert (found.leave_one_out, found.pairwise_agreement, found.repeated) == (None, None, 0)
    assert found.majority_oracle.value == 1.0
    assert found.to_dict()["leave_one_out"] is None


def test_explainable_by_hand() -> None:
    # material, MobileNetV2: (0.732 - 0.5) / (0.838 - 0.5) = 0.232 / 0.338
    assert explainable(0.732, 0.838) == pytest.approx(0.6864, abs=1e-4)
    assert explainable(0.5, 0.838) == 0.0
    assert explainable(11 / 14, two_afc_ceiling(A, B)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: two_afc([], [], [], []),
        lambda: two_afc([1.0], [2.0], [0], [0]),
        lambda: two_afc([1.0], [2.0], [-1], [2]),
        lambda: two_afc([1.0], [np.nan], [1], [2]),
        lambda: two_afc([1.0], [2.0, 3.0], [1], [2]),
        lambda: two_afc([1.0, 2.0], [2.0, 3.0], [1], [2]),
        lambda: two_afc([1.0], [2.0], [1], [np.nan]),
        lambda: two_afc([1.0], [2.0], [1], [1, 2]),
        lambda: two_afc_ceiling([0.5], [0.5]),
        lambda: explainable(0.6, 0.5),
    ],
)
def test_what_has_no_answer_is_refused(bad: object) -> None:
    with pytest.raises(BenchmarkError) as caught:
        bad()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_ceilings_of_material(shared: Path) -> None:
    """The figures of the data's README: 0.838, 0.75, 0.713."""
    import pandas as pd

    table = pd.read_csv(shared / "material" / "triplets.csv")
    found = two_afc_ceiling(table.votes_a, table.votes_b)
    assert found.leave_one_out is not None
    assert found.pairwise_agreement is not None
    assert found.majority_oracle.value == pytest.approx(0.838, abs=0.0005)
    assert found.leave_one_out.value == pytest.approx(0.75, abs=0.0005)
    assert found.pairwise_agreement.value == pytest.approx(0.713, abs=0.0005)
    assert found.repeated == 21_801


def test_agreement_of_alien_eggs(shared: Path) -> None:
    """Two answers to one triplet agree in 0.748, the same reference and the same two options counted together."""
    import pandas as pd

    answers = pd.read_csv(shared / "alien-eggs" / "answers.csv")
    first = answers[["left", "right"]].min(axis=1)
    second = answers[["left", "right"]].max(axis=1)
    keys = answers.assign(first=first, second=second, votes=(answers.chosen == first).astype(int))
    votes = keys.groupby(["query", "first", "second"]).votes.agg(["sum", "count"])
    found = two_afc_ceiling(votes["sum"], votes["count"] - votes["sum"])
    assert found.pairwise_agreement is not None
    assert found.pairwise_agreement.value == pytest.approx(0.748, abs=0.0006)
    assert found.repeated == 4_446


VOTES = st.lists(
    st.tuples(
        st.sampled_from([0.1, 0.2, INF]),
        st.sampled_from([0.1, 0.2, INF]),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=12,
).filter(lambda rows: sum(a + b for _, _, a, b in rows) > 0)


@settings(max_examples=60, deadline=None)
@given(VOTES)
def test_swapping_a_and_b_changes_nothing(rows: list[tuple[float, float, int, int]]) -> None:
    d_a, d_b, a, b = zip(*rows, strict=True)
    one, other = two_afc(d_a, d_b, a, b), two_afc(d_b, d_a, b, a)
    assert one.score.value == pytest.approx(other.score.value)
    assert one.items == pytest.approx(other.items)
    assert one.by_margin == other.by_margin
    ceiling, swapped = two_afc_ceiling(a, b), two_afc_ceiling(b, a)
    assert ceiling.majority_oracle == swapped.majority_oracle
    assert ceiling.leave_one_out == swapped.leave_one_out


@settings(max_examples=60, deadline=None)
@given(VOTES)
def test_nobody_beats_the_majority(rows: list[tuple[float, float, int, int]]) -> None:
    d_a, d_b, a, b = zip(*rows, strict=True)
    found, ceiling = two_afc(d_a, d_b, a, b), two_afc_ceiling(a, b)
    assert found.score.value <= ceiling.majority_oracle.value + 1e-12
    assert found.score_by_item.value <= ceiling.majority_oracle_by_item.value + 1e-12
    oracle = two_afc(np.array(b) - np.array(a), np.zeros(len(a)), a, b)
    assert oracle.score.value == pytest.approx(ceiling.majority_oracle.value)
