"""Small random ONNX networks for tests, written as protocol buffers (field numbers of onnx.proto)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FLOAT, INT64 = 1, 7


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _integers(name: str, values: list[int]) -> bytes:
    return _part(1, name) + b"".join(_number(8, v) for v in values) + _number(20, 7)


def _node(kind: str, inputs: list[str], output: str, **attributes: list[int]) -> bytes:
    body = b"".join(_part(1, name) for name in inputs) + _part(2, output) + _part(4, kind)
    return _part(1, body + b"".join(_part(5, _integers(k, v)) for k, v in attributes.items()))


def _value(field: int, name: str, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(_part(1, _part(2, n) if isinstance(n, str) else _number(1, n)) for n in shape)
    return _part(field, _part(1, name) + _part(2, _part(1, _number(1, FLOAT) + _part(2, dims))))


def _weights(name: str, values: np.ndarray, file: Path | None) -> bytes:
    head = b"".join(_number(1, n) for n in values.shape) + _number(2, FLOAT) + _part(8, name)
    data = values.astype("<f4").tobytes()
    if file is None:
        return _part(5, head + _part(9, data))
    file.write_bytes(data)
    entries = {"location": file.name, "offset": "0", "length": str(len(data))}
    outside = b"".join(_part(13, _part(1, k) + _part(2, v)) for k, v in entries.items())
    return _part(5, head + outside + _number(14, 1))


def write_network(
    path: Path,
    *,
    dim: int = 8,
    size: tuple[int | str, int | str] = ("h", "w"),
    batch: int | str = "n",
    layout: str = "NCHW",
    external: bool = False,
    inputs: int = 1,
    channels: int = 3,
    seed: int = 0,
) -> Path:
    """A convolution (4x4, stride 4) and ReLU -> ``map``; its average -> ``vector``.

    The map is (n, dim, h/4, w/4) for NCHW, the vector (n, dim). ``inputs=2`` adds an input that an encoder
    must not have.
    """
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(dim, channels, 4, 4)).astype(np.float32)
    nodes = b""
    source = "pixels"
    shape: tuple[int | str, ...] = (batch, channels, *size)
    if layout == "NHWC":
        nodes += _node("Transpose", ["pixels"], "first", perm=[0, 3, 1, 2])
        source, shape = "first", (batch, *size, channels)
    nodes += _node("Conv", [source, "kernel"], "raw", kernel_shape=[4, 4], strides=[4, 4])
    if layout == "NHWC":
        nodes += _node("Relu", ["raw"], "inner") + _node("Transpose", ["inner"], "map", perm=[0, 2, 3, 1])
    else:
        nodes += _node("Relu", ["raw"], "map")
    nodes += _node("GlobalAveragePool", ["inner" if layout == "NHWC" else "map"], "pooled")
    nodes += _node("Flatten", ["pooled"], "vector")
    graph = nodes + _part(2, "small")
    graph += _weights("kernel", kernel, path.with_name(path.name + ".data") if external else None)
    graph += _value(11, "pixels", shape)
    graph += b"".join(_value(11, f"more{i}", ("n", 1)) for i in range(inputs - 1))
    graph += _value(12, "vector", (batch, dim))
    graph += _value(12, "map", (batch, "d1", "d2", "d3"))
    path.write_bytes(_number(1, 8) + _part(7, graph) + _part(8, _part(1, "") + _number(2, 17)))
    return path


def write_card(model: Path, **changes: Any) -> Path:
    """A right card for :func:`write_network` beside the model; a value of None leaves a key out."""
    card: dict[str, Any] = {
        "size": [32, 24],
        "mean": [0.4, 0.5, 0.6],
        "std": [0.2, 0.25, 0.3],
        "outputs": {"embedding": "vector", "feature_map": "map"},
    }
    card.update(changes)
    place = model.with_name(model.name + ".json")
    place.write_text(json.dumps({k: v for k, v in card.items() if v is not None}))
    return place
