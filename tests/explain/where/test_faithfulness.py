"""Curves, controls, conditioning and shuffled weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.encoders import Encoder, EncoderCard, Preprocessing, load_encoder
from lookalike.errors import ExplainError
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.explain.faithfulness import HIDDEN, Judge, best_first, faithfulness, removal
from lookalike.explain.faithfulness_controls import centre_prior, conditioning, correlation, random_map
from lookalike.explain.maps import PairMap
from lookalike.explain.occlusion import occlusion
from lookalike.explain.occlusion_views import open_pair
from lookalike.explain.sanity import randomisation_check, randomised_encoder
from tests.encoders.onnx_files import write_card, write_network
from tests.explain.where.tiny import ColourEncoder, LinearPatches, grey_mean, noise, picture

A, B = picture(red=(1, 5), blue=(5, 1)), picture(red=(5, 2), green=(0, 0))


def test_the_order_of_cells() -> None:
    values = np.zeros((7, 7), np.float32)
    values[2, 3], values[0, 1] = 2, 1
    assert best_first(values)[:3].tolist() == [17, 1, 0]
    assert best_first(np.kron(values, np.ones((2, 2), np.float32)))[:3].tolist() == [17, 1, 0]


def test_curves_by_hand() -> None:
    encoder = ColourEncoder()
    mean = grey_mean(encoder)
    first, second, vectors = open_pair(A, B, encoder)
    right = np.zeros((7, 7), np.float32)
    right[1, 5], right[5, 1] = 1, -1  # red is hidden first, blue last
    found = removal(first, second.vector, right, encoder, mean)
    whole = centred_cosine(vectors[0], vectors[1], mean)
    blue_only = centred_cosine(encoder.embed([picture(blue=(5, 1))])[0], vectors[1], mean)
    red_only = centred_cosine(encoder.embed([picture(red=(1, 5))])[0], vectors[1], mean)
    # Everything hidden is grey, which is the mean itself: 0.
    assert found.deletion == pytest.approx((whole, *[blue_only] * 9, 0.0), abs=1e-6)
    assert found.insertion == pytest.approx((whole, *[red_only] * 9, 0.0), abs=1e-6)
    assert found.drop == pytest.approx(whole - blue_only, abs=1e-6)
    heights = (whole + blue_only) / 2 * 5 + blue_only * 40 + blue_only / 2 * 4
    assert found.deletion_area == pytest.approx(heights / 49, abs=1e-6)
    heights = (whole + red_only) / 2 * 5 + red_only * 40 + red_only / 2 * 4
    assert found.insertion_area == pytest.approx(heights / 49, abs=1e-6)
    assert 0 < found.drop_plain < found.drop


def test_a_right_map_beats_chance_and_the_middle() -> None:
    encoder = ColourEncoder()
    mean = grey_mean(encoder)
    maps = occlusion(A, B, encoder, mean)
    seen: list[tuple[str, int, int]] = []
    found = faithfulness(maps, A, B, encoder, mean, progress=lambda *stage: seen.append(stage))
    assert found.a.faithful
    assert found.b.faithful
    assert found.a.map.drop > 0.4
    assert abs(found.a.random.drop) < found.a.map.drop
    assert found.a.map.deletion_area < found.a.centre.deletion_area
    # Either image: everything hidden, and 9 steps from both ends of the map, the middle and two orders of chance.
    assert seen[-1] == ("faithfulness", 146, 146)
    document = found.to_dict()
    assert document["a"]["map"]["hidden"] == list(HIDDEN)
    assert set(document["b"]) == {"map", "random", "centre", "faithful"}
    upside_down = replace(maps, a_map=-maps.a_map, b_map=-maps.b_map)
    assert not faithfulness(upside_down, A, B, encoder, mean).a.faithful


def test_several_maps_share_what_they_have_to_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = ColourEncoder()
    mean = grey_mean(encoder)
    maps = occlusion(A, B, encoder, mean)
    other = replace(maps, a_map=-maps.a_map, b_map=-maps.b_map)
    judge = Judge(A, B, encoder, mean)
    first = judge.measure(maps)
    counted, embed = [], encoder.embed
    monkeypatch.setattr(encoder, "embed", lambda images: counted.append(len(images)) or embed(images))
    second = judge.measure(other)
    assert sum(counted) == 2 * (1 + 2 * 9)
    alone = faithfulness(other, A, B, encoder, mean)
    assert second.to_dict() == alone.to_dict()
    assert (first.a.random, first.b.centre) == (second.a.random, second.b.centre)
    # An order of chance counts from both ends.
    assert first.a.random.deletion == pytest.approx(first.a.random.insertion)


def test_controls() -> None:
    assert centre_prior((3, 3)).argmax() == 4
    assert centre_prior((1, 3)).tolist() == [[-1, 0, -1]]
    assert random_map((4, 5), 1).tobytes() == random_map((4, 5), 1).tobytes()
    assert (random_map((4, 5), 1) != random_map((4, 5), 2)).any()


def test_correlation_by_hand() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert correlation(x, 2 * x + 5) == pytest.approx(1)
    assert correlation(x, -x) == pytest.approx(-1)
    assert correlation(x, np.ones((2, 2))) == 0
    assert correlation(x, np.array([[1.0, -1.0], [-1.0, 1.0]])) == pytest.approx(0)
    assert correlation(x, np.kron(x, np.ones((3, 3)))) == pytest.approx(1)


def test_conditioning_sees_who_the_partner_is() -> None:
    encoder = ColourEncoder()
    mean = grey_mean(encoder)

    def explain(a: Any, b: Any) -> PairMap:
        return occlusion(a, b, encoder, mean, coarse_to_fine=False)

    red, blue = picture(red=(3, 3)), picture(blue=(2, 2))
    assert conditioning(explain, A, red, red) == pytest.approx(1)
    assert conditioning(explain, A, red, blue) < 0
    with pytest.raises(ExplainError, match="two partners"):
        conditioning(explain, A, red)


def test_shuffled_weights_of_an_onnx_network(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    write_card(write_network(tmp_path / "net.onnx"))
    encoder = load_encoder(f"onnx:{tmp_path / 'net.onnx'}")
    before = encoder.embed([A])
    one, again, other = (randomised_encoder(encoder, seed=seed) for seed in (0, 0, 1))
    assert one.embed([A]).tobytes() == again.embed([A]).tobytes()
    assert (one.embed([A]) != before).any()
    assert (one.embed([A]) != other.embed([A])).any()
    assert encoder.embed([A]).tobytes() == before.tobytes()
    assert len({net.card.fingerprint for net in (encoder, one, other)}) == 3
    assert one.feature_map([A]).shape == encoder.feature_map([A]).shape


def test_weights_stored_as_int8_are_shuffled_too(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(write_network(tmp_path / "net.onnx"))
    for tensor in list(model.graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.ndim < 2:
            continue
        # One scale for a whole tensor, so that nothing but int8 numbers can be shuffled.
        scale = np.abs(values).max() / 127
        stored = np.rint(values / scale).astype(np.int8)
        parts = [onnx.numpy_helper.from_array(stored, f"{tensor.name}_8")]
        parts.append(onnx.numpy_helper.from_array(np.float32(scale), f"{tensor.name}_s"))
        node = onnx.helper.make_node("DequantizeLinear", [part.name for part in parts], [tensor.name])
        model.graph.initializer.remove(tensor)
        model.graph.initializer.extend(parts)
        model.graph.node.insert(0, node)
    onnx.save(model, tmp_path / "net.onnx")
    write_card(tmp_path / "net.onnx")
    encoder = load_encoder(f"onnx:{tmp_path / 'net.onnx'}")
    assert (randomised_encoder(encoder).embed([A]) != encoder.embed([A])).any()


def test_shuffled_weights_of_a_torch_network() -> None:
    torch = pytest.importorskip("torch")
    from lookalike.encoders.torch_base import TorchEncoder

    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 8, stride=8), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    card = EncoderCard(name="net", dim=8, input_size=(56, 56), preprocessing=Preprocessing())
    encoder = TorchEncoder(module, card)
    before = encoder.embed([A])
    other = randomised_encoder(encoder)
    assert (other.embed([A]) != before).any()
    assert encoder.embed([A]).tobytes() == before.tobytes()
    weights, shuffled = (net.module[0].weight.detach().ravel().sort().values for net in (encoder, other))
    assert torch.equal(weights, shuffled)


def test_maps_of_shuffled_weights_are_others(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    write_card(write_network(tmp_path / "net.onnx", dim=16))
    encoder = load_encoder(f"onnx:{tmp_path / 'net.onnx'}")

    def explain(a: Any, b: Any, network: Encoder, mean: CorpusMean) -> PairMap:
        return occlusion(a, b, network, mean, grid=6, coarse_to_fine=False)

    corpus = [noise(seed) for seed in range(20)]
    found = randomisation_check(noise(30), noise(31), encoder, corpus, explain)
    assert found.a < 0.9
    assert set(found.to_dict()) == {"a", "b"}


def test_no_weights_to_shuffle() -> None:
    with pytest.raises(ExplainError, match="no network"):
        randomised_encoder(LinearPatches())
