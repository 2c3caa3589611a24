"""OpenVINO as the runtime of ONNX networks: quicker on Intel and AMD processors, and able to compute in bf16.

A session offers what :class:`lookalike.encoders.onnx_session.Session` does, and keeps the same promise: an image goes
through the network by itself, on one core, so that no batch and no other thread can change its numbers.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.onnx_card import Tensor
from lookalike.encoders.onnx_session import FLOATS, first_line, image_graph, refuse_no_file
from lookalike.encoders.onnx_weights import external_data
from lookalike.encoders.parallel import check_threads
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import InvalidArgument, WeightsNotFound, printable
from lookalike.extras import import_extra

_HINTS = {"fp32": "f32", "bf16": "bf16"}
_TYPES = {"f32": "tensor(float)", "f16": "tensor(float16)"}
_TELEMETRY = "openvino_telemetry"
_importing = threading.Lock()


def import_openvino() -> Any:
    """The module ``openvino``, imported so that it sends nothing to anybody.

    Its import alone would write an identity into the home folder and report itself over the network, unless its
    telemetry package cannot be imported; it then uses a silent stand-in of its own.

    Raises:
        MissingDependency: the extra ``openvino`` is not installed.
    """
    with _importing:
        had, before = _TELEMETRY in sys.modules, sys.modules.get(_TELEMETRY)
        if before is None:
            sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # Python's own way to say: not importable
        try:
            return import_extra("openvino", "openvino", "runtime=openvino")
        finally:
            if not had:
                sys.modules.pop(_TELEMETRY, None)


class OpenVinoSession:
    """One loaded network with one image input, run by OpenVINO on the processor.

    Args:
        model: the ONNX file; its external data must lie in its folder.
        options: ``threads`` says how many images may be under way at once; ``device`` must be ``auto`` or ``cpu``.
        precision: ``fp32`` or ``bf16``.

    Raises:
        MissingDependency: the extra ``openvino`` is not installed.
        WeightsNotFound: there is no such file, or OpenVINO cannot load it.
        EncoderCardError: the graph does not take one batch of RGB images.
        InvalidArgument: another device, ONNX Runtime's providers, or bf16 on a processor that has none.
    """

    on_cpu = True

    def __init__(self, model: Path, options: EncoderOptions, precision: str) -> None:
        openvino = import_openvino()
        if options.device not in ("auto", "cpu") or options.providers:
            asked = f"device {options.device}" if not options.providers else "providers"
            raise InvalidArgument(f"runtime=openvino runs on the processor: leave {asked} out")
        refuse_no_file(model)
        _refuse_outside(model)
        self._core = openvino.Core()
        if precision == "bf16":
            refuse_without_bf16(self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        self._threads = check_threads(options.threads)
        self._settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "NUM_STREAMS": self._threads,
            "INFERENCE_NUM_THREADS": self._threads,
            "ENABLE_CPU_PINNING": False,  # other threads decode at the same time
        }
        try:
            self._model = self._core.read_model(str(model))
        except Exception as error:  # OpenVINO raises RuntimeError and others
            raise WeightsNotFound(
                f"{printable(str(model))}: OpenVINO cannot load it: {_reason(error)}"
            ) from error
        self.graph = image_graph(model, _tensors(self._model.inputs), _tensors(self._model.outputs))
        self._float = FLOATS[self.graph.input.type]
        self._shape: tuple[int, ...] | None = None
        self._requests: queue.LifoQueue[Any] = queue.LifoQueue()
        self._compiling = threading.Lock()

    @property
    def any_batch(self) -> bool:
        """False when the graph was exported for one image at a time."""
        return self.graph.input.shape[0] is None

    @property
    def rounds_apart(self) -> bool:
        """True of bf16, and of an int8 graph: where a number is rounded to 8 bits, the last bit of a sum decides a step."""
        quantised = any(node.get_type_name() == "FakeQuantize" for node in self._model.get_ops())
        return quantised or self._settings["INFERENCE_PRECISION_HINT"] != _HINTS["fp32"]

    def run(self, batch: NDArray[np.float32], output: str) -> NDArray[np.float32]:
        """One output for float32 (n, ...) as the graph's input is laid out; another shape than before compiles anew."""
        with self._compiling:
            if batch.shape != self._shape:
                self._compile(batch.shape)
            requests = self._requests
        with _borrowed(requests) as request:
            request.infer([batch.astype(self._float, copy=False)], share_inputs=True, share_outputs=True)
            return np.array(request.get_tensor(output).data, dtype=np.float32)

    def _compile(self, shape: tuple[int, ...]) -> None:
        """Make the network for inputs of exactly this shape: quicker than one for any."""
        self._model.reshape(list(shape))
        compiled = self._core.compile_model(self._model, "CPU", self._settings)
        self._requests = queue.LifoQueue()
        for _ in range(self._threads):
            self._requests.put(compiled.create_infer_request())
        self._shape = shape


def refuse_without_bf16(capabilities: list[str]) -> None:
    """Raise InvalidArgument unless ``BF16`` is among what OpenVINO says the processor can do.

    Without the instructions bf16 would be slower than fp32, or silently be fp32.
    """
    if "BF16" not in capabilities:
        raise InvalidArgument(
            "this processor has no bf16 instructions (AVX-512 BF16 or AMX); use precision=fp32, or leave it out"
        )


@contextmanager
def _borrowed(requests: queue.LifoQueue[Any]) -> Iterator[Any]:
    """One of the requests, waited for when all are busy; the one used last is the one whose memory is warm."""
    request = requests.get()
    try:
        yield request
    finally:
        requests.put(request)


def _refuse_outside(model: Path) -> None:
    """External data outside the model's folder is refused, as ONNX Runtime does: a model must not read other files."""
    folder = model.parent.resolve()
    for name in external_data(model):
        if not (folder / name).resolve().is_relative_to(folder):
            raise WeightsNotFound(
                f"{printable(str(model))}: its external data {printable(name)} lies outside the model's folder; "
                "put it beside the model and export again"
            )


def _tensors(ports: list[Any]) -> list[Tensor]:
    return [_tensor(port) for port in ports]


def _tensor(port: Any) -> Tensor:
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        sides: tuple[int | None, ...] = ()
    else:
        sides = tuple(None if side.is_dynamic else side.get_length() for side in shape)
    kind = port.get_element_type().to_string() if hasattr(port.get_element_type(), "to_string") else ""
    return Tensor(port.get_any_name(), sides, _TYPES.get(kind, kind))


def _reason(error: BaseException) -> str:
    """The last line of OpenVINO's message that says something: the first ones are places in its sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[-1][:300]) if lines else first_line(error)
