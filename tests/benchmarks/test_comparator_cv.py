"""Cross-validation of the comparator: folds, baselines and reliability by hand, and a planted cue."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.benchmarks.comparator_cv import (
    assign_folds,
    baselines,
    cross_validate_described,
    folds_to_learn,
    groups_of,
    reliability,
)
from lookalike.errors import BenchmarkError
from lookalike.similarity.comparator_describe import Descriptions
from tests.similarity.test_comparator import random_pairs
from tests.similarity.test_cues import face


def test_groups_join_near_duplicates_only() -> None:
    # Left images 0 and 2 are the same: pairs 0 and 2 stay together. A pair's own likeness joins nothing.
    left = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 0.01, 0, 0], [0, 0, 1, 0]], dtype=np.float32)
    right = np.array([[0.1, 0, 0, 1], [0, 1, 0, 0], [0, 0, -1, 1], [0, 0, -1, -1]], dtype=np.float32)
    sides = [Descriptions({"embedding": rows}, None, "e") for rows in (left, right)]
    group = groups_of(*sides, left, right)
    assert group[0] == group[2]
    assert len(set(group.tolist())) == 3


def test_folds_keep_groups_and_are_even() -> None:
    group = np.array([0, 0, 0, 1, 2, 3, 4, 5, 6, 7])
    fold = assign_folds(group, 3, seed=1)
    assert len(set(fold[:3].tolist())) == 1
    assert sorted(np.bincount(fold).tolist()) == [3, 3, 4]
    assert np.array_equal(fold, assign_folds(group, 3, seed=1))


def test_a_group_that_fills_a_fold_leaves_nothing_to_learn_from() -> None:
    tied = np.zeros(48, dtype=np.intp)
    with pytest.raises(BenchmarkError, match="near-duplicates tie 48 of 48 pairs together"):
        folds_to_learn(tied, 3, seed=0)
    mostly = np.array([0] * 35 + list(range(1, 14)))  # 13 pairs lie outside the large group: too few
    with pytest.raises(BenchmarkError, match="tie 35 of 48"):
        folds_to_learn(mostly, 3, seed=0)
    free = np.arange(48)
    assert np.array_equal(folds_to_learn(free, 3, seed=0), assign_folds(free, 3, seed=0))


def test_baselines_by_hand() -> None:
    # Unit vectors at right angles: cosine distance 1. Descriptors 0.1 apart in all 128 numbers: 0.1 sqrt(128).
    rows = np.eye(2, dtype=np.float32)
    left = Descriptions({"embedding": rows}, ((face(50, 0.0),), ()), "e", "f")
    right = Descriptions({"embedding": rows}, ((face(50, 0.1),), (face(50, 0.2),)), "e", "f")
    found = baselines(left, right, rows, rows)
    np.testing.assert_allclose(found["cosine"], [[0, 1], [1, 0]], atol=1e-6)
    near, far, absent = 0.75 * 0.1 * np.sqrt(128), 0.75 * 0.2 * np.sqrt(128), 0.75 * 0.85
    np.testing.assert_allclose(found["cosine + faces"], [[near, 1 + far], [1 + absent, absent]], rtol=1e-5)
    assert list(baselines(*random_pairs(3, "texture"), rows, rows)) == ["cosine"]


def test_reliability_by_hand() -> None:
    # Two pairs, probabilities 0.8 for real ones and 0.2 for chance ones (odds 4 : 1 and 1 : 4), half the weight
    # each: the bin of 0.8 holds only real pairs (off by 0.2), that of 0.2 only chance pairs (off by 0.2).
    scores = np.log(np.array([[4, 0.25], [0.25, 4]], dtype=np.float32))
    found = reliability(scores)
    assert found.expected_error == pytest.approx(0.2, abs=1e-6)
    assert found.brier == pytest.approx(0.04, abs=1e-6)
    assert [round(weight, 6) for _, _, weight in found.bins] == [0.5, 0.5]


def test_planted_cue_is_found_and_ablated() -> None:
    left, right = random_pairs(90, "texture")
    plain = left.vectors["embedding"], right.vectors["embedding"]
    told: list[tuple[str, int, int]] = []
    result = cross_validate_described(
        left, right, *plain, folds=3, ablation=True, progress=lambda *step: told.append(step)
    )
    at_one = {name: found.at[1].value for name, found in result.recalls.items()}
    assert at_one["comparator"] > 0.7
    assert at_one["cosine"] < 0.1
    assert result.without["texture"].at[1].value < 0.15
    assert result.alone["texture"].at[1].value > 0.7
    assert result.without["shape"].at[1].value > 0.7
    assert (result.tests[1][0].a, result.tests[1][0].b) == ("comparator", "cosine")
    assert result.tests[1][0].p_holm < 0.001
    assert result.reliability.expected_error < 0.15
    assert told[-1] == ("cross-validation", 3, 3)
    document = result.to_dict()
    assert document["encoders"]["comparator"]["recall"]["1"] == pytest.approx(100 * at_one["comparator"])
    assert {entry["cue"] for entry in document["weights"]} == {
        "content",
        "shape",
        "texture",
        "layout",
        "colour",
    }


def test_nothing_is_found_where_nothing_is() -> None:
    """Images that share nothing: what is learned must not find held-out partners (chance: 1 / 60 at 1)."""
    left, right = random_pairs(60, "none")
    result = cross_validate_described(left, right, left.vectors["texture"], right.vectors["texture"], folds=3)
    assert result.recalls["comparator"].at[1].value < 0.1
    assert abs(result.recalls["comparator"].ranks.mean() - 30.5) < 10


def test_too_few_pairs() -> None:
    left, right = random_pairs(24, "texture")
    plain = left.vectors["embedding"], right.vectors["embedding"]
    with pytest.raises(BenchmarkError, match="too few for 5 folds"):
        cross_validate_described(left, right, *plain)
    with pytest.raises(BenchmarkError, match="at least 2 folds"):
        cross_validate_described(left, right, *plain, folds=1)
