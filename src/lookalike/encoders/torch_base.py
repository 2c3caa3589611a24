"""Encoders that run a PyTorch network: device, precision, batches and feature maps."""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard
from lookalike.encoders.preprocess import to_network
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import EncoderError, InvalidArgument, MissingDependency, NoSuchOutput

ACCELERATOR_BATCH = 32
"""Images of one network call on CUDA and MPS; a shorter batch is filled up with zeros."""


class TorchEncoder(Encoder):
    """A PyTorch network as an encoder.

    The same image gets the same numbers in a batch of 1 and of 1,000, because the network always sees one
    shape: single images on the CPU (oneDNN picks other kernels for other batch sizes, which changes the last
    bits; on two cores single images are as fast as batches, MobileNetV2 even twice as fast), and batches
    filled up to :data:`ACCELERATOR_BATCH` on CUDA and MPS. On the CPU that makes float32 results bitwise
    equal.

    Subclasses override :meth:`_forward` and :meth:`_spatial`; used directly, the module's own output is the
    embedding.

    Args:
        module: the network; float32 (b, 3, h, w) in, (b, d) out. It is put in eval mode and on the device.
        card: what is known about it. An empty ``sha256`` is replaced by a hash of the module's parameters.
        options: device, precision and threads.

    Raises:
        InvalidArgument: the device or precision is unknown, or does not exist on this machine.
    """

    def __init__(self, module: Any, card: EncoderCard, options: EncoderOptions | None = None) -> None:
        options = options or EncoderOptions()
        self.torch = require("torch", "torch", f"encoder {card.name}")
        self.device = choose_device(options.device)
        self.precision = check_precision(options.precision, self.device)
        if options.threads is not None and options.threads < 1:
            raise InvalidArgument(f"threads must be at least 1, got {options.threads}")
        self.threads = options.threads
        if not card.sha256:
            card = replace(card, sha256=parameters_sha256(module))
        if self.precision != "fp32":
            card = replace(card, details={**card.details, "precision": self.precision})
        self.card = card
        self.module = module.eval().requires_grad_(False).to(self.device)

    def _forward(self, batch: Any) -> Any:
        """Tensor (b, 3, h, w) -> embeddings (b, d)."""
        return self.module(batch)

    def _spatial(self, batch: Any) -> Any:  # noqa: ARG002 - the shape of what subclasses override
        """Tensor (b, 3, h, w) -> local features (b, h', w', d)."""
        raise NoSuchOutput(f"encoder {self.card.name} has no feature map")

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self._each(pixels, self._prepare, self._forward)

    def _feature_map(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self._each(pixels, self._prepare, self._spatial)

    def _prepare(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return to_network(pixels, self.card)

    def _each(
        self,
        items: Sequence[Any],
        prepare: Callable[[Any], NDArray[Any]],
        network: Callable[[Any], Any],
    ) -> NDArray[np.float32]:
        """``network`` over all items in batches of one fixed shape; float32 (n, ...) in the order given."""
        size = 1 if self.device == "cpu" else ACCELERATOR_BATCH
        results = []
        with running(self.device, self.precision, self.threads):
            for start in range(0, len(items), size):
                part = [prepare(item) for item in items[start : start + size]]
                batch = np.zeros((size, *part[0].shape), dtype=part[0].dtype)
                np.stack(part, out=batch[: len(part)])
                output = network(self.torch.from_numpy(batch).to(self.device))
                results.append(output[: len(part)].float().cpu().numpy())
        return np.concatenate(results)

    def _measure(self) -> None:
        """Complete the card (``dim``, ``feature_map``) by running one black image."""
        black = np.zeros((3, *self.card.input_size), dtype=np.float32)
        vector = self._each([black], _itself, self._forward)
        try:
            local: tuple[int, ...] | None = self._each([black], _itself, self._spatial).shape[1:]
        except NoSuchOutput:
            local = None
        if vector.ndim != 2:
            raise EncoderError(
                f"encoder {self.card.name}: the network gives {vector.shape[1:]} for an image, not a vector"
            )
        shape = (local[0], local[1], local[2]) if local is not None else None
        self.card = replace(self.card, dim=vector.shape[1], feature_map=shape)


def _itself(item: NDArray[Any]) -> NDArray[Any]:
    return item


def require(package: str, extra: str, purpose: str) -> Any:
    """Import an optional package; what it warns about while loading is not the user's business.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(package)
    except ImportError as error:
        # A package may be there while one that it needs itself is not: name that one.
        missing = (error.name or package).partition(".")[0]
        raise MissingDependency(missing, extra, purpose) from None


def choose_device(wanted: str) -> str:
    """``auto`` -> ``cuda``, else ``mps``, else ``cpu``; ``cuda:1`` is understood.

    Raises:
        InvalidArgument: unknown, or not on this machine.
    """
    torch = require("torch", "torch", "choosing a device")
    here = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available, "cpu": lambda: True}
    if wanted == "auto":
        return next(name for name in here if here[name]())
    kind, _, number = wanted.partition(":")
    if kind not in here or (number and (kind != "cuda" or not number.isdigit())):
        raise InvalidArgument(f"device {wanted!r} is unknown; choose auto, cpu, cuda, cuda:N or mps")
    if not here[kind]():
        raise InvalidArgument(f"device {wanted!r} is not available on this machine; use --device cpu")
    if number and int(number) >= torch.cuda.device_count():
        raise InvalidArgument(
            f"device {wanted!r}: this machine has {torch.cuda.device_count()} CUDA device(s)"
        )
    return wanted


def check_precision(precision: str, device: str) -> str:
    """The precision, if the device can do it.

    Raises:
        InvalidArgument: neither ``fp32`` nor ``bf16``, or bf16 is not supported there.
    """
    if precision not in ("fp32", "bf16"):
        raise InvalidArgument(f"precision {precision!r} is unknown; choose fp32 or bf16")
    if precision == "bf16" and not has_bf16(device):
        raise InvalidArgument(f"device {device!r} cannot compute in bf16; use --precision fp32")
    return precision


def has_bf16(device: str) -> bool:
    """Whether a device computes in bf16 itself: yes on every CPU, on CUDA and others where the hardware has it."""
    torch = require("torch", "torch", "bf16")
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":
        return True
    try:
        with torch.autocast(device, dtype=torch.bfloat16), warnings.catch_warnings():
            warnings.simplefilter("error")
            torch.ones(2, 2, device=device) @ torch.ones(2, 2, device=device)
    except (RuntimeError, TypeError, UserWarning):
        return False
    return True


@contextmanager
def running(device: str, precision: str, threads: int | None = None) -> Iterator[None]:
    """Inference mode, autocast for bf16, true float32 and fixed algorithms on CUDA; all undone afterwards."""
    torch = require("torch", "torch", "running a network")
    kind = device.partition(":")[0]
    with ExitStack() as stack:
        if threads is not None:
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        stack.enter_context(torch.inference_mode())
        if kind == "cuda":
            # cuDNN's default TF32 keeps 10 bits: the same image would differ visibly between CPU and GPU.
            stack.enter_context(
                torch.backends.cudnn.flags(
                    enabled=True, benchmark=False, deterministic=True, allow_tf32=False
                )
            )
        if precision == "bf16":
            stack.enter_context(torch.autocast(kind, dtype=torch.bfloat16))
        yield


def parameters_sha256(module: Any) -> str:
    """SHA-256 (hex) of a module's parameters and buffers: names, shapes and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        values = tensor.detach().cpu().float().contiguous().numpy()
        digest.update(f"{name}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def tokens_to_grid(tokens: Any, prefix: int, grid: tuple[int, int] | None = None) -> Any:
    """Tokens (b, prefix + h * w, d) -> (b, h, w, d): class and register tokens dropped.

    Args:
        tokens: the output of a vision transformer.
        prefix: how many tokens before the patches (class token, registers).
        grid: (h, w) of the patches; None takes a square.

    Raises:
        NoSuchOutput: the number of patches does not fit the grid.
    """
    patches = tokens[:, prefix:]
    count = patches.shape[1]
    height, width = grid or (math.isqrt(count), math.isqrt(count))
    if height * width != count:
        raise NoSuchOutput(
            f"the network's {count} patches do not fill a grid of {height} x {width}: it has no feature map"
        )
    return patches.reshape(patches.shape[0], height, width, patches.shape[2])
