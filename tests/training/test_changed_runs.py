"""Finished runs changed: the last layer whitened, and weights between those of two runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lookalike import load_encoder  # noqa: E402 - after the check for torch
from lookalike.encoders.fitted import KEY  # noqa: E402
from lookalike.encoders.trained_card import Parent  # noqa: E402
from lookalike.encoders.trained_file import read_fitted, read_tensors  # noqa: E402
from lookalike.errors import InvalidArgument, TrainingError  # noqa: E402
from lookalike.judgments import make_twins  # noqa: E402
from lookalike.training.changed_runs import average_runs, last_outputs, whiten_run  # noqa: E402
from lookalike.training.networks_small import SmallNet  # noqa: E402
from lookalike.training.run_folder import RunFolder  # noqa: E402
from tests.encoders.trained_runs import TINY_NET, mlp_run, save_run  # noqa: E402


@pytest.fixture
def run(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    state = SmallNet(width=8, size=32, dim=16, depths=(1, 1, 1, 1)).state_dict()
    tensors = {
        f"backbone.{name}": value.numpy() for name, value in state.items() if not name.endswith("tracked")
    }
    tensors[KEY] = np.array([7, 8], dtype=np.uint64)
    folder = save_run(tmp_path / "run", tensors, Parent(TINY_NET), adapter={"kind": "full"}, dim=16)
    RunFolder(folder).write_recipe("")
    RunFolder(folder).write_results({})
    return folder


def test_the_last_layer_whitens_what_it_gave(run: Path, tmp_path: Path) -> None:
    images = make_twins(100, (), size=32, seed=1).left
    before = last_outputs(run, images).astype(np.float64)
    out = whiten_run(run, images, tmp_path / "out", dims=6, exponent=0.5)
    after = last_outputs(out, images).astype(np.float64)
    assert after.shape == (100, 6)
    assert np.abs(after.mean(axis=0)).max() < 1e-5
    spread = np.cov(after.T, bias=True)
    # Half whitened: a variance v becomes v / v ** 0.5, and the components do not vary together.
    variances = np.linalg.eigvalsh(np.cov(before.T, bias=True))[::-1][:6]
    assert np.allclose(np.diag(spread), np.sqrt(variances), rtol=0.05)
    assert np.abs(spread - np.diag(np.diag(spread))).max() < 0.01 * spread.max()
    encoder = load_encoder(str(out))
    assert (encoder.card.dim, encoder.card.feature_map) == (6, (2, 2, 6))
    found = encoder.embed(images[:3])
    assert np.allclose(found, after[:3] / np.linalg.norm(after[:3], axis=1, keepdims=True), atol=1e-5)
    pooled = encoder.feature_map(images[:3]).mean(axis=(1, 2))
    assert np.allclose(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), found, atol=1e-5)
    kept = read_fitted(out / "weights.safetensors")
    assert kept is not None
    assert kept.tolist() == [7, 8]
    first, second = (read_tensors(one / "weights.safetensors") for one in (run, out))
    assert {name for name in first if not np.array_equal(first[name], second[name])} == {
        "backbone.project.weight",
        "backbone.project.bias",
    }


def test_what_has_no_last_layer_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="at least 100 images, there are 0"):
        whiten_run(run, [], tmp_path / "out")
    with pytest.raises(TrainingError, match="holds a run already"):
        whiten_run(run, [], run)
    hashing = read_tensors(run / "weights.safetensors") | {"head.layer.weight": np.eye(16, dtype=np.float32)}
    with_head = save_run(tmp_path / "hashing", hashing, Parent(TINY_NET), adapter={"kind": "full"}, dim=16)
    with pytest.raises(TrainingError, match="no trained net:small network with a last layer"):
        whiten_run(with_head, [], tmp_path / "out")
    with pytest.raises(TrainingError, match="no trained net:small network with a last layer"):
        whiten_run(mlp_run(tmp_path / "head"), [], tmp_path / "out")


def test_a_run_between_two(run: Path, tmp_path: Path) -> None:
    images = make_twins(100, (), size=32, seed=1).left
    other = whiten_run(run, images, tmp_path / "other", dims=16)  # the same layers, another last one
    out = average_runs(run, other, tmp_path / "out", share=0.25)
    first, second, mean = (read_tensors(one / "weights.safetensors") for one in (run, other, out))
    name = "backbone.project.weight"
    assert np.allclose(
        mean[name], 0.75 * np.asarray(first[name]) + 0.25 * np.asarray(second[name]), atol=1e-6
    )
    assert np.array_equal(mean["backbone.stem.conv.weight"], first["backbone.stem.conv.weight"])
    assert load_encoder(str(out)).embed(images[:1]).shape == (1, 16)
    kept = read_fitted(out / "weights.safetensors")
    assert kept is not None
    assert kept.tolist() == [7, 8]
    with pytest.raises(TrainingError, match="do not have the same layers"):
        average_runs(run, whiten_run(run, images, tmp_path / "short", dims=6), tmp_path / "no")
    with pytest.raises(InvalidArgument, match=r"lies in \[0, 1\]"):
        average_runs(run, other, tmp_path / "no", share=1.5)


def test_a_run_that_reads_larger_pictures(run: Path, tmp_path: Path) -> None:
    other = whiten_run(run, make_twins(100, (), size=32, seed=1).left, tmp_path / "other", dims=16)
    plain, large = (average_runs(run, other, tmp_path / f"{size}", size=size) for size in (None, 64))
    cards = [load_encoder(str(one)).card for one in (plain, large)]
    assert [card.input_size for card in cards] == [(32, 32), (64, 64)]
    assert [card.feature_map for card in cards] == [(2, 2, 16), (4, 4, 16)]
    first, second = (read_tensors(one / "weights.safetensors") for one in (plain, large))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    pictures = make_twins(2, (), size=64, seed=2).left
    inputs = [
        load_encoder(str(large)).embed(images) for images in (pictures, [p[:32, :32] for p in pictures])
    ]
    assert not np.allclose(inputs[0], inputs[1])
    with pytest.raises(InvalidArgument, match="1 pixel or more, got 0"):
        average_runs(run, other, tmp_path / "no", size=0)
    heads = [mlp_run(tmp_path / name) for name in ("one", "two")]
    with pytest.raises(TrainingError, match="no net:small network; only such a one reads images of any size"):
        average_runs(*heads, tmp_path / "no", size=64)
