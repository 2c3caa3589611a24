"""CLIP models: both towers on a tiny model with random weights, saved and loaded like real ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import load_encoder
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import (
    EncoderCardError,
    InvalidArgument,
    MissingDependency,
    UnknownEncoder,
    WeightsNotFound,
)

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def open_clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    from lookalike.encoders.torch_base import require

    library = require("open_clip", "clip", "tests")
    folder = tmp_path_factory.mktemp("configs")
    (folder / "tiny-test.json").write_text(json.dumps(CONFIG))
    library.add_model_config(folder)
    yield library
    library.factory._MODEL_CONFIG_PATHS.remove(folder)
    library.factory._MODEL_CONFIGS.pop("tiny-test")


@pytest.fixture(scope="module")
def weights(open_clip: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.torch import save_file

    from lookalike.encoders.open_clip import build

    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in build("tiny-test").state_dict().items()}, path)
    return path


def images(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40 + n, 50, 3), dtype=np.uint8) for n in range(count)]


def test_images_and_texts_share_a_space(weights: Path) -> None:
    encoder = load_encoder("open_clip:tiny-test", EncoderOptions(weights=weights, device="cpu", threads=1))
    assert encoder.card.dim == 24
    assert encoder.card.text
    assert encoder.card.feature_map == (4, 4, 32)
    assert encoder.card.input_size == (32, 32)
    assert encoder.card.preprocessing.resize == "crop"
    vectors = encoder.embed(images(3))
    texts = encoder.embed_text(["a red cup", "a dog on the beach"])
    assert vectors.shape == (3, 24)
    assert texts.shape == (2, 24)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-6)
    assert not np.allclose(texts[0], texts[1])
    assert encoder.feature_map(images(2)).shape == (2, 4, 4, 32)


def test_both_towers_give_the_numbers_of_the_model_itself(open_clip: object, weights: Path) -> None:
    from lookalike.encoders.open_clip import build
    from lookalike.encoders.preprocess import to_network

    encoder = load_encoder("open_clip:tiny-test", EncoderOptions(weights=weights, device="cpu", threads=1))
    module = build("tiny-test").eval()
    open_clip.load_checkpoint(module, str(weights))  # type: ignore[attr-defined]
    batch = torch.from_numpy(np.stack([to_network(image, encoder.card) for image in images(4)]))
    tokens = open_clip.get_tokenizer("tiny-test")(["one", "two words"])  # type: ignore[attr-defined]
    with torch.inference_mode():
        np.testing.assert_allclose(
            encoder.embed(images(4)), module.encode_image(batch, normalize=True), atol=1e-5
        )
        np.testing.assert_allclose(
            encoder.embed_text(["one", "two words"]), module.encode_text(tokens, normalize=True), atol=1e-5
        )


def test_batches_do_not_change_images_or_texts(weights: Path) -> None:
    encoder = load_encoder("open_clip:tiny-test", EncoderOptions(weights=weights, device="cpu", threads=1))
    words = ["cat", "dog", "a long sentence about a house"]
    assert np.array_equal(
        encoder.embed_text(words), np.concatenate([encoder.embed_text([word]) for word in words])
    )
    pictures = images(5)
    assert np.array_equal(encoder.embed(pictures), np.concatenate([encoder.embed([p]) for p in pictures]))
    assert encoder.embed_text([]).shape == (0, 24)


@pytest.mark.usefixtures("open_clip")
def test_weights_of_another_model_are_refused(weights: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(weights)
    save_file(
        {name: tensor for name, tensor in state.items() if "ln_final" not in name},
        tmp_path / "less.safetensors",
    )
    with pytest.raises(EncoderCardError, match=r"less.safetensors.*2 missing \(ln_final"):
        load_encoder("open_clip:tiny-test", EncoderOptions(weights=tmp_path / "less.safetensors"))
    save_file({**state, "visual.proj": torch.zeros(32, 9)}, tmp_path / "other.safetensors")
    with pytest.raises(EncoderCardError, match=r"other.safetensors.*1 of the wrong shape \(visual.proj"):
        load_encoder("open_clip:tiny-test", EncoderOptions(weights=tmp_path / "other.safetensors"))
    (tmp_path / "bad.safetensors").write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(WeightsNotFound, match=r"bad.safetensors.*damaged"):
        load_encoder("open_clip:tiny-test", EncoderOptions(weights=tmp_path / "bad.safetensors"))


@pytest.mark.usefixtures("open_clip")
def test_unknown_names() -> None:
    with pytest.raises(UnknownEncoder, match=r"no model called 'ViT-B-33'; similar: .*ViT-B-32"):
        load_encoder("open_clip:ViT-B-33/openai")
    with pytest.raises(UnknownEncoder, match="no weights 'nothing'; it has: openai"):
        load_encoder("open_clip:ViT-B-32/nothing")
    with pytest.raises(InvalidArgument, match="does not understand the option 'colour'"):
        load_encoder("open_clip:ViT-B-32/openai?colour=red")


@pytest.mark.usefixtures("open_clip")
def test_without_a_network_the_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("lookalike.encoders.weights_source.hub_cached", lambda _wanted: None)
    with pytest.raises(WeightsNotFound, match=r"laion/CLIP-ViT-B-32-laion2B-s34B-b79K/.*--weights FILE"):
        load_encoder("open_clip:ViT-B-32/laion2b_s34b_b79k")
    with pytest.raises(WeightsNotFound, match="no weights are published for it"):
        load_encoder("open_clip:tiny-test")


@pytest.mark.usefixtures("open_clip")
def test_published_weights_bring_their_activation_and_preprocessing() -> None:
    from lookalike.encoders.open_clip import _published, make_card, wanted_weights

    assert _published("ViT-B-32", "openai")["quick_gelu"]
    assert wanted_weights("ViT-B-32/openai").repo == "timm/vit_base_patch32_clip_224.openai"
    assert wanted_weights("ViT-B-32/openai").filenames == (
        "open_clip_model.safetensors",
        "open_clip_pytorch_model.bin",
    )
    from lookalike.encoders.open_clip import build

    card = make_card(
        "open_clip:tiny-test", "tiny-test", "", build("tiny-test"), {"resize": "squash", "size": "48"}
    )
    assert card.preprocessing.resize == "squash"
    assert card.input_size == (48, 48)
    assert card.preprocessing.mean == pytest.approx((0.4815, 0.4578, 0.4082), abs=1e-4)


@pytest.mark.usefixtures("open_clip")
def test_text_of_other_families_needs_their_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from lookalike.encoders.open_clip import load_tokenizer

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependency, match="transformers"):
        load_tokenizer("ViT-B-16-SigLIP2", "open_clip:ViT-B-16-SigLIP2")


def test_absent_open_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(MissingDependency, match=r"open_clip.*pip install 'lookalike\[clip\]'"):
        load_encoder("open_clip:ViT-B-32/openai")
