"""Runs over pairs: the figures by hand, what cannot be had, bad images, and the reference on real pairs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from lookalike.benchmarks import bench_pairs, bench_tll
from lookalike.benchmarks.distances import generic_distances
from lookalike.benchmarks.encoder_names import distinct_encoders
from lookalike.benchmarks.features import Features
from lookalike.benchmarks.published import TABLE_1
from lookalike.benchmarks.recall import recall
from lookalike.encoders.callable import CallableEncoder
from lookalike.errors import BenchmarkError, ImageError, JudgmentError
from lookalike.judgments import open_judgments
from lookalike.similarity.comparator_pairs import pair_hashes
from tests.benchmarks.pair_folders import make_pairs


def colours(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64) - 127.5


def own(name: str = "own", noise: float = 0.0) -> CallableEncoder:
    rng = np.random.default_rng(0)

    def function(images: np.ndarray) -> np.ndarray:
        rows = colours(images)
        return rows + noise * rng.standard_normal(rows.shape)

    return CallableEncoder(function, name=name, input_size=(4, 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pairs(tmp_path_factory.mktemp("pairs"), 30, votes=True)


def test_a_function_in_five_lines(folder: Path) -> None:
    result = bench_pairs(folder, [own()])
    found = result.to_dict()["encoders"]["own"]
    assert found["cosine"]["recall"] == {str(k): 100.0 for k in (1, 5, 10, 20, 50, 100)}
    assert found["cosine"]["interval"]["1"][0] == pytest.approx(
        88.65, abs=0.05
    )  # Wilson of 30 of 30: 30 / (30 + 1.96^2) = 0.8865
    assert result.to_dict()["associative_recall"] == {}  # belongs to the paper's protocol
    assert result.errors == []


def test_the_figures_of_a_small_matrix_by_hand(tmp_path: Path) -> None:
    # The last left image is replaced by the first one: its right image is then not the nearest (R@1 3 of 4).
    pairs = make_pairs(tmp_path, 4, noise=0.0)
    (pairs / "left" / "p003.png").write_bytes((pairs / "left" / "p000.png").read_bytes())
    result = bench_pairs(pairs, [own()])
    one = result.get("own")
    assert one.recall.at[1].value == 0.75
    assert one.recall.at[5].value == 1.0
    assert one.recall.ranks[:3].tolist() == [1, 1, 1]
    assert one.nearest[3, 0] == 0
    np.testing.assert_allclose(one.pair_distances[:3], 0, atol=1e-6)


def test_a_gallery_of_pairs_holds_each_right_image_once(tmp_path: Path) -> None:
    # Two left images share one right image. In the paper's N x N it stands twice, and ties share the hit.
    pairs = make_pairs(tmp_path, 4, noise=0.0)
    for side in ("left", "right"):
        file = pairs / side / "p001.png"
        other = (pairs / side / "p000.png").read_bytes()
        file.write_bytes(other if side == "right" else other + b"\0")  # other bytes, the same pixels
    assert len(bench_pairs(pairs, [own()]).gallery) == 3
    assert bench_pairs(pairs, [own()]).get("own").recall.at[1].value == 1.0
    paper = bench_tll(pairs, [own()])
    assert len(paper.gallery) == 4
    assert paper.get("own").recall.at[1].value == 0.75  # 2 sure hits + 2 x 1/2 of 4


def test_the_papers_protocol(folder: Path) -> None:
    result = bench_tll(folder, [own(), own("blurred", noise=60.0)], generic_threshold=0.3)
    document = result.to_dict()
    assert json.loads(json.dumps(document)) is not None
    assert document["pairs"] == 30
    assert document["associative_recall"]["own"]["1"] == 100.0
    assert set(document["encoders"]) == {"own", "blurred"}
    assert set(document["encoders"]["own"]) == {"cosine", "euclidean"}
    assert document["near_duplicates"]["TLL_d"] == 30 - document["near_duplicates"]["pairs_removed"]
    assert document["votes"]["own"]["up"]["pearson"]["n"] == 30
    assert {(t["a"], t["b"]) for t in document["comparisons"]["recall@1"]} == {("own", "blurred")}
    assert document["settings"]["lead"] == "own"
    assert result.names == ["own", "blurred"]
    assert result.best.name == "own"


def test_the_same_seed_gives_the_same_document(folder: Path) -> None:
    one, two = (bench_tll(folder, ["classic:layout"], seed=3, transform=None).to_dict() for _ in range(2))
    for document in (one, two):
        document.pop("seconds")
    assert one == two


def test_an_encoder_that_cannot_be_had_is_a_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = bench_pairs(folder, ["onnx:nowhere.onnx", "classic:layout"])
    found = result.to_dict()["encoders"]
    assert "\n" not in found["onnx:nowhere.onnx"]["error"]
    assert found["classic:layout"]["cosine"]["recall"]["1"] > 50
    with pytest.raises(BenchmarkError, match="nothing could be measured"):
        bench_pairs(folder, ["onnx:nowhere.onnx"])


def test_paper_stands_for_eight_networks() -> None:
    names, notes = distinct_encoders(["paper", "classic", "torchvision:alexnet"])
    assert names == [*(f"torchvision:{name}" for name in TABLE_1), "classic"]
    assert notes == ["torchvision:alexnet was named more than once; it was measured once."]
    with pytest.raises(BenchmarkError, match="no encoder"):
        distinct_encoders([])
    with pytest.raises(BenchmarkError, match="two encoders are called 'own'"):
        distinct_encoders([own(), own()])


def test_a_bad_image_stops_the_run_or_costs_its_pair(tmp_path: Path) -> None:
    pairs = make_pairs(tmp_path, 8)
    bad = pairs / "right" / "p002.png"
    bad.write_bytes(bad.read_bytes()[:60])
    with pytest.raises(ImageError, match=r"p002\.png"):
        bench_pairs(pairs, [own()])
    result = bench_pairs(pairs, [own()], skip_bad=True)
    assert len(result.table) == 7
    assert result.skipped_pairs == 1
    assert [one.name for one in result.skipped.values()] == ["right/p002.png"]
    assert result.to_dict()["skipped"]["pairs"] == 1


def test_limit_and_wrong_tables(folder: Path, tmp_path: Path) -> None:
    assert len(bench_pairs(folder, [own()], limit=5).table) == 5
    with pytest.raises(BenchmarkError, match="at least two pairs"):
        bench_pairs(folder, [own()], limit=1)
    with pytest.raises(BenchmarkError, match="--generic-faces needs the faces that --faces finds"):
        bench_pairs(folder, [own()], generic_faces=True)
    with pytest.raises(JudgmentError):
        bench_pairs(tmp_path / "nothing", [own()])


def test_tables_on_disk_and_in_pandas(folder: Path, tmp_path: Path) -> None:
    result = bench_tll(folder, [own(), own("blurred", noise=60.0)], generic_threshold=0.4)
    written = {file.name for file in result.write_tables(tmp_path / "tables")}
    assert {
        "recall.csv",
        "curves.csv",
        "ranks.csv",
        "pair_distances.csv",
        "associative_recall.csv",
    } <= written
    frame = result.to_pandas()
    first = frame[(frame.encoder == "own") & (frame.pairs == "all")].iloc[0]
    assert first["recall@1"] == 100.0
    curve = (tmp_path / "tables" / "curves.csv").read_text().splitlines()
    assert len(curve) == 31
    assert "<table>" in result._repr_html_()
    assert all(math.isfinite(value) for value in frame["recall@100"])


def test_whitening_is_a_further_row(tmp_path: Path) -> None:
    result = bench_pairs(make_pairs(tmp_path, 55), ["classic:layout"], transform="whiten")
    assert result.names == ["classic:layout", "classic:layout | whiten"]
    assert any("without their pairing" in note for note in result.notes)


def test_thumbnails_give_the_reference_on_real_pairs(shared: Path) -> None:
    """The data's README: 12x12 RGB thumbnail, centred cosine: 3.8 / 6.6 / 8.6 / 12.0 / 18.7 / 26.1."""
    table = open_judgments(shared / "tll")
    pixels = CallableEncoder(colours, name="thumbnail", input_size=(12, 12), normalized=False)
    features = Features.of(table, ("left", "right"), cache=False)
    rows = features.embed(pixels)
    rows -= rows.mean(axis=0)
    left, right = rows[features.rows(table.column("left"))], rows[features.rows(table.column("right"))]
    found = [100 * one.value for one in recall(generic_distances(left, right)).at.values()]
    assert np.abs(np.array(found) - [3.8, 6.6, 8.6, 12.0, 18.7, 26.1]).max() <= 0.5


class Oracle:
    """A comparator that knows the answers: 1 for the file of the same name, else 0."""

    name = "oracle"

    def matrix(self, a: list[Path], b: list[Path], *, progress: object = None) -> np.ndarray:
        return np.array([[float(one.name == other.name) for other in b] for one in a], np.float32)


def test_a_comparator_is_one_more_name(folder: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none.comparator"
    result = bench_pairs(folder, ["classic:layout"], comparators=[Oracle(), missing, object()])
    found = result.to_dict()["encoders"]
    assert found["oracle"]["cosine"]["recall"]["1"] == 100.0
    assert "there is no comparator" in found[str(missing)]["error"]
    assert "is no comparator" in found["object"]["error"]
    assert any("honest only on pairs" in note for note in result.notes)
    assert result.warnings == []
    assert result.to_dict()["fitted_pairs"] == {}


def test_pairs_that_a_comparator_was_fitted_on_are_counted(folder: Path) -> None:
    table = open_judgments(folder)

    class Learned(Oracle):
        name = "learned"
        # The first 12 pairs, six of them the other way round; one pair that is not there.
        fitted = np.unique(
            pair_hashes(
                [*table.column("left")[:6], *table.column("right")[6:12], "x"],
                [*table.column("right")[:6], *table.column("left")[6:12], "y"],
            )
        )

    result = bench_pairs(folder, [own(noise=60.0)], comparators=[Learned()])
    assert result.get("learned").fitted_pairs == 12
    assert result.to_dict()["fitted_pairs"] == {"learned": 12}
    assert len(result.warnings) == 1
    assert "learned was fitted on 12 of the 30 pairs" in result.warnings[0]
    assert result.best.name == "own"  # the other's figures are no measurement, however high
    later = bench_pairs(table.select(np.arange(30) >= 12), [own()], comparators=[Learned()])
    assert later.warnings == []
    assert any("fitted on none of these pairs" in note for note in later.notes)


def test_pixels_are_known_to_every_benchmark_of_pairs(folder: Path) -> None:
    found = bench_tll(folder, ["pixels"]).to_dict()["encoders"]["pixels"]
    assert set(found) == {"cosine", "euclidean"}
    assert found["euclidean"]["recall"]["1"] > 50


def test_vectors_of_one_length_have_the_ranks_of_cosine_by_l2(folder: Path) -> None:
    def unit(images: np.ndarray) -> np.ndarray:
        rows = colours(images)[:, :3]
        return 2 * rows / np.linalg.norm(rows, axis=1, keepdims=True)

    encoder = CallableEncoder(unit, name="unit", input_size=(4, 4), normalized=False)
    result = bench_pairs(folder, [encoder])
    cosine, l2 = result.get("unit", "cosine"), result.get("unit", "euclidean")
    np.testing.assert_array_equal(l2.recall.ranks, cosine.recall.ranks)
    table = result.table
    vectors = [encoder.embed([str(path) for path in table.paths(side)]) for side in ("left", "right")]
    np.testing.assert_allclose(l2.pair_distances, np.linalg.norm(vectors[0] - vectors[1], axis=1), atol=2e-3)


def test_holm_is_over_both_ranks_together(folder: Path) -> None:
    result = bench_pairs(folder, [own("one", 40.0), own("two", 120.0)])
    tests = [test for some in result.comparisons.values() for test in some]
    smallest = min(tests, key=lambda test: test.p)
    assert len(tests) == 2
    assert smallest.p_holm == pytest.approx(min(1.0, 2 * smallest.p))
