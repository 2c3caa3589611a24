"""The networks of the Totally-Looks-Like paper with random weights: what the embedding is, structurally."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import load_encoder
from lookalike.encoders.preprocess import to_network
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import (
    EncoderCardError,
    InvalidArgument,
    MissingDependency,
    UnknownEncoder,
    WeightsNotFound,
)

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from lookalike.encoders.torchvision import TLL_NETWORKS, TorchvisionEncoder, build, make_card  # noqa: E402

SHAPES = {
    "alexnet": (4096, (6, 6, 256)),
    "vgg16": (4096, (7, 7, 512)),
    "resnet18": (512, (7, 7, 512)),
    "resnet50": (2048, (7, 7, 2048)),
    "resnet152": (2048, (7, 7, 2048)),
    "densenet121": (1024, (7, 7, 1024)),
    "densenet169": (1664, (7, 7, 1664)),
    "densenet201": (1920, (7, 7, 1920)),
}


def images(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (90, 120 + n, 3), dtype=np.uint8) for n in range(count)]


def test_the_eight_networks_are_all_there() -> None:
    assert set(TLL_NETWORKS) == set(SHAPES)


@pytest.mark.parametrize("name", TLL_NETWORKS)
def test_penultimate_layer(name: str) -> None:
    torch.manual_seed(0)
    module = build(name).eval()
    card = make_card(f"torchvision:{name}", name)
    batch = torch.from_numpy(np.stack([to_network(image, card) for image in images(2)]))
    with torch.inference_mode():
        logits = module(batch).numpy()
    encoder = TorchvisionEncoder(module, card, EncoderOptions(device="cpu", threads=1))
    dim, local = SHAPES[name]
    assert (encoder.card.dim, encoder.card.feature_map) == (dim, local)
    assert encoder.card.input_size == (224, 224)
    assert encoder.card.preprocessing.crop_fraction == 0.875
    vectors = np.concatenate([encoder._embed([image]) for image in images(2)])
    with torch.inference_mode():
        ours = encoder.classifier(torch.from_numpy(vectors)).numpy()
    np.testing.assert_allclose(ours, logits, rtol=1e-3, atol=1e-4 * np.abs(logits).max())
    maps = encoder.feature_map(images(1))
    if dim == local[2]:
        np.testing.assert_allclose(maps.mean(axis=(1, 2)), vectors[:1], rtol=1e-3, atol=1e-5)
    else:
        assert vectors.min() == 0  # after the ReLU of the second fully connected layer
    assert maps.min() >= 0
    assert np.array_equal(encoder.embed(images(2))[1:], encoder.embed(images(2)[1:]))


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("mobilenet_v3_small", (7, 7, 576)),
        ("swin_t", (7, 7, 768)),
        ("vit_b_32", (7, 7, 768)),
        ("regnet_y_400mf", (7, 7, 440)),
    ],
)
def test_other_families(name: str, local: tuple[int, int, int]) -> None:
    encoder = TorchvisionEncoder(build(name), make_card(f"torchvision:{name}", name))
    assert encoder.card.feature_map == local
    assert encoder.feature_map(images(1)).shape == (1, *local)


def test_a_weights_file_is_loaded_with_or_without_its_classifier(tmp_path: Path) -> None:
    torch.manual_seed(1)
    module = build("resnet18")
    whole, headless, wrapped = tmp_path / "whole.pth", tmp_path / "headless.pth", tmp_path / "wrapped.pt"
    state = module.state_dict()
    torch.save(state, whole)
    torch.save({name: value for name, value in state.items() if not name.startswith("fc.")}, headless)
    torch.save(
        {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, wrapped
    )
    results = [
        load_encoder("torchvision:resnet18", EncoderOptions(weights=path, device="cpu", threads=1)).embed(
            images(1)
        )
        for path in (whole, headless, wrapped)
    ]
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
    reference = TorchvisionEncoder(
        module, make_card("x", "resnet18"), EncoderOptions(device="cpu", threads=1)
    )
    assert np.array_equal(results[0], reference.embed(images(1)))


def test_densenet_files_with_the_old_names(tmp_path: Path) -> None:
    import re

    state = build("densenet121").state_dict()
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", name): value for name, value in state.items()
    }
    assert old.keys() != state.keys()
    torch.save(old, tmp_path / "densenet121-a639ec97.pth")
    encoder = load_encoder(
        "torchvision:densenet121", EncoderOptions(weights=tmp_path / "densenet121-a639ec97.pth")
    )
    assert encoder.card.dim == 1024
    assert encoder.card.size_bytes > 0
    with pytest.raises(EncoderCardError, match="not weights of torchvision:resnet18"):
        load_encoder("torchvision:resnet18", EncoderOptions(weights=tmp_path / "densenet121-a639ec97.pth"))


def test_options_replace_the_preprocessing(tmp_path: Path) -> None:
    path = tmp_path / "resnet18.pth"
    torch.save(build("resnet18").state_dict(), path)
    encoder = load_encoder("torchvision:resnet18?resize=squash&size=96", EncoderOptions(weights=path))
    assert encoder.card.preprocessing.resize == "squash"
    assert encoder.card.feature_map == (3, 3, 512)
    plain = load_encoder("torchvision:resnet18", EncoderOptions(weights=path))
    assert plain.card.fingerprint != encoder.card.fingerprint
    with pytest.raises(InvalidArgument, match="does not understand the option 'pool'"):
        load_encoder("torchvision:resnet18?pool=cls", EncoderOptions(weights=path))


def test_unknown_and_unsuited_networks() -> None:
    with pytest.raises(UnknownEncoder, match="no classifier called 'resnet19'; there are: resnet101"):
        load_encoder("torchvision:resnet19")
    with pytest.raises(UnknownEncoder, match="does not end in a linear layer"):
        TorchvisionEncoder(build("squeezenet1_0"), make_card("torchvision:squeezenet1_0", "squeezenet1_0"))


def test_without_a_network_the_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(
        WeightsNotFound, match=r"download.pytorch.org/models/densenet121-a639ec97.pth.*--weights FILE"
    ):
        load_encoder("torchvision:densenet121")


def test_absent_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(MissingDependency, match=r"torchvision.*pip install 'lookalike\[torch\]'"):
        load_encoder("torchvision:alexnet")
