"""The corpus mean: its numbers, its file, and that no other encoder takes it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import load_encoder
from lookalike.errors import ExplainError
from lookalike.explain.centring import CorpusMean, centred_cosine, place_beside
from tests.encoders.onnx_files import write_card, write_network
from tests.explain.where.tiny import ColourEncoder, LinearPatches, noise, picture


def test_centred_cosine_by_hand() -> None:
    mean = np.array([0.0, 1.0])
    # (1, 0) against (1, -1): 45 degrees.
    assert centred_cosine(np.array([1.0, 1.0]), np.array([1.0, 0.0]), mean) == pytest.approx(math.sqrt(0.5))
    assert centred_cosine(np.array([0.0, 1.0]), np.array([1.0, 0.0]), mean) == 0.0
    rows = centred_cosine(np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([2.0, 1.0]), mean)
    assert rows.tolist() == [1.0, -1.0]


def test_mean_of_vectors_and_of_images_agree() -> None:
    encoder, images = LinearPatches(), [noise(seed) for seed in range(70)]
    stages: list[tuple[str, int, int]] = []
    by_images = CorpusMean.from_images(images, encoder, progress=lambda *stage: stages.append(stage))
    by_vectors = CorpusMean.from_vectors(encoder.embed(images), encoder)
    np.testing.assert_allclose(by_images.mean, by_vectors.mean, atol=1e-6)
    # The embedding is the pooled map, so the two means are the same thing.
    assert by_images.feature_mean is not None
    np.testing.assert_allclose(by_images.feature_mean, by_images.mean, atol=1e-6)
    assert stages == [("corpus mean", 64, 70), ("corpus mean", 70, 70)]
    assert by_images.images == by_vectors.images == 70


def test_rows_that_are_no_numbers_are_left_out() -> None:
    encoder = ColourEncoder()
    vectors = np.tile(np.array([0.5, 0.5, 0, 0], np.float16), (25, 1))
    vectors[3] = np.nan
    mean = CorpusMean.from_vectors(vectors, encoder)
    assert mean.images == 24
    assert mean.mean.tolist() == [0.5, 0.5, 0, 0]


def test_a_saved_mean_comes_back_bit_by_bit(tmp_path: Path) -> None:
    encoder = LinearPatches()
    mean = CorpusMean.from_images([noise(seed) for seed in range(20)], encoder)
    mean.save(tmp_path / "m.npz")
    read = CorpusMean.load(tmp_path / "m.npz", encoder)
    assert read.mean.tobytes() == mean.mean.tobytes()
    assert read.feature_mean is not None
    assert mean.feature_mean is not None
    assert read.feature_mean.tobytes() == mean.feature_mean.tobytes()
    assert (read.encoder, read.fingerprint, read.images) == ("patches", encoder.card.fingerprint, 20)
    assert list(tmp_path.iterdir()) == [tmp_path / "m.npz"]


def test_the_mean_of_another_encoder_is_refused(tmp_path: Path) -> None:
    encoder, other = LinearPatches(seed=0), LinearPatches(seed=1)
    CorpusMean.from_vectors(np.zeros((20, 5)), encoder).save(tmp_path / "m.npz")
    with pytest.raises(ExplainError, match=r"belongs to encoder patches .* not to patches") as caught:
        CorpusMean.load(tmp_path / "m.npz", other)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("harm", ["short", "text", "changed", "newer", "absent"])
def test_a_damaged_file_is_told(tmp_path: Path, harm: str) -> None:
    file = tmp_path / "m.npz"
    mean = CorpusMean.from_vectors(np.eye(20, 5), LinearPatches())
    mean.save(file)
    if harm == "short":
        file.write_bytes(file.read_bytes()[:200])
    elif harm == "text":
        file.write_text("hello")
    elif harm == "absent":
        file.unlink()
    else:
        with np.load(file) as stored:
            values = dict(stored)
        values |= {"mean": values["mean"] + 1} if harm == "changed" else {"version": np.asarray(99)}
        np.savez(file, **values)
    with pytest.raises(ExplainError, match=r"m\.npz") as caught:
        CorpusMean.load(file)
    assert "\n" not in str(caught.value)


def test_too_few_images_and_wrong_rows() -> None:
    encoder = ColourEncoder()
    with pytest.raises(ExplainError, match="at least 20 images, there are 3"):
        CorpusMean.from_images([picture()] * 3, encoder)
    with pytest.raises(ExplainError, match="rows of 4 numbers"):
        CorpusMean.from_vectors(np.zeros((30, 5)), encoder)
    with pytest.raises(ExplainError, match="finite"):
        replace(CorpusMean.nothing(encoder), mean=np.full(4, np.nan, np.float32))


def test_a_mean_lies_beside_its_network(tmp_path: Path) -> None:
    write_card(write_network(tmp_path / "net.onnx"))
    encoder = load_encoder(f"onnx:{tmp_path / 'net.onnx'}")
    assert place_beside(encoder) == tmp_path / "net.onnx.mean.npz"
    assert CorpusMean.beside(encoder) is None
    mean = CorpusMean.from_images([noise(seed) for seed in range(20)], encoder)
    mean.save(tmp_path / "net.onnx.mean.npz")
    found = CorpusMean.beside(encoder)
    assert found is not None
    assert found.mean.tobytes() == mean.mean.tobytes()
    assert CorpusMean.beside(ColourEncoder()) is None
