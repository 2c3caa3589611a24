"""Figures of held-out rows, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.errors import TrainingError
from lookalike.training.data_measures import (
    attributes_score,
    compare_scores,
    error_score,
    hamming_score,
    neighbours_of,
    neighbours_score,
    recall_score,
    separation_score,
    teacher_score,
    votes_score,
)


def points(*angles: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Unit vectors at angles in degrees."""
    turns = np.deg2rad(angles)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def test_votes_are_weighed() -> None:
    # Triplet 1: a nearer, 3 of 4 voted a: 3 votes agree. Triplet 2: b nearer, 1 of 1 voted a: none. 3 of 5.
    found = votes_score(
        points(0, 0), points(10, 50), points(40, 20), np.array([3.0, 1.0]), np.array([1.0, 0.0])
    )
    assert found.value == pytest.approx(0.6)
    assert found.items.tolist() == [0.75, 0.0]
    assert found.more == {"majority": 0.5, "score_by_item": 0.375}
    assert set(found.to_dict()) == {"value", "name", "interval", "n", "higher_is_better", "more"}


def test_recall_counts_answers_among_the_nearest() -> None:
    # Query 0's answer (5 degrees) is the nearest; query 1's (100) comes after 5 and 60; query 2's after 60.
    found = recall_score(points(0, 30, 80), points(5, 100, 60), 1)
    # Query 2 at 80 degrees: 100 and 60 are both 20 away, so they share the first place.
    assert found.items.tolist() == [1.0, 0.0, pytest.approx(0.5)]
    with pytest.raises(TrainingError, match="at least 2 held-out pairs"):
        recall_score(points(0), points(1))


def test_separation_is_the_area_under_the_curve() -> None:
    # Alike at 10, 40 degrees; not alike at 30, 50: 10 is nearer than both, 40 than one. (2 + 1) / 4.
    left, right = points(0, 0, 0, 0, 0), points(10, 40, 30, 50, 20)
    found = separation_score(left, right, np.array([1.0, 0.8, 0.0, 0.2, -1.0]))
    assert found.items.tolist() == [1.0, 0.5]
    assert found.value == 0.75
    with pytest.raises(TrainingError, match=r"set data.negatives"):
        separation_score(left, right, np.ones(5))


def test_neighbours_vote_and_lonely_or_unknown_images_are_not_asked() -> None:
    # 0, 2 and 4 degrees are class 0; 90 and 93 class 1; 3 is unknown and no neighbour; 180 is alone in class 2.
    vectors, labels = points(0, 2, 4, 90, 93, 3, 180), np.array([0, 0, 0, 1, 1, -1, 2])
    found = neighbours_score(vectors, labels, 1)
    assert found.items.tolist() == [1, 1, 1, 1, 1]
    assert found.more == {"queries": 5.0}
    assert neighbours_of(labels) == 1  # classes of 3 and 2 images: median 2.5, less the query
    assert neighbours_of(np.repeat(np.arange(3), 20)) == 5
    with pytest.raises(TrainingError, match="no class has two"):
        neighbours_score(vectors, np.arange(7))


def test_attributes_are_averaged_for_each_image() -> None:
    vectors = points(0, 1, 90, 91)
    found = attributes_score(vectors, {"side": np.array([0, 0, 1, 1]), "parity": np.array([0, 1, 0, 1])})
    # Each image's neighbour has its side and the other parity.
    assert found.items.tolist() == [0.5] * 4
    assert found.more == {"side": 1.0, "parity": 0.0}


def test_agreement_with_a_teacher_does_not_see_a_turn() -> None:
    vectors = points(0, 20, 50, 90, 170)
    turned = points(33, 53, 83, 123, 203)
    assert teacher_score(turned, vectors).value == pytest.approx(1, abs=1e-5)
    assert teacher_score(points(0, 90, 20, 170, 50), vectors).value < 0.6
    assert teacher_score(np.ones((5, 2), np.float32), vectors).value == 0  # all alike says nothing


def test_hamming_f1_counts_alike_codes_within_the_radius() -> None:
    # Codes 000, 001, 111 | 111: with radius 1, image 0 finds 1 but not 2; labels 0 0 0 1.
    bits = np.array([[-1, -1, -1], [-1, -1, 1], [1, 1, 1], [1, 1, 1]], dtype=np.float32)
    found = hamming_score(bits, np.array([0, 0, 0, 1]), radius=1)
    # Image 0: 1 of 2 alike; image 1: 0 only (distance 2 to 111), 1 of 2; image 2: none of 2, one stranger.
    # F1 = 2 x found / (alike + returned): 2 x 1 / (2 + 1) twice, then 0; recall 1/2, 1/2, 0; precision 1, 1, 0.
    assert found.items.tolist() == pytest.approx([2 / 3, 2 / 3, 0.0])
    assert found.more == {
        "recall": pytest.approx(1 / 3),
        "precision": pytest.approx(2 / 3),
        "returned": 1.0,
    }
    # One code for everything finds all, and the figure says that it is worth little: 2 x 2 / (2 + 3), 3 times.
    assert hamming_score(np.ones((4, 3), np.float32), np.array([0, 0, 0, 1])).value == pytest.approx(0.8)
    assert hamming_score(np.ones((10, 3), np.float32), np.repeat(np.arange(5), 2)).value == pytest.approx(0.2)


def test_two_scores_of_the_same_items_are_compared_in_pairs() -> None:
    left = points(*range(0, 80, 4))
    good, bad = recall_score(left, left), recall_score(left, left[::-1].copy())
    test = compare_scores(good, bad)
    assert test.difference.value == pytest.approx(1.0)
    assert test.test == "McNemar, exact"
    loss = compare_scores(error_score(np.array([1.0, 2.0])), error_score(np.array([2.0, 4.0])))
    assert loss.difference.value == -1.5
    with pytest.raises(TrainingError, match="cannot be compared in pairs"):
        compare_scores(good, error_score(np.array([1.0])))
