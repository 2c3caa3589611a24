"""Weights of networks: reading a file safely and fitting it to a network, or saying in one line why not."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lookalike.encoders.fitted import KEY
from lookalike.encoders.torch_base import require
from lookalike.errors import EncoderCardError, WeightsNotFound, printable

PICKLED = (".pth", ".pt", ".bin")
READABLE = (".safetensors", *PICKLED)
CLASSIFIERS = (
    "classifier",
    "head",
    "fc",
    "heads",
    "head_dist",
    "last_linear",
    "aux1",
    "aux2",
    "AuxLogits",
    "aux_classifier",
)
"""What a weights file may hold although the network, cut off before its classifier, has no place for it."""


def read_state_dict(path: Path) -> dict[str, Any]:
    """Tensors by name from a weights file, on the CPU, in the precision of the file.

    ``.safetensors`` cannot hold code. The others are pickles and are read with ``weights_only=True``, so that
    nothing in them is executed. A dictionary wrapped in ``state_dict`` or ``model``, and names that begin
    with ``module.``, as training scripts leave them, or all with ``backbone.``, as a run of ``lookalike train`` that
    changed a whole network does, are unwrapped. What such a run says of the judgments it learned from is left out.

    Raises:
        WeightsNotFound: no such file, not readable, of another kind, or damaged.
    """
    check_weights_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = _read(path)
    except MemoryError:
        raise
    except Exception as error:
        raise WeightsNotFound(
            f"{_shown(path)}: the weights file is damaged or not what its name says ({_why(error)})"
        ) from None
    return _unwrap(content, path)


def check_weights_file(path: Path) -> None:
    """The file is there, readable, not empty, and of a kind that is read.

    Raises:
        WeightsNotFound: it is not.
    """
    if path.suffix.lower() not in READABLE:
        raise WeightsNotFound(
            f"{_shown(path)}: weights are read from {', '.join(READABLE)} files, not {path.suffix or 'this'}"
        )
    try:
        if not path.is_file():
            raise WeightsNotFound(f"{_shown(path)}: there is no such weights file")
        with path.open("rb") as file:
            if not file.read(1):
                raise WeightsNotFound(f"{_shown(path)}: the weights file is empty")
    except OSError as error:
        raise WeightsNotFound(f"{_shown(path)}: the weights file cannot be read ({error.strerror})") from None


def _read(path: Path) -> Any:
    if path.suffix.lower() == ".safetensors":
        load_file = require("safetensors.torch", "torch", "reading .safetensors").load_file
        tensors = load_file(str(path), device="cpu")
        tensors.pop(KEY, None)
        return tensors
    torch = require("torch", "torch", "reading weights")
    return torch.load(str(path), map_location="cpu", weights_only=True)


def _unwrap(content: Any, path: Path) -> dict[str, Any]:
    torch = require("torch", "torch", "reading weights")
    for key in ("state_dict", "model", "model_state_dict"):
        inner = content.get(key) if isinstance(content, Mapping) else None
        if isinstance(inner, Mapping) and inner:
            content = inner
    if not isinstance(content, Mapping) or not content:
        raise WeightsNotFound(
            f"{_shown(path)}: the file holds no weights (a table of named tensors is expected)"
        )
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise WeightsNotFound(
                f"{_shown(path)}: {printable(str(name))[:80]!r} in the file is not a tensor"
            )
    for wrapper in ("module.", "backbone."):
        if all(name.startswith(wrapper) for name in content):
            return {name.removeprefix(wrapper): value for name, value in content.items()}
    return dict(content)


def load_weights(
    module: Any, state: Mapping[str, Any], path: Path, network: str, leftovers: Iterable[str] = CLASSIFIERS
) -> None:
    """Copy weights into a network; every parameter must be there and fit. float16 and bfloat16 become
    float32.

    Args:
        module: a torch module; changed in place.
        state: tensors by name.
        path: where they come from, for the message.
        network: the network's name, for the message.
        leftovers: beginnings of names (up to a dot) that the file may hold and the network need not have.

    Raises:
        EncoderCardError: names are missing or left over, or shapes differ: these are weights of another
        network.
    """
    wanted = module.state_dict()
    # Batch normalisation's counter of training steps plays no part in inference, and old files lack it.
    missing = [name for name in wanted if name not in state and not name.endswith("num_batches_tracked")]
    extra = [name for name in state if name not in wanted and not _allowed(name, tuple(leftovers))]
    wrong = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in state and tuple(state[name].shape) != tuple(tensor.shape)
    ]
    complain(path, network, missing, extra, wrong)
    module.load_state_dict({name: state[name] for name in wanted if name in state}, strict=False)


def complain(
    path: Path, network: str, missing: Iterable[str], unexpected: Iterable[str], wrong: Iterable[str] = ()
) -> None:
    """Raise :class:`EncoderCardError` with counts and the first few names, unless all three are empty."""
    parts = [
        f"{len(names)} {word} ({', '.join(map(printable, [*names[:3], *(['...'] if names[3:] else [])]))})"
        for word, names in (
            ("missing", list(missing)),
            ("of the wrong shape", list(wrong)),
            ("unexpected", list(unexpected)),
        )
        if names
    ]
    if parts:
        raise EncoderCardError(
            f"{_shown(path)}: these are not weights of {network}: {'; '.join(parts)}; "
            "give the file that belongs to it"
        )


def _allowed(name: str, leftovers: tuple[str, ...]) -> bool:
    return any(name == start or name.startswith(f"{start}.") for start in leftovers) or name.endswith(
        "num_batches_tracked"
    )


def _shown(path: Path) -> str:
    return printable(str(path))


def _why(error: Exception) -> str:
    """The first sentence of an error: PyTorch then advises to load without safety; nobody should."""
    text = re.split(r"\n|(?<=[a-z])\. ", str(error).strip(), maxsplit=1)[0]
    return printable(f"{type(error).__name__}: {text}"[:160].rstrip(" :."))
