"""Finished training runs as encoders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lookalike import load_encoder
from lookalike.encoders import EncoderOptions, absolute_spec
from lookalike.encoders.trained_card import Parent, TrainedCard, read_card, write_card
from lookalike.encoders.trained_file import read_tensors
from lookalike.encoders.trained_head import Head, prepare, read_head
from lookalike.errors import EncoderCardError, EncoderError, WeightsNotFound
from tests.encoders.trained_runs import TINY_VIT, lora_run, mlp_run, net_run, save_run, vit_weights

PICTURES = [np.random.default_rng(i).integers(0, 256, (40, 50, 3), dtype=np.uint8) for i in range(3)]


def test_head_by_hand() -> None:
    # W1 = [[1, -1]], b1 = [0.5]; W2 = [[2], [1]], b2 = [0, 1]; x = (3, 1).
    # relu(3 - 1 + 0.5) = 2.5; W2 2.5 + b2 = (5, 3.5); with the residual (8, 4.5). x = (0, 2): relu(-1.5) = 0,
    # so b2 + x = (0, 3).
    tensors = {
        "head.first.weight": np.array([[1.0, -1.0]]),
        "head.first.bias": np.array([0.5]),
        "head.second.weight": np.array([[2.0], [1.0]]),
        "head.second.bias": np.array([0.0, 1.0]),
    }
    head = read_head(tensors, {"kind": "mlp"}, "here")
    assert head is not None
    assert head.residual
    vectors = np.array([[3, 1], [0, 2]], dtype=np.float32)
    assert head.apply(vectors).tolist() == [[8.0, 4.5], [0.0, 3.0]]


def test_features_by_hand() -> None:
    # (3, 4) has length 5: (0.6, 0.8); its mean 0.7 subtracted: (-0.1, 0.1).
    vectors = np.array([[3, 4]], dtype=np.float32)
    assert prepare(vectors, "raw").tolist() == [[3, 4]]
    assert np.allclose(prepare(vectors, "normalized"), [[0.6, 0.8]])
    assert np.allclose(prepare(vectors, "centred"), [[-0.1, 0.1]])


def test_layers_in_natural_order() -> None:
    # Ten layers of 1 x 1: layers.10 must come after layers.9; only the last has the weight 2 and follows -1.
    tensors = {f"head.layers.{i}.weight": np.array([[1.0]]) for i in range(1, 11)}
    tensors["head.layers.10.weight"] = np.array([[2.0]])
    head = read_head(tensors, {"kind": "linear"}, "here")
    assert head is not None
    assert head.layers[-1][0].tolist() == [[2.0]]


def test_own_reader_equals_the_package(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tensors = {
        "a": rng.normal(size=(3, 4)).astype(np.float32),
        "b": rng.normal(size=5).astype(np.float16),
        "c": rng.integers(-5, 5, (2, 2, 2)),
        "d": np.array([True, False]),
        "e": np.zeros((0, 3), dtype=np.float64),
    }
    save_file(tensors, tmp_path / "t.safetensors")
    found = read_tensors(tmp_path / "t.safetensors")
    assert found.keys() == tensors.keys()
    for name, values in tensors.items():
        assert found[name].dtype == values.dtype
        assert np.array_equal(found[name], values)


@pytest.mark.parametrize("cut", [0, 5, 20, -3])
def test_damaged_weights(tmp_path: Path, cut: int) -> None:
    save_file({"a": np.arange(6, dtype=np.float32)}, tmp_path / "t.safetensors")
    data = (tmp_path / "t.safetensors").read_bytes()
    (tmp_path / "t.safetensors").write_bytes(data[:cut])
    with pytest.raises(WeightsNotFound, match="damaged"):
        read_tensors(tmp_path / "t.safetensors")


def test_bfloat16(tmp_path: Path) -> None:
    # 1.5 = 0x3FC0 in bfloat16, -2 = 0xC000.
    header = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    body = np.array([0x3FC0, 0xC000], dtype="<u2").tobytes()
    (tmp_path / "t.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + body)
    assert read_tensors(tmp_path / "t.safetensors")["a"].tolist() == [1.5, -2.0]


def test_head_on_classic(tmp_path: Path) -> None:
    folder = mlp_run(tmp_path / "run")
    encoder = load_encoder(f"{folder}/")
    base = load_encoder("classic:layout")
    plain = base.embed(PICTURES).astype(np.float64)
    tensors = read_tensors(folder / "weights.safetensors")
    w1, b1, w2, b2 = (
        tensors[f"head.{n}"] for n in ("first.weight", "first.bias", "second.weight", "second.bias")
    )
    wanted = plain + np.maximum(plain @ w1.T + b1, 0) @ w2.T + b2
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert np.allclose(encoder.embed(PICTURES), wanted, atol=1e-5)
    assert encoder.card.name == f"trained:{folder}"
    assert encoder.card.parts == ("classic:layout",)
    assert encoder.card.fingerprint != base.card.fingerprint
    one_by_one = np.concatenate([encoder.embed([picture]) for picture in PICTURES])
    assert np.array_equal(one_by_one, encoder.embed(PICTURES))


def test_no_torch_for_a_head(tmp_path: Path) -> None:
    folder = mlp_run(tmp_path / "run")
    code = (
        "import sys; sys.modules.update(torch=None, safetensors=None); import numpy as np, lookalike; "
        f"print(lookalike.load_encoder({str(folder)!r}).embed([np.zeros((9, 9, 3), np.uint8)]).shape[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "1\n", done.stderr


def test_head_on_mobilenet(tmp_path: Path, mobilenet: Path) -> None:
    folder = mlp_run(tmp_path / "run", f"onnx:{mobilenet}")
    encoder, base = load_encoder(f"trained:{folder}"), load_encoder(f"onnx:{mobilenet}")
    assert encoder.card.feature_map == (7, 7, 1280)
    assert np.array_equal(encoder.feature_map(PICTURES[:1]), base.feature_map(PICTURES[:1]))
    assert encoder.embed(PICTURES).shape == (3, 1280)


def test_fingerprint_follows_the_weights(tmp_path: Path) -> None:
    folder = mlp_run(tmp_path / "run")
    before = load_encoder(str(folder)).card.fingerprint
    tensors = read_tensors(folder / "weights.safetensors")
    tensors["head.first.bias"] = tensors["head.first.bias"] + 1
    save_file(tensors, folder / "weights.safetensors")
    assert load_encoder(str(folder)).card.fingerprint != before


def test_other_parent_is_refused(tmp_path: Path) -> None:
    folder = mlp_run(tmp_path / "run")
    card = read_card(folder)
    write_card(folder, TrainedCard(card.name, (Parent("classic:layout", "0" * 32),), card.adapter))
    with pytest.raises(
        EncoderError, match=r"was trained on classic:layout with fingerprint 00000000, the one here"
    ):
        load_encoder(str(folder))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    folder = mlp_run(tmp_path / "run", weights_sha256="ab" * 32)
    with pytest.raises(EncoderCardError, match="not those that the card was written for"):
        load_encoder(str(folder))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "not the card of an encoder"),
        ('{"kind": "lookalike trained encoder", "version": 99}', "upgrade lookalike"),
        ('{"kind": "lookalike trained encoder", "version": 1, "name": "a"}', "parents"),
        (
            '{"kind": "lookalike trained encoder", "version": 1, "name": "a", "parents": []}',
            "names no encoder",
        ),
    ],
)
def test_wrong_cards(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(EncoderCardError, match=message):
        load_encoder(f"trained:{tmp_path}")


def test_unfinished_run(tmp_path: Path) -> None:
    with pytest.raises(EncoderCardError, match="no finished training run"):
        load_encoder(f"trained:{tmp_path}")


def test_absolute_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlp_run(tmp_path / "my-run")
    monkeypatch.chdir(tmp_path)
    assert absolute_spec("my-run/") == f"trained:{tmp_path}/my-run"
    assert absolute_spec("trained:other") == f"trained:{tmp_path}/other"
    assert absolute_spec("0.5*my-run+classic") == f"0.5*trained:{tmp_path}/my-run+classic"
    assert load_encoder("my-run+classic:layout").card.parts[0] == f"trained:{tmp_path}/my-run"


def test_lora_is_merged(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = lora_run(tmp_path / "run")
    encoder = load_encoder(str(folder), EncoderOptions(device="cpu"))
    base = load_encoder(TINY_VIT, EncoderOptions(weights=folder / "parent.safetensors", device="cpu"))
    tensors = read_tensors(folder / "weights.safetensors")
    for block in range(2):
        a, b = (
            torch.from_numpy(tensors[f"backbone.blocks.{block}.attn.qkv.lora_{x}.default.weight"])
            for x in "AB"
        )
        layer = base.module.blocks[block].attn.qkv  # type: ignore[attr-defined]
        with torch.no_grad():
            layer.weight += 2.0 * b @ a  # alpha / rank = 4 / 2
    assert np.allclose(encoder.embed(PICTURES), base.embed(PICTURES), atol=1e-5)
    assert encoder.card.feature_map == (2, 2, 192)


def test_lora_on_other_weights(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = lora_run(tmp_path / "run")
    other = vit_weights(tmp_path / "other.safetensors", seed=9)
    with pytest.raises(EncoderError, match="give the weights it was trained on"):
        load_encoder(str(folder), EncoderOptions(weights=other, device="cpu"))


def test_network_from_scratch(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = net_run(tmp_path / "run")
    encoder = load_encoder(str(folder), EncoderOptions(device="cpu"))
    assert encoder.embed(PICTURES).shape == (3, 16)
    assert encoder.feature_map(PICTURES[:1]).shape == (1, *(encoder.card.feature_map or ()))
    again = load_encoder(str(folder), EncoderOptions(device="cpu"))
    assert again.card.fingerprint == encoder.card.fingerprint


def test_gaps_and_strangers(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = net_run(tmp_path / "run")
    tensors = read_tensors(folder / "weights.safetensors")
    parent = read_card(folder).parents[0]
    missing = {name: v for name, v in tensors.items() if name != "backbone.project.bias"}
    save_run(tmp_path / "gap", missing, parent)
    with pytest.raises(EncoderCardError, match=r"1 weights of net:small.*project\.bias"):
        load_encoder(str(tmp_path / "gap"))
    save_run(tmp_path / "more", tensors | {"backbone.nowhere": np.zeros(2, np.float32)}, parent)
    with pytest.raises(EncoderCardError, match="has no nowhere"):
        load_encoder(str(tmp_path / "more"))


def test_head_of_one_layer() -> None:
    head = Head(((np.eye(2, 3, dtype=np.float32), np.zeros(2, np.float32)),))
    assert (head.dim_in, head.dim) == (3, 2)
    with pytest.raises(EncoderCardError, match="cannot have a residual"):
        read_head({"head.layer.weight": np.ones((2, 3))}, {"residual": True}, "here")
