"""Trained encoders as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("torch")

from onnx import TensorProto, helper

from lookalike import load_encoder
from lookalike.encoders import EncoderOptions
from lookalike.errors import InvalidArgument, TrainingError
from lookalike.judgments.twins import make_twins
from lookalike.training import export_parity, export_precision
from lookalike.training.export import export_onnx
from lookalike.training.export_images import MOST_IMAGES, default_images, some_images
from lookalike.training.export_parity import Parity, cosine_of_rows, failures
from tests.encoders.onnx_files import write_card, write_network
from tests.encoders.trained_runs import lora_run, mlp_run, net_run

IMAGES = default_images()[:40]


def test_cosine_by_hand() -> None:
    # (1, 0) and (1, 1): 1 / sqrt 2; two zero rows agree; a zero row and another do not.
    a = np.array([[1, 0], [0, 0], [0, 0]], dtype=np.float32)
    b = np.array([[1, 1], [0, 0], [1, 0]], dtype=np.float32)
    assert np.allclose(cosine_of_rows(a, b), [0.70710678, 1, 0])


def parity(**changes: object) -> Parity:
    facts = {
        "images": 9, "cosine": 1.0, "least_cosine": 1.0, "neighbours": 1.0, "feature_map": None, "recall": {}, "pairs": 0,
    }  # fmt: skip
    return Parity(**{**facts, **changes})  # type: ignore[arg-type]


def test_what_is_not_good_enough() -> None:
    assert failures(parity(cosine=0.9989), "fp32") == ["mean cosine 0.9989, wanted at least 0.999"]
    assert failures(parity(cosine=0.9989), "int8") == []
    assert failures(parity(cosine=float("nan")), "int8")
    worse = {"1": (10.0, 9.4), "5": (20.0, 19.6), "20": (30.0, 33.0)}
    assert failures(parity(recall=worse, pairs=1000), "fp32") == ["recall@1 10.0 % became 9.4 %"]
    assert failures(parity(recall=worse, pairs=100), "fp32") == []  # one pair of 100 is a whole point


def test_vit_with_lora(tmp_path: Path) -> None:
    run = lora_run(tmp_path / "run")
    report = export_onnx(run, tmp_path / "vit.onnx", images=IMAGES[:16])
    assert report.parity.least_cosine > 0.99999
    assert report.parity.neighbours == 1
    exported = load_encoder(f"onnx:{tmp_path}/vit.onnx")
    original = load_encoder(str(run), EncoderOptions(device="cpu"))
    assert exported.card.feature_map == original.card.feature_map == (2, 2, 192)
    assert np.allclose(exported.feature_map(IMAGES[:2]), original.feature_map(IMAGES[:2]), atol=1e-4)
    assert exported.card.preprocessing == original.card.preprocessing


@pytest.mark.parametrize(("precision", "least"), [("fp16", 0.999), ("int8", 0.99)])
def test_small_network_in_fewer_bits(tmp_path: Path, precision: str, least: float) -> None:
    run = net_run(tmp_path / "run")
    small = export_onnx(run, tmp_path / "small.onnx", precision=precision, images=IMAGES[:20])  # type: ignore[arg-type]
    assert small.parity.cosine >= least
    assert small.bytes < (run / "weights.safetensors").stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == [ "run", "small.onnx", "small.onnx.json",
    ]  # fmt: skip


def test_images_to_check_on_come_from_all_of_a_folder(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(MOST_IMAGES):
            (tmp_path / label / f"{number:03}.png").write_bytes(b"")
    chosen = [str(one.name) for one in some_images(tmp_path)]  # type: ignore[union-attr]
    assert len(set(chosen)) == MOST_IMAGES
    assert chosen == [str(one.name) for one in some_images(tmp_path)]  # type: ignore[union-attr]
    # What ranges are measured on shows both.
    assert {Path(name).parent.name for name in chosen[:64]} == {"a", "b"}


def test_in_int8_the_embedding_is_still_the_mean_of_the_map(tmp_path: Path) -> None:
    run = net_run(tmp_path / "run", "net:small?width=8&size=64&dim=6", 6)
    report = export_onnx(run, tmp_path / "m.onnx", precision="int8", images=IMAGES[:20])
    assert report.method == "int8"
    exported = load_encoder(f"onnx:{tmp_path}/m.onnx")
    pooled = exported.feature_map(IMAGES[:4]).mean(axis=(1, 2))
    pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
    assert np.abs(pooled - exported.embed(IMAGES[:4])).max() < 1e-5


def ends(nodes: list[Any], weights: str, *outputs: str) -> list[str]:
    shown = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    stored = [helper.make_tensor(name, TensorProto.FLOAT, [1], [1.0]) for name in weights]
    return sorted(
        export_precision.in_floats(helper.make_model(helper.make_graph(nodes, "g", [], shown, stored)))
    )


def test_the_end_of_a_network_stays_in_floats() -> None:
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w"], ["a"], "conv"), node("Relu", ["a"], ["b"], "relu"),
        node("Gemm", ["b", "v"], ["c"], "first"), node("Relu", ["c"], ["d"], "between"),
        node("Gemm", ["d", "u"], ["e"], "last"), node("Identity", ["e"], ["out"], "named"),
        node("Transpose", ["b"], ["map"], "turned"),
    ]  # fmt: skip
    # Back from "out" through the last product as far as the one before it; back from "map" as far as the convolution.
    assert ends(nodes, "wvu", "out", "map") == ["between", "last", "named", "relu", "turned"]


def test_of_a_network_with_skipped_blocks_only_the_end_stays_in_floats() -> None:
    node = helper.make_node
    nodes = [node("MatMul", ["x", "w"], ["r0"], "patches")]
    for n in range(3):  # r -> r + v * relu(u * r)
        nodes += [
            node("MatMul", [f"r{n}", "u"], [f"h{n}"], f"fc1-{n}"), node("Relu", [f"h{n}"], [f"g{n}"], f"relu-{n}"),
            node("MatMul", [f"g{n}", "v"], [f"f{n}"], f"fc2-{n}"), node("Add", [f"r{n}", f"f{n}"], [f"r{n + 1}"], f"add-{n}"),
        ]  # fmt: skip
    nodes += [
        node("LayerNormalization", ["r3", "s"], ["n"], "norm"),
        node("MatMul", ["n", "p"], ["out"], "head"),
    ]
    nodes += [node("Transpose", ["n"], ["map"], "turned"), node("MatMul", ["n", "n"], ["gram"], "gram")]
    assert ends(nodes, "wuvsp", "out", "map", "gram") == ["head", "norm", "turned"]


@pytest.mark.parametrize("features", ["normalized", "centred"])
@pytest.mark.parametrize(("layout", "pooling"), [("NCHW", None), ("NHWC", "mean")])
def test_head_joined_to_an_onnx_network(
    tmp_path: Path, features: str, layout: str, pooling: str | None
) -> None:
    model = write_network(tmp_path / "base.onnx", layout=layout)
    outputs = {"embedding": "map" if pooling else "vector"}
    write_card(model, layout=layout, pooling=pooling, outputs=outputs)
    run = mlp_run(tmp_path / "run", f"onnx:{model}", features=features)
    report = export_onnx(run, tmp_path / "joined.onnx", images=IMAGES[:10])
    assert report.parity.least_cosine > 0.99999
    joined = load_encoder(f"onnx:{tmp_path}/joined.onnx")
    assert joined.card.dim == report.dim == 8


def test_head_on_mobilenet_on_pairs(tmp_path: Path, mobilenet: Path) -> None:
    run = mlp_run(tmp_path / "run", f"onnx:{mobilenet}")
    pairs = make_twins(8, ("shape", "layout")).save(tmp_path / "twins")
    report = export_onnx(run, tmp_path / "m.onnx", precision="int8", pairs=pairs)
    # Depthwise convolutions need all 8 bits of their weights.
    assert report.method.startswith("int8 with weights of 8 bits (int8 did not agree: mean cosine 0.")
    assert report.parity.cosine >= 0.99
    assert report.parity.pairs == 8
    assert report.parity.recall.keys() == {"1", "5"}
    assert report.bytes < 0.4 * mobilenet.stat().st_size
    assert load_encoder(f"onnx:{tmp_path}/m.onnx").card.feature_map == (7, 7, 1280)


def test_a_network_that_cannot_be_quantised_says_so_in_the_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no such\n  operator")

    monkeypatch.setattr(export_precision, "_quantize", refuse)
    report = export_onnx(net_run(tmp_path / "run"), tmp_path / "n.onnx", precision="int8", images=IMAGES[:4])
    assert report.method == (
        "int8 weights only (ONNX Runtime cannot quantise this network: RuntimeError: no such operator)"
    )


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = net_run(tmp_path / "run")
    monkeypatch.setitem(export_parity.LEAST_COSINE, "fp32", 1.1)
    with pytest.raises(TrainingError, match="does not agree with the original: mean cosine 1"):
        export_onnx(run, tmp_path / "out" / "n.onnx", images=IMAGES[:4])
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="head on classic:layout, which is no network"):
        export_onnx(mlp_run(tmp_path / "run"), tmp_path / "n.onnx", images=IMAGES[:4])
    with pytest.raises(TrainingError, match="only runs and networks"):
        export_onnx("classic:layout", tmp_path / "n.onnx", images=IMAGES[:4])
    with pytest.raises(InvalidArgument, match=r"NAME\.onnx"):
        export_onnx("classic:layout", tmp_path / "n.pt")
    with pytest.raises(InvalidArgument, match="fp32, fp16, int8"):
        export_onnx("classic:layout", tmp_path / "n.onnx", precision="int4")  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="too few"):
        export_onnx("classic:layout", tmp_path / "n.onnx", images=[])
