"""An encoder as an ONNX graph in float32: a PyTorch network traced, or a head joined to an ONNX network."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lookalike.encoders.base import Encoder, EncoderCard
from lookalike.encoders.onnx import BatchedOnnxEncoder, OnnxEncoder
from lookalike.encoders.torch_base import TorchEncoder, require
from lookalike.encoders.trained import TrainedHeadEncoder
from lookalike.errors import TrainingError, printable

PIXELS, EMBEDDING, FEATURE_MAP = "pixels", "embedding", "feature_map"
OPSET = 18
JOINED = "lookalike_head"
"""Beginning of the names of what is added to an ONNX graph."""


@dataclass(frozen=True)
class Exported:
    """A graph and its card.

    Attributes:
        model: ``onnx.ModelProto``, all tensors inside.
        card: the JSON document for the file beside it.
        encoder: card of the encoder that it computes.
    """

    model: Any
    card: dict[str, Any]
    encoder: EncoderCard

    @property
    def opset(self) -> int:
        """Version of ONNX's operators."""
        return next(int(one.version) for one in self.model.opset_import if one.domain in ("", "ai.onnx"))

    def save(self, path: Path, model: Any = None) -> None:
        """Write ``model`` (None: this one) as one file.

        Raises:
            TrainingError: larger than a protocol buffer may be (2 GB).
        """
        onnx = require("onnx", "torch", "export to ONNX")
        try:
            onnx.save(_without_traces(model if model is not None else self.model), str(path))
        except ValueError as error:
            raise TrainingError(
                f"export: the network does not fit in one ONNX file ({error}); use fp16"
            ) from None


def build_graph(encoder: Encoder) -> Exported:
    """The encoder as a graph; its embedding is not yet of unit length (the card says that it shall be).

    Raises:
        TrainingError: there is no network in it, or it cannot be traced.
        MissingDependency: onnx or onnxscript is not installed.
    """
    require("onnx", "torch", "export to ONNX")
    if isinstance(encoder, TorchEncoder):
        return _from_torch(encoder)
    if isinstance(encoder, OnnxEncoder | BatchedOnnxEncoder):
        return _from_onnx(encoder)
    if isinstance(encoder, TrainedHeadEncoder):
        if isinstance(encoder.base, OnnxEncoder | BatchedOnnxEncoder):
            return _with_head(encoder, _from_onnx(encoder.base), encoder.base)
        raise TrainingError(
            f"{printable(encoder.card.name)} is a head on {encoder.base.card.name}, which is no network, so there is "
            "nothing to export; use the run folder itself, which needs no PyTorch either"
        )
    raise TrainingError(
        f"{printable(encoder.card.name)} cannot be exported to ONNX: only runs and networks of PyTorch or ONNX can"
    )


def make_card(encoder: EncoderCard, outputs: dict[str, str], layout: str = "NCHW") -> dict[str, Any]:
    """The JSON document that :mod:`lookalike.encoders.onnx_card` reads."""
    how = encoder.preprocessing
    return {
        "name": encoder.title or encoder.name,
        "size": list(encoder.input_size),
        "mean": list(how.mean),
        "std": list(how.std),
        "resize": how.resize,
        "interpolation": how.interpolation,
        "antialias": how.antialias,
        "crop_fraction": how.crop_fraction,
        "outputs": outputs,
        "layout": layout,
        "normalize": encoder.normalized,
        "licence": encoder.licence,
        "source": encoder.source,
        "training_data": encoder.training_data,
    }


def _from_torch(encoder: TorchEncoder) -> Exported:
    torch = require("torch", "torch", "export to ONNX")
    require("onnxscript", "torch", "export to ONNX")
    with_map = encoder.card.feature_map is not None

    class Network(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = encoder.module

        def forward(self, pixels: Any) -> Any:
            vectors = encoder._forward(pixels)
            return (vectors, encoder._spatial(pixels).permute(0, 3, 1, 2)) if with_map else vectors

    names = [EMBEDDING, FEATURE_MAP] if with_map else [EMBEDDING]
    height, width = encoder.card.input_size
    example = torch.zeros(2, 3, height, width, device=encoder.device)
    try:
        model = _trace(torch, Network().eval(), example, names)
    except Exception as error:  # the tracer's exceptions share no class below Exception
        why = printable(" ".join(str(error).split()))[:200]
        raise TrainingError(
            f"{printable(encoder.card.name)}: PyTorch cannot trace this network: {why}"
        ) from error
    return Exported(model, make_card(encoder.card, {name: name for name in names}), encoder.card)


def _trace(torch: Any, network: Any, example: Any, names: Sequence[str]) -> Any:
    """A graph for any number of images; for one at a time where the network does not allow that."""
    onnx = require("onnx", "torch", "export to ONNX")
    with TemporaryDirectory() as folder, _quiet(), torch.no_grad():
        path = str(Path(folder) / "network.onnx")
        common = {
            "dynamo": True, "input_names": [PIXELS], "output_names": list(names), "opset_version": OPSET,
            "external_data": False, "verbose": False,
        }  # fmt: skip
        try:
            shapes = ({0: torch.export.Dim("n")},)
            torch.onnx.export(network, (example,), path, dynamic_shapes=shapes, **common)
        except Exception:  # said again below where one image at a time fails too
            torch.onnx.export(network, (example[:1],), path, **common)
        return onnx.load(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """The tracer warns, logs and prints about itself."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _from_onnx(encoder: OnnxEncoder | BatchedOnnxEncoder) -> Exported:
    onnx = require("onnx", "torch", "export to ONNX")
    card = encoder.network.card
    model = onnx.load(encoder.card.name.removeprefix("onnx:"))
    outputs = {"embedding": card.embedding}
    if card.feature_map is not None:
        outputs["feature_map"] = card.feature_map
    document = make_card(encoder.card, outputs, card.layout)
    if card.pooling is not None:
        document["pooling"] = card.pooling
    return Exported(model, document, encoder.card)


def _with_head(
    encoder: TrainedHeadEncoder, base: Exported, network: OnnxEncoder | BatchedOnnxEncoder
) -> Exported:
    """The base's graph with pooling, normalisation and the head behind its embedding."""
    onnx = require("onnx", "torch", "export to ONNX")
    model = deepcopy(base.model)
    old = base.card["outputs"]["embedding"]
    joiner = _Joiner(onnx, model, base.opset)
    value = next(output for output in model.graph.output if output.name == old)
    x = old
    if value.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        x = joiner.add("Cast", [x], to=onnx.TensorProto.FLOAT)
    rank = len(value.type.tensor_type.shape.dim)
    x = _pooled(joiner, x, rank, base.card)
    if network.card.normalized or encoder.run.card.features != "raw":
        x = joiner.add("LpNormalization", [x], axis=1, p=2)
    if encoder.run.card.features == "centred":
        x = joiner.add("Sub", [x, joiner.mean(x, [1], keep=True)])
    y = x
    for number, (weight, bias) in enumerate(encoder.head.layers):
        if number:
            y = joiner.add("Relu", [y])
        y = joiner.add("Gemm", [y, joiner.constant(weight), joiner.constant(bias)], transB=1)
    if encoder.head.residual:
        y = joiner.add("Add", [y, x])
    joiner.finish(old, y, encoder.card.dim)
    outputs = {**base.card["outputs"], "embedding": joiner.output}
    return Exported(model, make_card(encoder.card, outputs, base.card["layout"]), encoder.card)


def _pooled(joiner: _Joiner, x: str, rank: int, card: dict[str, Any]) -> str:
    """The embedding output as (n, d), as :class:`~lookalike.encoders.onnx.OnnxNetwork` makes it."""
    pooling = card.get("pooling")
    if pooling == "cls" and rank == 3:
        return joiner.add("Gather", [x, joiner.constant(np.array(0, dtype=np.int64))], axis=1)
    if pooling == "mean" and rank == 3:
        return joiner.mean(x, [1])
    if pooling == "mean" and rank == 4:
        return joiner.mean(x, [2, 3] if card["layout"] == "NCHW" else [1, 2])
    return joiner.add("Flatten", [x], axis=1)


class _Joiner:
    """Adds nodes at the end of a graph."""

    def __init__(self, onnx: Any, model: Any, opset: int) -> None:
        self.onnx = onnx
        self.model = model
        self.opset = opset
        self.output = f"{JOINED}_embedding"
        self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"{JOINED}_{self._count}"

    def add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = self._name()
        node = self.onnx.helper.make_node(kind, inputs, [name], name=f"{name}_{kind}", **attributes)
        self.model.graph.node.append(node)
        return name

    def constant(self, values: Any) -> str:
        name = self._name()
        self.model.graph.initializer.append(self.onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def mean(self, x: str, axes: list[int], *, keep: bool = False) -> str:
        """ReduceMean; from opset 18 on its axes are an input."""
        if self.opset >= 18:
            return self.add("ReduceMean", [x, self.constant(np.array(axes, np.int64))], keepdims=int(keep))
        return self.add("ReduceMean", [x], axes=axes, keepdims=int(keep))

    def finish(self, old: str, new: str, dim: int) -> None:
        """The new output takes the old embedding's place among the outputs."""
        graph = self.model.graph
        graph.node.append(self.onnx.helper.make_node("Identity", [new], [self.output], name=f"{JOINED}_end"))
        batch = next(value for value in graph.output if value.name == old).type.tensor_type.shape.dim[0]
        value = self.onnx.helper.make_tensor_value_info(
            self.output, self.onnx.TensorProto.FLOAT, [batch.dim_param or batch.dim_value or "n", dim]
        )
        kept = [output for output in graph.output if output.name != old]
        del graph.output[:]
        graph.output.extend([value, *kept])


def _without_traces(model: Any) -> Any:
    """The model without notes on its nodes: PyTorch writes stack traces there, with this machine's folders."""
    for graph in (model.graph, *model.functions):
        for node in graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
    del model.graph.metadata_props[:]
    return model
