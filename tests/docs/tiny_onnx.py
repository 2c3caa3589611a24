"""Writes a very small ONNX network, so that the pages about ONNX run without any download.

The network averages 32x32-pixel squares: ``pixel_values`` (n, 3, 224, 224) -> ``embedding`` (n, 147).
The bytes follow the field numbers of the ONNX project's ``onnx.proto3`` (Protocol Buffers: tagged fields).
"""

from __future__ import annotations

from pathlib import Path

DIM = 3 * 7 * 7


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _ints(name: str, values: list[int]) -> bytes:
    packed = b"".join(_varint(value) for value in values)
    return _bytes(1, name) + _bytes(8, packed) + _integer(20, 7)  # AttributeProto.name, .ints, .type = INTS


def _node(op: str, source: str, target: str, attributes: bytes = b"") -> bytes:
    return _bytes(1, source) + _bytes(2, target) + _bytes(4, op) + attributes


def _value(name: str, *dims: int | str) -> bytes:
    sizes = b"".join(_bytes(1, _bytes(2, d) if isinstance(d, str) else _integer(1, d)) for d in dims)
    tensor = _integer(1, 1) + _bytes(2, sizes)  # elem_type FLOAT, shape
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def write(path: Path) -> None:
    """Write the network to ``path``."""
    squares = _bytes(5, _ints("kernel_shape", [32, 32])) + _bytes(5, _ints("strides", [32, 32]))
    graph = (
        _bytes(1, _node("AveragePool", "pixel_values", "squares", squares))
        + _bytes(1, _node("Flatten", "squares", "embedding"))
        + _bytes(2, "tiny")
        + _bytes(11, _value("pixel_values", "n", 3, 224, 224))
        + _bytes(12, _value("embedding", "n", DIM))
    )
    opset = _bytes(1, "") + _integer(2, 17)
    path.write_bytes(_integer(1, 8) + _bytes(7, graph) + _bytes(8, opset))
