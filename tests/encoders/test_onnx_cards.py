"""Cards of ONNX networks: where they are found, and what is said about a missing or wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lookalike.encoders import load_encoder
from lookalike.errors import EncoderCardError
from tests.encoders.onnx_files import write_card, write_network


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_network(tmp_path / "net.onnx")


def test_card_places(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    monkeypatch.setenv("LOOKALIKE_CARDS", str(cards))
    card = write_card(model, name="elsewhere").rename(cards / "net.json")
    assert load_encoder(f"onnx:{model}").card.title == "elsewhere"
    card.rename(cards / "net.onnx.json")
    assert load_encoder(f"onnx:{model}").card.title == "elsewhere"
    write_card(model, name="beside").rename(model.with_suffix(".json"))
    assert load_encoder(f"onnx:{model}").card.title == "beside"


def test_missing_card_shows_the_card(tmp_path: Path) -> None:
    model = write_network(tmp_path / "my net.onnx", size=(32, 24))
    with pytest.raises(EncoderCardError) as caught:
        load_encoder(f"onnx:{model}")
    message = str(caught.value)
    assert "\n" not in message
    assert f"{model}.json" in message
    shown = json.loads(message[message.index("{") : message.rindex("}") + 1])
    assert shown["size"] == [32, 24]
    assert shown["outputs"] == {"embedding": "vector", "feature_map": "map"}
    assert shown["layout"] == "NCHW"
    assert shown["mean"].startswith("FILL IN")
    assert "vector (?, 8)" in message
    place = model.with_name(model.name + ".json")
    place.write_text(json.dumps(shown))
    with pytest.raises(EncoderCardError, match="mean: must be three numbers"):
        load_encoder(f"onnx:{model}")
    place.write_text(json.dumps({**shown, "mean": [0.5] * 3, "std": [0.5] * 3}))
    assert load_encoder(f"onnx:{model}").card.dim == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sise": [1, 2]}, "sise: unknown key; known: outputs, size, mean"),
        ({"size": [32]}, r"size: must be \[height, width\]"),
        ({"size": [0, 32]}, "size: must be"),
        ({"size": [True, 32]}, "size: must be"),
        ({"size": None}, "size: missing"),
        ({"size": [3, 3]}, r"size: the network fails on \[3, 3\]"),
        ({"mean": None}, "mean: missing"),
        ({"mean": [1, 2]}, "mean: must be three numbers"),
        ({"std": [1, 0, 1]}, "std: must be above 0"),
        ({"std": "1"}, "std: must be three numbers"),
        ({"resize": "stretch"}, "resize: must be one of squash, crop, pad"),
        ({"interpolation": 3}, "interpolation: must be one of"),
        ({"antialias": 1}, "antialias: must be true or false"),
        ({"crop_fraction": 0}, "crop_fraction: must be a number above 0"),
        ({"layout": "CHW"}, "layout: must be one of NCHW, NHWC"),
        ({"normalize": "yes"}, "normalize: must be true or false"),
        ({"name": 5}, "name: must be a text"),
        ({"outputs": None}, "outputs: missing"),
        ({"outputs": ["vector"]}, "outputs: must be"),
        ({"outputs": {"feature_map": "map"}}, "outputs.embedding: missing"),
        ({"outputs": {"embedding": "vektor"}}, "no output 'vektor'; it has: vector, map"),
        ({"outputs": {"embedding": "vector", "more": "map"}}, "outputs.more: unknown key"),
        ({"outputs": {"embedding": "map"}}, "outputs.embedding: map has the shape"),
        ({"outputs": {"embedding": "vector", "feature_map": "vector"}}, "feature_map: vector has the shape"),
        ({"pooling": "mean"}, "pooling: the output vector"),
    ],
)  # fmt: skip
def test_wrong_cards(model: Path, changes: dict[str, object], message: str) -> None:
    write_card(model, **changes)
    with pytest.raises(EncoderCardError, match=message) as caught:
        load_encoder(f"onnx:{model}")
    assert str(model) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[1]", "null", "{", "\xff"])
def test_cards_that_are_no_cards(model: Path, text: str) -> None:
    model.with_name("net.onnx.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(EncoderCardError, match=r"net\.onnx\.json"):
        load_encoder(f"onnx:{model}")


def test_size_against_the_graph(tmp_path: Path) -> None:
    model = write_network(tmp_path / "net.onnx", size=(32, 24))
    write_card(model, size=[24, 32])
    with pytest.raises(EncoderCardError, match=r"size: is \[24, 32\], but the graph's input"):
        load_encoder(f"onnx:{model}")
