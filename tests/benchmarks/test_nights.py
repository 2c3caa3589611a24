"""NIGHTS end to end on an imitation of the published layout, with a rigged encoder and figures by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lookalike.benchmarks.nights import PUBLISHED, bench_nights
from lookalike.errors import JudgmentError

from .published_layouts import nights
from .rigged import shade_encoder, write


def test_the_test_split_by_hand(tmp_path: Path) -> None:
    result = bench_nights(nights(tmp_path), [shade_encoder()], metric="euclidean")
    found = result.to_dict()
    assert found["triplets"] == 5
    one = found["encoders"]["shade"]
    # ImageNet: right, wrong; others: right, cannot choose (half), right.
    assert one["parts"]["imagenet"]["score"] == pytest.approx(1 / 2)
    assert one["parts"]["no_imagenet"]["score"] == pytest.approx(2.5 / 3)
    assert one["score"] == pytest.approx(3.5 / 5)
    assert one["score"] == pytest.approx((2 * 0.5 + 3 * 2.5 / 3) / 5)
    assert one["tied_distances"] == 1
    json.dumps(found, allow_nan=False)


def test_jnd_by_hand(tmp_path: Path) -> None:
    result = bench_nights(nights(tmp_path), [shade_encoder()], metric="euclidean")
    # Triplet 3 has two "same" pairs and is left out. Left are (distance, same): 1: (10, yes), (50, no); 2: (10, no),
    # (40, yes). Precision and recall after 10: 1/2, 1/2; after 40: 2/3, 1. The envelope is 2/3 all along.
    assert result.jnd_pairs == 4
    assert result.to_dict()["encoders"]["shade"]["jnd"]["score"] == pytest.approx(2 / 3)
    assert any("JND: 2 pairs" in note for note in result.notes)


def test_other_splits_and_votes(tmp_path: Path) -> None:
    folder = nights(tmp_path, jnd=False)
    val = bench_nights(folder, [shade_encoder()], split="val", metric="euclidean").to_dict()
    assert val["triplets"] == 1
    assert val["encoders"]["shade"]["score"] == 0.0
    assert val["encoders"]["shade"]["jnd"] is None
    assert list(val["encoders"]["shade"]["parts"]) == ["no_imagenet"]
    assert bench_nights(folder, [shade_encoder()], min_votes=5, metric="euclidean").to_dict()["triplets"] == 6


def test_published_figures_stand_beside(tmp_path: Path) -> None:
    published = bench_nights(nights(tmp_path), ["pixels"]).to_dict()["published"]
    assert published["DreamSim ensemble, LoRA"] == 0.962
    assert len(published) == len(PUBLISHED)


def test_two_encoders_and_one_that_fails(tmp_path: Path) -> None:
    encoders = [shade_encoder(), shade_encoder("inverse", -1), "nonsense"]
    result = bench_nights(nights(tmp_path), encoders, metric="euclidean")
    assert [(test.a, test.b) for test in result.comparisons] == [("shade", "inverse")]
    assert "no encoder is called" in result.to_dict()["encoders"]["nonsense"]["error"]


def test_another_folder_is_told_what_nights_looks_like(tmp_path: Path) -> None:
    (tmp_path / "triplets.csv").write_text("reference,a,b,votes_a,votes_b\nx.png,y.png,z.png,3,1\n")
    with pytest.raises(JudgmentError, match=r"data\.csv with ref/ and distort/.* `lookalike bench triplets`"):
        bench_nights(tmp_path, ["classic:color"])


def test_no_data(tmp_path: Path) -> None:
    with pytest.raises(JudgmentError):
        bench_nights(tmp_path, ["pixels"])


def test_votes_without_any_same_leave_the_choices_standing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = nights(tmp_path)
    write(folder / "jnd_votes.csv", "id,left_same,right_same,votes", "1,0,0,3", "2,0,0,3")
    # As for pairs that no id ties to a triplet: all of them are kept.
    monkeypatch.setattr("lookalike.benchmarks.nights.one_same_pair", lambda pairs: (pairs, 0))
    found = bench_nights(folder, [shade_encoder()], metric="euclidean").to_dict()
    assert found["encoders"]["shade"]["jnd"] is None
    assert found["encoders"]["shade"]["score"] > 0
    assert any("the same: nothing to find" in note for note in found["notes"])
