"""BAPPS end to end on an imitation of the published layout, with a rigged encoder and figures by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lookalike.benchmarks.bapps import bench_bapps
from lookalike.errors import BenchmarkError

from .published_layouts import bapps
from .rigged import shade_encoder


def test_by_subset_and_pooled_by_hand(tmp_path: Path) -> None:
    result = bench_bapps(bapps(tmp_path), [shade_encoder()], metric="euclidean")
    found = result.to_dict()
    one = found["encoders"]["shade"]
    # cnn: with 0.8 and 0 of people; traditional: with 0.6.
    assert one["subsets"]["cnn"]["score"] == pytest.approx(0.4)
    assert one["subsets"]["traditional"]["score"] == pytest.approx(0.6)
    assert one["means_over_subsets"] == pytest.approx({"all": 0.5, "distortions": 0.5})  # as LPIPS reports
    assert one["score"] == pytest.approx(1.4 / 3)  # as DreamSim reports
    # Votes of five: 4:1, 0:5 and 2:3; the majority's shares are 0.8, 1 and 0.6.
    assert found["ceiling"]["all"]["majority_oracle"] == pytest.approx(2.4 / 3)
    assert found["ceiling"]["cnn"]["majority_oracle"] == pytest.approx(0.9)
    assert found["triplets"] == 3
    json.dumps(found, allow_nan=False)


def test_jnd_by_hand(tmp_path: Path) -> None:
    one = bench_bapps(bapps(tmp_path), [shade_encoder()], metric="euclidean").to_dict()["encoders"]["shade"]
    # (distance, share): (12, 2/3), (40, 1/3). Precision and recall after 12: 2/3, 2/3; after 40: 1/2, 1.
    area = 2 / 3 * 2 / 3 + 1 / 3 * 1 / 2
    assert one["jnd"]["subsets"]["cnn"]["score"] == pytest.approx(area)
    assert one["jnd"]["mean_over_subsets"] == pytest.approx(area)
    assert one["jnd"]["score"] == pytest.approx(area)


def test_without_jnd_and_with_one_subset(tmp_path: Path) -> None:
    folder = bapps(tmp_path, jnd=False)
    result = bench_bapps(folder, [shade_encoder()], subset="traditional", metric="euclidean")
    assert result.to_dict()["encoders"]["shade"]["jnd"] is None
    assert result.to_dict()["triplets"] == 1
    assert any("no JND votes" in note for note in result.notes)


def test_the_training_part(tmp_path: Path) -> None:
    found = bench_bapps(bapps(tmp_path), [shade_encoder()], split="train", metric="euclidean").to_dict()
    assert found["triplets"] == 1
    assert found["encoders"]["shade"]["score"] == 0.0
    assert found["jnd_pairs"] == 0
    with pytest.raises(BenchmarkError, match="nothing here is of BAPPS' split 'test'"):
        bench_bapps(tmp_path, [shade_encoder()], split="test")


def test_votes_without_any_same_leave_the_choices_standing(tmp_path: Path) -> None:
    folder = bapps(tmp_path)
    for file in (folder / "jnd" / "val" / "cnn" / "same").iterdir():
        np.save(file, np.zeros(1, dtype=np.float32))
    found = bench_bapps(folder, [shade_encoder()], metric="euclidean").to_dict()
    assert found["encoders"]["shade"]["jnd"] is None
    assert found["encoders"]["shade"]["score"] > 0
    assert any("nobody called any of these 2 pairs the same" in note for note in found["notes"])
