"""Smaller ONNX graphs: half-precision weights, and int8 for all or only for the stored weights."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lookalike.encoders.preprocess import to_network
from lookalike.encoders.torch_base import require
from lookalike.errors import LookalikeError, TrainingError
from lookalike.images import ImageLike, decode
from lookalike.training.export_graph import Exported

INT8_WAYS = ("int8", "int8 with weights of 8 bits", "int8 weights only")
"""Weights of 7 bits and activations, computed in int8, the same on every processor; weights of 8 bits, which networks with
depthwise convolutions need; only the stored weights, computed with in float32."""

_LEAST_NUMBERS = 64
"""A smaller tensor is left alone: it saves nothing and its precision may matter."""
_LARGEST_HALF = 65504.0
_PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def to_fp16(model: Any) -> Any:
    """A copy whose weights are stored as float16 and cast to float32 when the session starts.

    Inputs, outputs and arithmetic stay float32: half the file at the speed of the original on a CPU. Numbers too
    large for float16 stay as they are.
    """
    onnx = require("onnx", "torch", "export to ONNX")
    small = deepcopy(model)
    graph = small.graph
    casts = []
    for tensor in graph.initializer:
        values = _weights(onnx, tensor)
        if values is None or np.abs(values).max() > _LARGEST_HALF:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_fp16"))
        casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
    _in_front(graph, casts)
    return small


def to_int8(exported: Exported, target: Path, images: Sequence[ImageLike], way: str) -> str:
    """Write the graph in int8; what was done, in words: the way, with the reason where it is not the one asked for.

    Args:
        exported: the float32 graph.
        target: the file.
        images: what the ranges of activations are measured on.
        way: one of :data:`INT8_WAYS`.

    Raises:
        TrainingError: there are no images to measure ranges on.
    """
    if way == INT8_WAYS[2]:
        exported.save(target, weights_as_int8(exported.model))
        return way
    try:
        _quantize(exported, target, images, seven_bits=way == INT8_WAYS[0])
    except LookalikeError:
        raise
    except Exception as error:  # ONNX Runtime's quantiser raises what it likes: storing weights always works
        exported.save(target, weights_as_int8(exported.model))
        reason = " ".join(str(error).split())[:120]
        return f"{INT8_WAYS[2]} (ONNX Runtime cannot quantise this network: {type(error).__name__}: {reason})"
    return way


def weights_as_int8(model: Any) -> Any:
    """A copy whose larger weights are stored as int8 with one scale for each output, and computed with in float32.

    w is stored as round(w / s) with s = max |w| / 127 along the first axis (the second of a matrix that stands on the
    right of a product), so the error is at most s / 2 for each weight.
    """
    onnx = require("onnx", "torch", "export to ONNX")
    small = deepcopy(model)
    graph = small.graph
    on_the_right = {
        node.input[1] for node in graph.node if node.op_type == "MatMul" or _untransposed_gemm(node)
    }
    added = []
    for tensor in list(graph.initializer):  # scales are added to it below
        values = _weights(onnx, tensor)
        if values is None or values.ndim < 2:
            continue
        axis = 1 if tensor.name in on_the_right and values.ndim == 2 else 0
        others = tuple(i for i in range(values.ndim) if i != axis)
        scale = np.maximum(np.abs(values).max(axis=others, keepdims=True) / 127, np.finfo(np.float32).tiny)
        name = tensor.name
        stored = np.rint(values / scale).astype(np.int8)
        tensor.CopyFrom(onnx.numpy_helper.from_array(stored, f"{name}_int8"))
        graph.initializer.append(onnx.numpy_helper.from_array(scale.astype(np.float32), f"{name}_int8_scale"))
        make = onnx.helper.make_node
        added.append(make("Cast", [f"{name}_int8"], [f"{name}_int8_float"], to=onnx.TensorProto.FLOAT))
        added.append(make("Mul", [f"{name}_int8_float", f"{name}_int8_scale"], [name]))
    _in_front(graph, added)
    return small


def _quantize(exported: Exported, target: Path, images: Sequence[ImageLike], *, seven_bits: bool) -> None:
    """ONNX Runtime's static quantisation in the QDQ format, one scale for each channel of a weight.

    Where weights take 7 of the 8 bits, sums of two products fit 16 bits, and processors with and without instructions for
    int8 (VNNI) give the same numbers; with 8 bits those without may cut sums off. The end of the network stays in floats; see
    :func:`in_floats`.
    """
    quantization = require("onnxruntime.quantization", "torch", "int8")
    kinds = quantization.QuantType
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.ERROR)
        try:
            plain, ready = Path(folder) / "plain.onnx", Path(folder) / "ready.onnx"
            exported.save(plain)
            pre = require("onnxruntime.quantization.shape_inference", "torch", "int8")
            pre.quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
            quantization.quantize_static(
                str(ready),
                str(target),
                _reader(exported, images),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=seven_bits,
                nodes_to_exclude=in_floats(_named(require("onnx", "torch", "int8"), ready)),
                activation_type=kinds.QUInt8,
                weight_type=kinds.QInt8,
            )
        finally:
            logging.disable(before)


def in_floats(model: Any) -> list[str]:
    """Names of the nodes at the network's end that are not quantised.

    They are those on the way back from every output, through at most one product with stored weights, as far as a convolution,
    a second product or a node that joins two branches. They cost little, and where an embedding is the mean of a feature map
    it is so exactly only if both are computed from the same numbers without rounding in between.
    """
    maker = {output: node for node in model.graph.node for output in node.output}
    stored = {tensor.name for tensor in model.graph.initializer}
    found = []
    for output in model.graph.output:
        name, products = output.name, 0
        while name in maker:
            node = maker[name]
            computed = [source for source in node.input if source in maker]
            products += node.op_type in _PRODUCTS
            if len(computed) != 1 or products > 1 or node.op_type.startswith("Conv"):
                break
            if node.op_type in _PRODUCTS and not stored.intersection(node.input):
                break
            found.append(node.name)
            name = computed[0]
    return list(dict.fromkeys(found))


def _named(onnx: Any, path: Path) -> Any:
    """The graph in a file, every node with a name of its own: what is left in floats is told by name."""
    model = onnx.load(str(path))
    for number, node in enumerate(model.graph.node):
        node.name = f"{number}_{node.op_type}"
    onnx.save(model, str(path))
    return model


def _reader(exported: Exported, images: Sequence[ImageLike]) -> Any:
    """The calibration images one by one, as the network reads them."""
    calibrate = require("onnxruntime.quantization", "torch", "int8")
    name = exported.model.graph.input[0].name
    nhwc = exported.card["layout"] == "NHWC"
    if not len(images):
        raise TrainingError("export: int8 needs images to measure the ranges of activations on; give images")

    class Reader(calibrate.CalibrationDataReader):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            self.left = iter(images)

        def get_next(self) -> dict[str, Any] | None:
            image = next(self.left, None)
            if image is None:
                return None
            batch = to_network(decode(image), exported.encoder)[np.newaxis]
            return {name: np.ascontiguousarray(batch.transpose(0, 2, 3, 1)) if nhwc else batch}

    return Reader()


def _weights(onnx: Any, tensor: Any) -> Any:
    """The values of a float32 initializer that is large enough, else None."""
    if tensor.data_type != onnx.TensorProto.FLOAT:
        return None
    values = onnx.numpy_helper.to_array(tensor)
    return values if values.size >= _LEAST_NUMBERS else None


def _in_front(graph: Any, nodes: list[Any]) -> None:
    """Nodes before all others. What they give was an initializer, and old files also list those as inputs."""
    made = {output for node in nodes for output in node.output}
    inputs = [value for value in graph.input if value.name not in made]
    infos = [value for value in graph.value_info if value.name not in made]
    rest = list(graph.node)
    for field, values in ((graph.input, inputs), (graph.value_info, infos), (graph.node, [*nodes, *rest])):
        del field[:]
        field.extend(values)


def _untransposed_gemm(node: Any) -> bool:
    return node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute)
