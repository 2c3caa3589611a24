"""Encoders against votes on triplets: every figure worked out by hand, then the measured ones of real data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.benchmarks.ceilings import explainable, two_afc_ceiling
from lookalike.benchmarks.triplets import bench_triplets, explainable_share
from lookalike.benchmarks.two_afc import two_afc
from lookalike.errors import BenchmarkError, ImageError
from lookalike.judgments import open_judgments

from .rigged import LEVELS, shade_encoder, shades, voted, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return voted(tmp_path)


def test_every_figure_by_hand(folder: Path) -> None:
    result = bench_triplets(folder, [shade_encoder()], metric="euclidean")
    one = result.to_dict()["encoders"]["shade"]
    # The machine chooses a, b, cannot choose, a; with it are 3 of 4, 1 of 5, half of 5, 2 of 4 people.
    assert one["score"] == pytest.approx((3 + 1 + 2.5 + 2) / 18)
    assert one["score_by_item"] == pytest.approx((0.75 + 0.2 + 0.5 + 0.5) / 4)
    # Majorities: a, a, b, and a tie that is left out.
    assert one["majority"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert (one["tied_distances"], one["tied_votes"]) == (1, 1)
    # The oracle agrees with 3 + 4 + 3 + 2 of 18; explainable: (8.5/18 - 1/2) / (12/18 - 1/2) = -1/6.
    assert one["explainable"] == pytest.approx(-1 / 6)
    low, high = one["interval"]
    assert low <= one["score"] <= high
    ceiling = result.to_dict()["ceiling"]
    assert ceiling["majority_oracle"] == pytest.approx(12 / 18)
    # One against the others' majority: 3:1 -> 3, 4:1 -> 4, 2:3 -> three times half, 2:2 -> 0.
    assert ceiling["leave_one_out"] == pytest.approx((3 + 4 + 1.5 + 0) / 18)
    # Pairs that agree: 6 of 12, 12 of 20, 8 of 20, 4 of 12.
    assert ceiling["pairwise_agreement"] == pytest.approx((0.5 + 0.6 + 0.4 + 1 / 3) / 4)
    assert ceiling["majority_oracle_repeated"] == ceiling["majority_oracle"]
    assert result.to_dict()["triplets"] == 4
    json.dumps(result.to_dict(), allow_nan=False)


def test_a_result_is_a_line_and_a_table(folder: Path) -> None:
    result = bench_triplets(folder, [shade_encoder(), "nobody"], metric="euclidean")
    assert repr(result) == "TripletsResult(4 triplets: shade 0.472)"
    frame = result.to_pandas()
    assert list(frame["encoder"]) == ["shade"]
    assert frame["score"][0] == pytest.approx(8.5 / 18)
    assert frame["low"][0] <= frame["score"][0] <= frame["high"][0]


def test_rows_hold_distances_and_agreement(folder: Path) -> None:
    rows = list(bench_triplets(folder, [shade_encoder()], metric="euclidean").rows())
    assert [(row["distance_a"], row["distance_b"]) for row in rows] == [
        (10, 40),
        (50, 10),
        (20, 20),
        (10, 50),
    ]
    assert [row["agreement"] for row in rows] == [0.75, 0.2, 0.5, 0.5]
    assert rows[0]["reference"] == "images/ref.png"
    assert rows[1]["votes_a"] == 4


def test_margins(folder: Path) -> None:
    rows = bench_triplets(folder, [shade_encoder()], metric="euclidean").margins()
    # Votes differ by 2 (agrees), 3 (does not), 1 (cannot choose).
    assert [(row["margin"], row["agreement"]) for row in rows] == [(1, 0.5), (2, 1.0), (3, 0.0)]


def test_the_widest_contradiction_of_a_clear_majority(folder: Path) -> None:
    found = bench_triplets(folder, [shade_encoder()], metric="euclidean").disagreements("shade")
    assert [(one.row, one.people, one.gap) for one in found] == [(1, "a", 40.0)]


def test_one_reference_does_not_fill_the_page(tmp_path: Path) -> None:
    shades(tmp_path / "images", {"r": 100, "s": 101, "x": 105, **{f"y{n}": 120 + n for n in range(5)}})
    lines = [f"{r},y{n},x,5,0" for r in ("r", "s") for n in range(5)]
    write(tmp_path / "triplets.csv", "reference,a,b,votes_a,votes_b", *lines)
    result = bench_triplets(tmp_path, [shade_encoder()], metric="euclidean")
    # Gaps: r: 15..19; s: 15..19 as well ((y - 101) - (105 - 101)); the two widest of each reference, widest first.
    assert [one.gap for one in result.disagreements("shade")] == [19, 19, 18, 18]
    assert len(result.disagreements("shade", 3)) == 3
    with pytest.raises(BenchmarkError, match="no encoder of this result"):
        result.disagreements("other")


def test_two_encoders_are_compared_in_pairs(folder: Path) -> None:
    result = bench_triplets(folder, [shade_encoder(), shade_encoder("inverse", -1)], metric="euclidean")
    # 100/level: ref 1, near .909, far .714, out .667, mid .833, below 1.25: the same choices, but a instead of a tie.
    assert result.worked["inverse"].agreement.items.tolist() == [0.75, 0.2, 0.4, 0.5]
    (test,) = result.comparisons
    assert (test.a, test.b) == ("shade", "inverse")
    assert test.difference.value == pytest.approx(0.5 / 18)


def test_an_encoder_that_cannot_be_had_is_a_line(folder: Path) -> None:
    result = bench_triplets(folder, ["onnx:no-such-file.onnx", shade_encoder()], metric="euclidean")
    found = result.to_dict()["encoders"]
    assert list(found) == ["onnx:no-such-file.onnx", "shade"]
    assert "\n" not in found["onnx:no-such-file.onnx"]["error"]
    assert found["shade"]["score"] > 0
    with pytest.raises(
        BenchmarkError, match="no encoder could be had: nonsense: no encoder is called 'nonsense'"
    ):
        bench_triplets(folder, ["nonsense"])


def test_wrong_questions_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="none of the 4 triplets has at least 6 votes"):
        bench_triplets(folder, min_votes=6)
    with pytest.raises(BenchmarkError, match="no encoder was given"):
        bench_triplets(folder, [])
    with pytest.raises(BenchmarkError, match="metric 'manhattan' is not known"):
        bench_triplets(folder, metric="manhattan")  # type: ignore[arg-type]
    write(tmp_path / "p" / "pairs.csv", "left,right", "near,far")
    shades(tmp_path / "p", LEVELS)
    with pytest.raises(BenchmarkError, match="kind 'pairs'"):
        bench_triplets(tmp_path / "p")


def test_a_damaged_image_stops_the_run(folder: Path) -> None:
    table = open_judgments(folder)
    (folder / "images" / "near.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"near\.png"):
        bench_triplets(table, ["pixels"])


def test_min_votes_and_where(folder: Path) -> None:
    assert len(bench_triplets(folder, [shade_encoder()], min_votes=5).table) == 2
    few = bench_triplets(open_judgments(folder).where(votes_a=2), [shade_encoder()], metric="euclidean")
    assert few.to_dict()["encoders"]["shade"]["score"] == pytest.approx((2.5 + 2) / 9)


def test_a_saved_table_gives_the_same_figures_elsewhere(folder: Path, tmp_path: Path) -> None:
    open_judgments(folder).save(tmp_path / "saved", copy_images=True)
    (tmp_path / "saved").rename(tmp_path / "moved")
    first, second = (
        bench_triplets(place, [shade_encoder()], metric="euclidean").to_dict()
        for place in (folder, tmp_path / "moved")
    )
    assert first["encoders"] == second["encoders"]
    assert first["ceiling"] == second["ceiling"]


def test_single_votes_say_nothing_about_people(tmp_path: Path) -> None:
    shades(tmp_path, LEVELS)
    write(tmp_path / "triplets.csv", "reference,a,b,human", "ref,near,far,a", "ref,out,near,a")
    result = bench_triplets(tmp_path, [shade_encoder()], metric="euclidean")
    assert result.ceiling is None
    assert result.worked["shade"].explainable is None
    found = result.to_dict()
    assert found["ceiling"] == {
        "majority_oracle": None, "majority_oracle_by_item": None, "majority_oracle_repeated": None,
        "leave_one_out": None, "pairwise_agreement": None, "intervals": {}, "repeated": 0,
    }  # fmt: skip
    assert found["encoders"]["shade"]["score"] == 0.5


def test_explainable_leaves_single_votes_out(tmp_path: Path) -> None:
    shades(tmp_path, LEVELS)
    write(
        tmp_path / "triplets.csv", "reference,a,b,votes_a,votes_b", "ref,near,far,3,1", "ref,out,near,1,0", "ref,mid,far,0,2"
    )  # fmt: skip
    result = bench_triplets(tmp_path, [shade_encoder()], metric="euclidean")
    # Twice or more: 3:1 (sides with it, margin 2) and 0:2 (against, margin 2): (2 - 2) / 4 = 0.
    share = result.worked["shade"].explainable
    assert share is not None
    assert share.value == 0.0
    assert result.ceiling is not None
    assert result.ceiling_repeated is not None
    assert result.ceiling.majority_oracle.value == pytest.approx(6 / 7)
    assert result.ceiling_repeated.majority_oracle.value == pytest.approx(5 / 6)


def test_raw_answers_are_counted_and_tell_about_places(tmp_path: Path) -> None:
    shades(tmp_path, LEVELS)
    write(
        tmp_path / "answers.csv",
        "participant,query,left,right,chosen,response_time_s,sampler,shown_at",
        "1,ref,near,far,near,1.0,Test,x",
        "2,ref,far,near,far,1.0,Test,x",
        "2,ref,near,far,near,1.0,Test,x",
        "1,ref,out,near,near,1.0,Other,x",
    )
    result = bench_triplets(tmp_path, [shade_encoder()], metric="euclidean")
    assert len(result.table) == 2
    assert result.answers == 4
    # near wins 2 of 3 of the first triplet and the only answer to the second.
    assert result.to_dict()["encoders"]["shade"]["score"] == pytest.approx(3 / 4)
    assert result.position is not None
    assert result.position.counts == (3, 1)
    assert result.position.participants == 2
    some = bench_triplets(
        open_judgments(tmp_path).where(sampler="Test"), [shade_encoder()], metric="euclidean"
    )
    assert some.answers == 3


def test_too_few_images_for_a_transform_are_a_line(folder: Path) -> None:
    found = bench_triplets(folder, ["pixels"], transform="whiten").to_dict()["encoders"]
    assert found["pixels"]["metric"] == "euclidean"
    assert "at least 100 images" in found["pixels | whiten"]["error"]


votes = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(votes, st.integers(0, 2**32 - 1))
def test_explainable_is_the_ratio_to_the_oracle(counts: list[tuple[int, int]], seed: int) -> None:
    a, b = np.array(counts, dtype=float).T
    d = np.random.default_rng(seed).integers(0, 3, (2, len(a))).astype(float)
    rows = a + b >= 2
    share = explainable_share(d[0], d[1], a, b)
    if not (rows & (a != b)).any():
        assert share is None
        return
    score = two_afc(d[0][rows], d[1][rows], a[rows], b[rows]).score.value
    assert share is not None
    assert share.value == pytest.approx(explainable(score, two_afc_ceiling(a[rows], b[rows])))
    assert -1 <= share.low <= share.value <= share.high <= 1
