"""The encoder inside the package: there, whole, small, exact where explanations need it, and better than no network."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lookalike import bench_pairs
from lookalike.benchmarks.recall import recall
from lookalike.encoders import glance, load_encoder
from lookalike.errors import UnknownEncoder, WeightsNotFound
from lookalike.explain.centring import CorpusMean
from lookalike.images.files import file_sha256
from lookalike.judgments import read_tll
from lookalike.similarity import distance_matrix

MOST_BYTES = 12_000_000


def test_it_is_there_and_says_what_it_is() -> None:
    encoder = load_encoder("glance")
    card = encoder.card
    assert (card.name, card.dim, card.input_size, card.feature_map) == (
        "glance",
        256,
        (128, 128),
        (8, 8, 256),
    )
    assert card.size_bytes <= MOST_BYTES
    assert sum(file.stat().st_size for file in glance.FOLDER.iterdir()) <= MOST_BYTES
    assert card.sha256 == file_sha256(glance.FOLDER / "glance.onnx") == glance.SHA256
    assert (
        b"site-packages" not in (glance.FOLDER / "glance.onnx").read_bytes()
    )  # no folders of whoever exported it
    for word in ("Teacher", "Licence", "Weaknesses", "recall"):
        assert word in encoder.model_card


def test_the_embedding_is_the_mean_of_the_map() -> None:
    encoder = load_encoder("glance")
    images = [np.random.default_rng(seed).integers(0, 256, (120, 90, 3), dtype=np.uint8) for seed in range(3)]
    pooled = encoder.feature_map(images).mean(axis=(1, 2))
    pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
    assert np.abs(pooled - encoder.embed(images)).max() < 1e-5


def test_its_corpus_mean_comes_along() -> None:
    encoder = load_encoder("glance")
    mean = CorpusMean.beside(encoder)
    assert mean is not None
    assert mean.mean.shape == (256,)
    mean.check(encoder)


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(glance.FOLDER, tmp_path / "embedded")
    monkeypatch.setattr(glance, "FOLDER", tmp_path / "embedded")
    with (tmp_path / "embedded" / "glance.onnx").open("ab") as file:
        file.write(b"\x72\x00")  # an empty field that a reader of ONNX skips
    with pytest.raises(WeightsNotFound, match=r"damaged.*reinstall"):
        load_encoder("glance")


def test_it_has_no_parts() -> None:
    with pytest.raises(UnknownEncoder, match="write glance"):
        load_encoder("glance:small")


def test_it_sees_more_than_the_encoder_without_weights(shared: Path) -> None:
    """On pairs that its alignment learned from: a check that the file is the trained network, not a figure."""
    table = read_tll(shared / "tll")
    rows = range(0, len(table), 6)
    found = {}
    for name in ("glance", "classic:layout"):
        encoder = load_encoder(name)
        left, right = (encoder.embed([table.paths(side)[i] for i in rows]) for side in ("left", "right"))
        found[name] = recall(distance_matrix(left, right)).at[5].value
    assert found["glance"] > 1.5 * found["classic:layout"]


def test_a_benchmark_on_its_own_pairs_says_that_it_is_no_measurement(shared: Path) -> None:
    table = read_tll(shared / "tll").select(np.arange(20))
    result = bench_pairs(table, ["glance", "classic:layout"])
    fitted = {one.name: one.fitted_pairs for one in result.measured}
    assert fitted["glance"] == 20
    assert fitted["classic:layout"] == 0
    assert any("glance learned from 20 of the 20 pairs" in note for note in result.warnings)


def test_what_is_made_of_it_knows_its_pairs_too() -> None:
    fitted = load_encoder("glance").fitted_pairs
    assert fitted is not None
    assert len(fitted) == 1200 + 445  # people's pairs, and those guessed among photographs without partners
    joined = load_encoder("glance+classic:layout").fitted_pairs
    assert joined is not None
    assert np.array_equal(joined, fitted)
    assert load_encoder("classic").fitted_pairs is None
