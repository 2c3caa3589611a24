"""OpenVINO as the runtime: the same numbers as ONNX Runtime in fp32, marked ones in bf16, and silence towards the world."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import EncoderOptions, load_encoder
from lookalike.encoders.onnx_name import RuntimeChoice, split_runtime
from lookalike.encoders.onnx_openvino import import_openvino, refuse_without_bf16
from lookalike.errors import (
    EncoderCardError,
    InvalidArgument,
    MissingDependency,
    UnknownEncoder,
    WeightsNotFound,
)
from tests.encoders.onnx_files import write_card, write_network

RNG = np.random.default_rng(11)
PLAIN = EncoderOptions()


def images(count: int, height: int = 40, width: int = 50) -> list[np.ndarray]:
    return [RNG.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(count)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = write_network(tmp_path / "net.onnx")
    write_card(path)
    return path


@pytest.fixture
def openvino() -> None:
    """Skips where the extra is not installed."""
    try:
        import_openvino()
    except MissingDependency as error:
        pytest.skip(str(error))


@pytest.fixture
def bf16(openvino: None) -> None:
    """Skips on a processor without bf16 instructions."""
    try:
        refuse_without_bf16(import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    except InvalidArgument as error:
        pytest.skip(str(error))


def test_what_a_name_may_say(tmp_path: Path) -> None:
    fp32, bf16 = RuntimeChoice("openvino"), RuntimeChoice("openvino", "bf16")
    assert split_runtime("a.onnx", PLAIN) == ("a.onnx", RuntimeChoice())
    assert split_runtime("a.onnx?runtime=onnxruntime", PLAIN) == ("a.onnx", RuntimeChoice())
    assert split_runtime("a.onnx?runtime=openvino", PLAIN) == ("a.onnx", fp32)
    assert split_runtime("a.onnx?precision=bf16&runtime=openvino", PLAIN) == ("a.onnx", bf16)
    half = EncoderOptions(precision="bf16")
    assert split_runtime("a.onnx?runtime=openvino", half) == ("a.onnx", bf16)
    assert split_runtime("a.onnx?runtime=openvino&precision=fp32", half) == ("a.onnx", fp32)
    assert split_runtime("a.onnx", half) == ("a.onnx", RuntimeChoice())
    for choice in (fp32, bf16):
        assert split_runtime(f"a.onnx{choice.suffix}", PLAIN) == ("a.onnx", choice)
    odd = tmp_path / "what?runtime=openvino"
    odd.write_bytes(b"")
    assert split_runtime(str(odd), PLAIN) == (str(odd), RuntimeChoice())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("runtime=tensorrt", "runtime=tensorrt: choose one of onnxruntime, openvino"),
        ("runtime=openvino&precision=int8", "precision=int8: choose one of fp32, bf16"),
        ("precision=bf16", r"write a\.onnx\?runtime=openvino&precision=bf16"),
        ("runtime=openvino&streams=2", "does not understand the option 'streams'; known: runtime, precision"),
    ],
)
def test_wrong_options(options: str, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        split_runtime(f"a.onnx?{options}", PLAIN)


def test_a_processor_without_bf16() -> None:
    refuse_without_bf16(["FP32", "BF16", "INT8"])
    with pytest.raises(InvalidArgument, match=r"no bf16 instructions.*use precision=fp32"):
        refuse_without_bf16(["FP32", "INT8"])


def test_the_extra_is_named_when_it_is_missing(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingDependency, match=r"pip install 'lookalike\[openvino\]'"):
        load_encoder(f"onnx:{model}?runtime=openvino")
    assert "openvino_telemetry" not in sys.modules


@pytest.mark.usefixtures("openvino")
def test_fp32_is_the_same_encoder(model: Path) -> None:
    there, here = load_encoder(f"onnx:{model}"), load_encoder(f"onnx:{model}?runtime=openvino")
    batch = images(5)
    np.testing.assert_allclose(here.embed(batch), there.embed(batch), atol=2e-6)
    np.testing.assert_allclose(here.feature_map(batch), there.feature_map(batch), rtol=1e-4, atol=1e-4)
    assert here.card.fingerprint == there.card.fingerprint
    assert here.card.name == f"onnx:{model}?runtime=openvino"


@pytest.mark.usefixtures("openvino")
def test_one_and_a_thousand(model: Path) -> None:
    encoder = load_encoder(f"onnx:{model}?runtime=openvino", EncoderOptions(threads=3))
    many = images(1000, 20, 30)
    together = encoder.embed(many)
    alone = np.concatenate([encoder.embed([image]) for image in many])
    assert np.array_equal(together, alone)
    assert np.array_equal(encoder.embed(many[::-1]), together[::-1])
    few = encoder.feature_map(many[:20])
    assert np.array_equal(few, np.concatenate([encoder.feature_map([image]) for image in many[:20]]))
    assert encoder.concurrent


@pytest.mark.usefixtures("bf16")
def test_bf16_is_another_encoder(model: Path) -> None:
    full, half = (load_encoder(f"onnx:{model}?runtime=openvino{more}") for more in ("", "&precision=bf16"))
    asked = load_encoder(f"onnx:{model}?runtime=openvino", EncoderOptions(precision="bf16"))
    assert half.card.fingerprint == asked.card.fingerprint != full.card.fingerprint
    assert half.card.details["precision"] == "bf16"
    batch = images(40)
    cosine = np.sum(full.embed(batch) * half.embed(batch), axis=1)
    assert cosine.min() > 0.99
    assert not np.array_equal(full.embed(batch), half.embed(batch)), "bf16 was asked for and fp32 came"
    assert np.array_equal(half.embed(batch), np.concatenate([half.embed([image]) for image in batch]))
    assert np.array_equal(half.embed(batch), asked.embed(batch))


@pytest.mark.usefixtures("openvino")
def test_layouts_sizes_and_external_data(tmp_path: Path) -> None:
    batch = images(3)
    for number, changes in enumerate(
        ({"layout": "NHWC"}, {"size": (32, 24)}, {"batch": 1}, {"external": True})
    ):
        path = write_network(tmp_path / f"{number}.onnx", **changes)  # type: ignore[arg-type]
        write_card(path)
        there, here = load_encoder(f"onnx:{path}"), load_encoder(f"onnx:{path}?runtime=openvino")
        np.testing.assert_allclose(here.embed(batch), there.embed(batch), atol=2e-6)
        np.testing.assert_allclose(here.feature_map(batch), there.feature_map(batch), rtol=1e-4, atol=1e-4)
        assert here.card.fingerprint == there.card.fingerprint


@pytest.mark.usefixtures("openvino")
def test_files_that_are_refused(tmp_path: Path, model: Path) -> None:
    with pytest.raises(WeightsNotFound, match="no such ONNX file"):
        load_encoder(f"onnx:{tmp_path}/nothing.onnx?runtime=openvino")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network at all")
    with pytest.raises(WeightsNotFound, match=r"broken\.onnx: OpenVINO cannot load it") as caught:
        load_encoder(f"onnx:{broken}?runtime=openvino")
    assert "\n" not in str(caught.value)
    two = write_network(tmp_path / "two.onnx", inputs=2)
    write_card(two)
    with pytest.raises(EncoderCardError, match="an encoder has one input"):
        load_encoder(f"onnx:{two}?runtime=openvino")
    for options in (EncoderOptions(device="cuda"), EncoderOptions(providers=("CPUExecutionProvider",))):
        with pytest.raises(InvalidArgument, match="runtime=openvino runs on the processor"):
            load_encoder(f"onnx:{model}?runtime=openvino", options)


@pytest.mark.usefixtures("openvino")
def test_external_data_stay_in_the_folder(tmp_path: Path) -> None:
    """A model that names a file elsewhere would read it; its location is patched to one of the same length."""
    inside = tmp_path / "models"
    inside.mkdir()
    path = write_network(inside / "abcdefg.onnx", external=True)
    write_card(path)
    (inside / "abcdefg.onnx.data").rename(tmp_path / "defg.onnx.data")
    path.write_bytes(path.read_bytes().replace(b"abcdefg.onnx.data", b"../defg.onnx.data"))
    with pytest.raises(WeightsNotFound, match=r"\.\./defg\.onnx\.data lies outside the model's folder"):
        load_encoder(f"onnx:{path}?runtime=openvino")


@pytest.mark.usefixtures("openvino")
def test_glance() -> None:
    there, here = load_encoder("glance"), load_encoder("glance?runtime=openvino")
    batch = images(3, 120, 150)
    # In int8 the runtimes differ by whole steps of some sums: near, but not the same encoder.
    assert (here.embed(batch) * there.embed(batch)).sum(axis=1).min() > 0.99
    assert here.card.name == "glance?runtime=openvino"
    assert here.card.fingerprint != there.card.fingerprint
    assert here.fitted_pairs is not None
    with pytest.raises(UnknownEncoder, match="glance has no parts"):
        load_encoder("glance:small")


@pytest.mark.usefixtures("openvino")
def test_neither_runtime_writes_home_or_speaks(tmp_path: Path, model: Path) -> None:
    """Both makers' packages would leave an identity in the home folder and report over the network."""
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys\n"
        "sys.addaudithook(lambda event, _: event == 'socket.connect' and sys.exit('it speaks'))\n"
        "from lookalike.encoders import load_encoder\n"
        f"load_encoder({f'onnx:{model}'!r}), load_encoder({f'onnx:{model}?runtime=openvino'!r})\n"
        "assert 'openvino_telemetry' not in sys.modules\n"
    )
    clean = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment = {**clean, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    assert [path for path in home.rglob("*") if path.is_file()] == []
