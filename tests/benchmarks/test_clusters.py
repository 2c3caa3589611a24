"""Items that share an image or a person are drawn together: coverage by simulation, and figures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.benchmarks.paired_tests import one_family, paired_means
from lookalike.benchmarks.statistics import Clusters, bootstrap_mean, clustered_proportion, proportion
from lookalike.benchmarks.triplets import bench_triplets
from lookalike.benchmarks.two_afc import two_afc
from lookalike.errors import BenchmarkError

from .rigged import shade_encoder, shades, write


def test_coverage_where_triplets_share_references() -> None:
    """100 references with 20 triplets each, whose difficulty is the reference's: the truth is 0.7."""
    rng = np.random.default_rng(1)
    covered, by_item = 0, 0
    references = np.repeat(np.arange(100), 20)
    for _ in range(200):
        chance = rng.beta(1.4, 0.6, 100)[references]  # mean 0.7
        agrees = rng.random(2000) < chance
        d_a, d_b = np.where(agrees, 0.0, 1.0), np.where(agrees, 1.0, 0.0)
        ones, none = np.ones(2000), np.zeros(2000)
        found = two_afc(d_a, d_b, ones, none, clusters=Clusters.of(references, "reference images"))
        covered += found.score.low <= 0.7 <= found.score.high
        by_item += found.score_over_items.low <= 0.7 <= found.score_over_items.high
    assert 0.88 <= covered / 200 <= 0.99
    assert by_item / 200 < 0.75  # what made the change necessary


def test_coverage_of_a_paired_difference_and_its_test() -> None:
    """Two encoders of the same quality that differ by reference: about 5 % of tests may say otherwise."""
    rng = np.random.default_rng(2)
    references = np.repeat(np.arange(40), 15)
    clusters = Clusters.of(references, "reference images")
    covered, wrong = 0, 0
    for _ in range(30):
        a = rng.normal(rng.normal(0, 1, 40)[references], 1)
        b = rng.normal(rng.normal(0, 1, 40)[references], 1)
        test = paired_means({"a": a, "b": b}, clusters=clusters, resamples=500)[0]
        covered += test.difference.low <= 0 <= test.difference.high
        wrong += test.p < 0.05
    assert 0.85 <= covered / 30 <= 1.0
    assert wrong / 30 <= 0.15


def test_clusters_by_hand() -> None:
    clusters = Clusters.of(["x", "x", "y", "y"], "images")
    assert clusters is not None
    assert (clusters.count, clusters.code.tolist()) == (2, [0, 0, 1, 1])
    # Two clusters of means 1 and 0: a draw of two gives 0, 1/2 or 1, the ends with a quarter each.
    found = bootstrap_mean([1.0, 1.0, 0.0, 0.0], clusters=clusters)
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)
    assert found.method == "bootstrap over 2 images, 2000 resamples"
    # Sign flips: sums of 2 clusters of +2 and -2 are -4, 0, 0 or 4, all at least as far as the 0 that is seen.
    assert paired_means({"a": [1, 1, 0, 0], "b": [0, 0, 1, 1]}, clusters=clusters)[0].p == 1.0


def test_without_repetition_items_are_drawn() -> None:
    assert Clusters.of([1, 2, 3], "images") is None
    assert Clusters.of([1, 1, 1], "images") is None
    assert clustered_proportion([1, 0, 1], None) == proportion([1, 0, 1])
    everyone = Clusters.of([1, 1, 2], "images")
    assert clustered_proportion([1, 1, 1], everyone).method == "Wilson"
    with pytest.raises(BenchmarkError, match="3 items are in clusters"):
        bootstrap_mean([1.0, 0.0], clusters=everyone)


def test_holm_over_all_groups_together() -> None:
    rng = np.random.default_rng(0)
    scores = {name: rng.normal(shift, 1, 50) for name, shift in (("a", 0.0), ("b", 0.6))}
    alone = paired_means(scores)
    twice = one_family([alone, alone])
    assert [test.p_holm for group in twice for test in group] == [pytest.approx(2 * alone[0].p)] * 2
    assert one_family([[], []]) == [[], []]


def test_the_benchmark_names_its_intervals(tmp_path) -> None:  # type: ignore[no-untyped-def]
    levels = {"ref": 100, "other": 60, "near": 110, "far": 140, "out": 150, "low": 20}
    shades(tmp_path, levels)
    rows = [
        f"{person},{ref},{a},{b},{chosen},1.0,Test,x"
        for person in range(6)
        for ref, a, b, chosen in (
            ("ref", "near", "far", "near"),
            ("ref", "out", "near", "near" if person else "out"),
            ("other", "low", "out", "low"),
            ("other", "far", "low", "far" if person % 2 else "low"),
        )
    ]
    write(
        tmp_path / "answers.csv",
        "participant,query,left,right,chosen,response_time_s,sampler,shown_at",
        *rows,
    )
    result = bench_triplets(tmp_path, [shade_encoder(), shade_encoder("other way", -1)], metric="euclidean")
    one = result.to_dict()["encoders"]["shade"]
    assert one["interval_method"] == "bootstrap over 2 reference images, 2000 resamples"
    # 6 + 5 + 6 + 3 of 24 answers are for the nearer image; participant 0 misses one, 1, 3 and 5 one each.
    assert one["score"] == pytest.approx(20 / 24)
    for key in ("interval", "interval_items", "interval_participants"):
        assert one[key][0] <= one["score"] <= one[key][1]
    assert one["interval_participants"] != one["interval_items"]
    assert "sign flips of 2 reference images" in result.comparisons[0].test
    assert result.ceiling is not None
    assert "reference images" in result.ceiling.majority_oracle.method
