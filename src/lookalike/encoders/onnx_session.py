"""ONNX Runtime sessions: providers chosen and checked, threads set, faults told in one line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.onnx_card import Graph, Tensor
from lookalike.errors import EncoderCardError, InvalidArgument, WeightsNotFound, printable

if TYPE_CHECKING:
    from lookalike.encoders.registry import EncoderOptions

CPU = "CPUExecutionProvider"
_FOR_DEVICE = {"cpu": CPU, "cuda": "CUDAExecutionProvider", "mps": "CoreMLExecutionProvider"}
FLOATS: dict[str, type[np.floating[Any]]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_SILENT = 4  # ONNX Runtime's severity "fatal": faults reach people as exceptions, not on stderr


def import_onnxruntime() -> Any:
    """The module ``onnxruntime``, imported so that it sends nothing to anybody.

    From 1.31 on it would keep an identity in the home folder and report to its makers unless this variable is set
    before it is first imported; whoever sets ``ORT_DISABLE_TELEMETRY`` themselves has the last word.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def choose_providers(options: EncoderOptions, available: list[str]) -> list[str]:
    """Execution providers in order of preference.

    ``options.providers`` as given; else what ``options.device`` names; ``auto`` takes CUDA where it is there.

    Raises:
        InvalidArgument: a provider or device that this ONNX Runtime does not have.
    """
    usable = [name for name in available if name != "AzureExecutionProvider"]  # sends images to a web service
    if options.providers:
        for name in options.providers:
            if name not in available:
                raise InvalidArgument(
                    f"ONNX Runtime here has no provider {name!r}; it has: {', '.join(usable)}"
                )
        return list(options.providers)
    if options.device == "auto":
        cuda = _FOR_DEVICE["cuda"]
        return [cuda, CPU] if cuda in available else [CPU]
    if options.device not in _FOR_DEVICE:
        raise InvalidArgument(f"device must be auto, {', '.join(_FOR_DEVICE)}, got {options.device!r}")
    wanted = _FOR_DEVICE[options.device]
    if wanted not in available:
        raise InvalidArgument(
            f"device {options.device} needs ONNX Runtime's {wanted}, this one has: {', '.join(usable)}; "
            f"for CUDA install onnxruntime-gpu instead of onnxruntime, or use device cpu"
        )
    return [wanted] if wanted == CPU else [wanted, CPU]


class Session:
    """One loaded network with one image input.

    On the CPU a call uses one core, and several threads may call :meth:`run` at once: measured faster than
    one call on all cores, and each image's numbers do not depend on the others.

    Raises:
        WeightsNotFound: there is no such file, or ONNX Runtime cannot load it.
        EncoderCardError: the graph does not take one batch of RGB images.
    """

    def __init__(self, model: Path, options: EncoderOptions) -> None:
        onnxruntime = import_onnxruntime()
        refuse_no_file(model)
        onnxruntime.set_default_logger_severity(_SILENT)
        providers = choose_providers(options, onnxruntime.get_available_providers())
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = _SILENT
        settings.intra_op_num_threads = 1
        settings.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(model), settings, providers=providers)
        except Exception as error:  # ONNX Runtime's exceptions share no class below Exception
            raise WeightsNotFound(
                f"{printable(str(model))}: ONNX Runtime cannot load it: {first_line(error)}"
            ) from error
        self.provider: str = self._session.get_providers()[0]
        chosen_by_hand = bool(options.providers) or options.device != "auto"
        if chosen_by_hand and self.provider != providers[0]:
            raise InvalidArgument(
                f"ONNX Runtime has {providers[0]} but could not start it (it fell back to {self.provider}): "
                "its driver or libraries are missing; use device cpu"
            )
        self.graph = image_graph(
            model,
            [_tensor(item) for item in self._session.get_inputs()],
            [_tensor(item) for item in self._session.get_outputs()],
        )
        self._float = FLOATS[self.graph.input.type]

    rounds_apart = False

    @property
    def on_cpu(self) -> bool:
        """True when the network runs on this machine's processor cores."""
        return self.provider == CPU

    @property
    def any_batch(self) -> bool:
        """False when the graph was exported for one image at a time."""
        return self.graph.input.shape[0] is None

    def run(self, batch: NDArray[np.float32], output: str) -> NDArray[np.float32]:
        """One output for float32 (n, ...) as the graph's input is laid out."""
        inputs = {self.graph.input.name: batch.astype(self._float, copy=False)}
        return np.asarray(self._session.run([output], inputs)[0], dtype=np.float32)


class Runtime(Protocol):
    """What runs an ONNX network: :class:`Session` here, or :class:`lookalike.encoders.onnx_openvino.OpenVinoSession`."""

    graph: Graph

    @property
    def on_cpu(self) -> bool:
        """True when the network runs on this machine's processor cores."""

    @property
    def any_batch(self) -> bool:
        """False when the graph was exported for one image at a time."""

    @property
    def rounds_apart(self) -> bool:
        """True when its numbers differ from ONNX Runtime's by more than the last bits, so that they are another encoder's."""

    def run(self, batch: NDArray[np.float32], output: str) -> NDArray[np.float32]:
        """One output for float32 (n, ...) as the graph's input is laid out; callable from several threads."""


def refuse_no_file(model: Path) -> None:
    """Raise WeightsNotFound unless there is a file."""
    if not model.is_file():
        kind = "a folder, not an ONNX file" if model.is_dir() else "no such ONNX file"
        raise WeightsNotFound(
            f"{printable(str(model))}: {kind}; write onnx:PATH with the path of a .onnx file"
        )


def image_graph(model: Path, inputs: list[Tensor], outputs: list[Tensor]) -> Graph:
    """The graph of those tensors, types as ONNX Runtime writes them (``tensor(float)``).

    Raises:
        EncoderCardError: it does not take one batch of RGB images.
    """
    where = printable(str(model))
    listed = ", ".join(f"{item} of {item.type}" for item in inputs)
    if len(inputs) != 1:
        raise EncoderCardError(
            f"{where}: an encoder has one input, the images; this graph has {len(inputs)}: {listed}"
        )
    image = inputs[0]
    if len(image.shape) != 4 or image.type not in FLOATS:
        raise EncoderCardError(
            f"{where}: the input must be float images (n, 3, h, w) or (n, h, w, 3), it is {listed}"
        )
    if image.shape[0] not in (None, 1):
        raise EncoderCardError(
            f"{where}: the graph takes exactly {image.shape[0]} images at a time; "
            "export it with a batch of 1 or of any size"
        )
    if 3 not in (image.shape[1], image.shape[3]) and None not in (image.shape[1], image.shape[3]):
        raise EncoderCardError(f"{where}: the input must have 3 channels (RGB), it is {listed}")
    return Graph(image, tuple(outputs))


def _tensor(item: Any) -> Tensor:
    return Tensor(
        item.name, tuple(n if isinstance(n, int) and n > 0 else None for n in item.shape), item.type
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's message, shortened, for a message of one line."""
    lines = str(error).strip().splitlines()
    return printable(lines[0][:300]) if lines else type(error).__name__
