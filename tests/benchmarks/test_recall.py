"""Recall with ties and missing answers, worked out by hand, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lookalike.benchmarks.associative import (
    associative_recall,
    associative_recall_of,
)
from lookalike.benchmarks.recall import (
    Ranking,
    hits,
    ranking,
    ranks_in_blocks,
    recall,
    recall_gain,
    recall_of,
)
from lookalike.errors import BenchmarkError, InvalidArgument

INF = np.inf

# Four queries, four candidates, query i's answer is column i:
#   0: nearest of all (rank 1)
#   1: two nearer (rank 3)
#   2: as near as another, one nearer: places 2 and 3 are shared (rank 2.5)
#   3: at +inf: never found
BY_HAND = np.array(
    [
        [0.1, 0.2, 0.3, 0.4],
        [0.1, 0.5, 0.2, 0.9],
        [0.5, 0.1, 0.5, 0.9],
        [0.1, 0.2, 0.3, INF],
    ]
)


def test_hits_by_hand() -> None:
    assert hits(BY_HAND, None, 1).tolist() == [1, 0, 0, 0]
    assert hits(BY_HAND, None, 2).tolist() == [1, 0, 0.5, 0]
    assert hits(BY_HAND, None, 3).tolist() == [1, 1, 1, 0]
    assert hits(BY_HAND, None, 4).tolist() == [1, 1, 1, 0]


def test_curve_ranks_and_means_by_hand() -> None:
    found = recall(BY_HAND, ks=(1, 2, 3))
    assert [found.at[k].value for k in (1, 2, 3)] == [0.25, 0.375, 0.75]
    assert found.curve == pytest.approx([0.25, 0.375, 0.75, 0.75])
    assert found.ranks.tolist() == [1, 3, 2.5, INF]
    # the middle of 1, 2.5, 3, inf
    assert found.median_rank == 2.75
    # (1 + 1/3 + (1/2 + 1/3) / 2 + 0) / 4 = 0.4375
    assert found.reciprocal_rank.value == pytest.approx(0.4375)
    plain = found.to_dict()
    assert plain["recall"] == {"1": 25.0, "2": 37.5, "3": 75.0}
    assert plain["found"] == 75.0


def test_all_answers_missing() -> None:
    found = recall(np.full((2, 3), INF), np.array([0, 1]))
    assert found.curve.tolist() == [0, 0, 0]
    assert found.median_rank == INF
    assert found.to_dict()["median_rank"] is None


def test_truth_may_point_anywhere() -> None:
    assert hits(BY_HAND[:1], np.array([3]), 3).tolist() == [0]
    assert hits(BY_HAND[:1], np.array([3]), 4).tolist() == [1]


def test_all_distances_equal_is_guessing() -> None:
    # Each answer shares 5 places: at k it is found with chance k / 5.
    found = recall(np.zeros((5, 5)), ks=(1, 2))
    assert found.curve == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found.at[2].value == pytest.approx(0.4)


def test_cosine_minus_l2() -> None:
    a, b = recall(BY_HAND), recall(np.zeros((4, 4)))
    assert recall_gain(a, b) == pytest.approx([0.0, -0.125, 0.0, -0.25])
    with pytest.raises(BenchmarkError):
        recall_gain(a, recall(np.zeros((2, 2))))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("memory", [4096, 1 << 24])
def test_blocks_give_what_the_whole_matrix_gives(metric: str, memory: int) -> None:
    from lookalike.similarity import distance_matrix

    rng = np.random.default_rng(0)
    left = rng.standard_normal((37, 16)).astype(np.float32)
    right = (left + rng.standard_normal((37, 16))).astype(np.float32)
    truth = rng.permutation(37)
    whole = ranking(distance_matrix(left, right, metric), truth)  # type: ignore[arg-type]
    steps: list[tuple[str, int, int]] = []
    found = ranks_in_blocks(
        left,
        right,
        metric,
        truth,
        memory=memory,
        progress=lambda *step: steps.append(step),  # type: ignore[arg-type]
    )
    assert found.nearer.tolist() == whole.nearer.tolist()
    assert found.tied.tolist() == whole.tied.tolist()
    assert steps[-1][1:] == (37, 37)


def test_twice_the_same_image_is_a_tie_in_blocks() -> None:
    rng = np.random.default_rng(1)
    left = rng.standard_normal((9, 1280)).astype(np.float32)
    right = np.concatenate([left, left[::-1]])
    found = ranks_in_blocks(left, right, "cosine", np.arange(9))
    assert found.nearer.tolist() == [0] * 9
    assert found.tied.tolist() == [2] * 9


@pytest.mark.parametrize(
    "bad",
    [
        lambda: ranking(np.zeros((0, 3))),
        lambda: ranking(np.zeros(3)),
        lambda: ranking(np.zeros((3, 2))),
        lambda: ranking(np.zeros((2, 2)), np.array([0, 2])),
        lambda: ranking(np.zeros((2, 2)), np.array([0.0, 1.0])),
        lambda: ranking(np.array([[0.0, np.nan]])),
        lambda: hits(BY_HAND, None, 0),
        lambda: ranks_in_blocks(np.zeros((0, 2)), np.zeros((3, 2))),
    ],
)
def test_what_cannot_be_ranked_is_refused(bad: object) -> None:
    with pytest.raises((BenchmarkError, InvalidArgument)) as caught:
        bad()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def expected_associative_recall(places: Ranking, m: int) -> float:
    """What the simulation converges to: the mean over queries of the exact chance of being nearest among m.

    For a query with b candidates nearer and no ties, out of c: the chance that none of the b is among the m - 1 drawn
    from c - 1. With t tied others, the chance is shared with those of them that are drawn.
    """
    from scipy.stats import hypergeom

    others, ties = places.candidates - 1, places.tied - 1
    none_nearer = hypergeom.pmf(0, others, places.nearer, m - 1)
    shared = np.zeros(len(ties))
    for drawn in range(min(m - 1, int(ties.max())) + 1):
        shared += hypergeom.pmf(drawn, np.maximum(others - places.nearer, ties), ties, m - 1) / (drawn + 1)
    return float(np.mean(np.where(none_nearer > 0, none_nearer * shared, 0.0)))


def test_associative_recall_by_hand() -> None:
    # The answer has rank 2 of 3: with one other drawn it wins against one of two, with both it loses.
    one = np.array([[0.2, 0.1, 0.3]])
    places = ranking(one, np.array([0]))
    assert expected_associative_recall(places, 1) == 1.0
    assert expected_associative_recall(places, 2) == pytest.approx(0.5)
    assert expected_associative_recall(places, 3) == 0.0
    # One of two others ties: half of the draws of one other are a certain win, half a coin's throw.
    tied = ranking(np.array([[0.2, 0.2, 0.3]]), np.array([0]))
    assert expected_associative_recall(tied, 2) == pytest.approx(0.75)
    assert expected_associative_recall(tied, 3) == pytest.approx(0.5)


def test_the_simulation_goes_to_its_expectation_and_to_plain_drawing() -> None:
    rng = np.random.default_rng(0)
    distances = rng.integers(0, 30, (200, 40)) + np.where(np.eye(200, 40) > 0, -6, 0)
    truth = np.arange(200) % 40
    found = associative_recall(distances, truth, ms=(1, 2, 5, 40), repetitions=50)
    places = ranking(distances, truth)
    for m, spread in found.items():
        assert spread.mean == pytest.approx(expected_associative_recall(places, m), abs=0.02)
        assert spread.low <= spread.mean <= spread.high
    assert found[1].mean == 1.0
    assert found[40].std == 0.0
    assert found[40].mean == pytest.approx(float(hits(distances, truth, 1).mean()))
    drawn = []
    for query, answer in enumerate(truth):
        others = rng.permutation(np.delete(np.arange(40), answer))[:4]
        row = distances[query]
        rivals = row[others]
        won = (row[answer] < rivals.min()) + (row[answer] == rivals.min()) / (
            1 + np.sum(rivals == row[answer])
        )
        drawn.append(float(won))
    assert found[5].mean == pytest.approx(np.mean(drawn), abs=0.12)


def test_an_encoder_that_sees_nothing_guesses() -> None:
    found = associative_recall(np.full((400, 10), INF), np.zeros(400, dtype=int), ms=(1, 4), repetitions=2)
    assert (found[1].mean, found[4].mean) == (1.0, 0.25)


def test_more_candidates_than_there_are_is_left_out() -> None:
    places = ranking(np.zeros((3, 3)))
    assert list(associative_recall_of(places, (1, 3, 5))) == [1, 3]
    assert associative_recall_of(places) == associative_recall_of(places)
    with pytest.raises(BenchmarkError):
        associative_recall_of(places, (0,))


MATRICES = arrays(np.float64, (6, 8), elements=st.sampled_from([0.0, 0.5, 1.0, 1.5, INF]))


@settings(max_examples=60, deadline=None)
@given(MATRICES)
def test_the_curve_never_falls_and_ends_at_the_share_that_is_found(matrix: NDArray[np.float64]) -> None:
    found = recall_of(ranking(matrix), ks=(1, 8))
    assert np.all(np.diff(found.curve) >= 0)
    assert found.curve[-1] == pytest.approx(np.isfinite(np.diag(matrix)).mean())
    for k in (1, 3, 8):
        assert found.curve[k - 1] == pytest.approx(float(found.hits(k).mean()))


@settings(max_examples=60, deadline=None)
@given(MATRICES, st.permutations(range(8)))
def test_the_order_of_the_gallery_changes_nothing(matrix: NDArray[np.float64], order: list[int]) -> None:
    moved = ranking(matrix[:, order], np.argsort(order)[:6])
    _same(moved, ranking(matrix))


@settings(max_examples=30, deadline=None)
@given(MATRICES)
def test_the_size_of_distances_changes_nothing(matrix: NDArray[np.float64]) -> None:
    _same(ranking(2 * matrix + 1), ranking(matrix))


def _same(a: Ranking, b: Ranking) -> None:
    assert a.nearer.tolist() == b.nearer.tolist()
    assert a.tied.tolist() == b.tied.tolist()
    assert a.found.tolist() == b.found.tolist()


def test_a_part_of_the_pairs_is_ranked_among_its_own_candidates() -> None:
    rng = np.random.default_rng(4)
    distances = rng.integers(0, 9, (30, 25)).astype(np.float32)
    truth = rng.integers(0, 25, 30)
    rows = np.array([0, 3, 4, 17, 29])
    among = np.zeros(25, dtype=bool)
    among[truth[rows]] = True
    columns = np.flatnonzero(among)
    part = ranking(distances, truth, rows=rows, among=among)
    cut = ranking(distances[np.ix_(rows, columns)], np.searchsorted(columns, truth[rows]))
    _same(part, cut)
    assert part.candidates == len(columns)
    with pytest.raises(BenchmarkError, match="a part of the pairs"):
        ranking(distances, truth, rows=rows, among=~among)
