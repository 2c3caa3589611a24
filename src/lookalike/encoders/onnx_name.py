"""What may stand behind ``?`` in ``onnx:PATH?runtime=openvino&precision=bf16``: who runs the network, and with which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lookalike.encoders.network_options import one_of, split_options
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import InvalidArgument, printable

RUNTIMES = ("onnxruntime", "openvino")
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class RuntimeChoice:
    """Who runs an ONNX network.

    Attributes:
        runtime: one of ``RUNTIMES``.
        precision: one of ``PRECISIONS``; ONNX Runtime computes in fp32 whatever was asked.
    """

    runtime: str = "onnxruntime"
    precision: str = "fp32"

    @property
    def suffix(self) -> str:
        """How the choice is written behind the name of an encoder; '' for ONNX Runtime."""
        if self.runtime == "onnxruntime":
            return ""
        return f"?runtime={self.runtime}" + (
            "" if self.precision == "fp32" else f"&precision={self.precision}"
        )


def split_runtime(argument: str, options: EncoderOptions) -> tuple[str, RuntimeChoice]:
    """``PATH?runtime=openvino&precision=bf16`` -> path and choice; ``options.precision`` counts where the name is silent.

    A file whose own name holds the ``?`` is taken as it is.

    Raises:
        InvalidArgument: an option or value that is not known, or bf16 without OpenVINO.
    """
    if "?" not in argument or Path(argument).expanduser().is_file():
        return argument, RuntimeChoice()
    path, given = split_options(argument)
    runtime = one_of("runtime", given.pop("runtime", "onnxruntime"), RUNTIMES)
    silent = options.precision if runtime == "openvino" else "fp32"
    precision = one_of("precision", given.pop("precision", silent), PRECISIONS)
    if given:
        raise InvalidArgument(
            f"encoder {printable(path)} does not understand the option {printable(next(iter(given)))!r}; known: "
            "runtime, precision"
        )
    if precision == "bf16" and runtime != "openvino":
        raise InvalidArgument(
            f"encoder {printable(path)}: ONNX Runtime computes in fp32 here; for bf16 write "
            f"{printable(path)}?runtime=openvino&precision=bf16"
        )
    return path, RuntimeChoice(runtime, precision)
