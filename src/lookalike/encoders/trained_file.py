"""Tensors by name from a ``.safetensors`` file, in NumPy: a trained head needs neither torch nor another package.

The format (huggingface/safetensors): 8 bytes with the length of a header, the header as JSON (name -> dtype,
shape, first and last byte), then the numbers, little-endian.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.fitted import KEY, Hashes, from_text
from lookalike.errors import WeightsNotFound, printable

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1", "BF16": "<u2",
}  # fmt: skip
_LARGEST_HEADER = 100_000_000
"""Bytes; the same limit as the package's own, so that a damaged length cannot fill the memory."""


def read_tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    """Every tensor of the file, in the precision of the file; bfloat16 comes as float32, which holds it exactly.

    Raises:
        WeightsNotFound: no such file, not readable, or damaged.
    """
    where = printable(str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsNotFound(f"{where}: the weights cannot be read ({error.strerror or error})") from None
    try:
        return _tensors(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = printable(str(error))[:120] or type(error).__name__
        raise WeightsNotFound(
            f"{where}: the weights file is damaged or no .safetensors file ({why})"
        ) from None


def read_fitted(path: Path) -> Hashes | None:
    """Hashes of the judgments that the weights in the file learned from: uint64 (n,).

    They are the tensor ``fitted_pairs``, or, in a run of November 2026, a text of that name in the header. None where
    there are none, or the file is no ``.safetensors`` file.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _LARGEST_HEADER:
                return None
            header = json.loads(file.read(length).decode("utf-8"))
            entry = header.get(KEY)
            if entry is None:
                return from_text(header.get("__metadata__", {}).get(KEY))
            first, last = (int(place) for place in entry["data_offsets"])
            file.seek(8 + length + first)
            found = _tensor(
                KEY, {**entry, "data_offsets": (0, last - first)}, memoryview(file.read(last - first))
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found.astype(np.uint64) if found.dtype == np.uint64 and found.ndim == 1 else None


def _tensors(data: bytes) -> dict[str, NDArray[np.generic]]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, _LARGEST_HEADER):
        raise ValueError("its header is longer than the file")
    header = json.loads(data[8 : 8 + length].decode("utf-8"))
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    return {name: _tensor(name, entry, body) for name, entry in header.items()}


def _tensor(name: str, entry: dict[str, Any], body: memoryview) -> NDArray[np.generic]:
    kind = str(entry["dtype"])
    first, last = (int(place) for place in entry["data_offsets"])
    if kind not in _DTYPES:
        raise ValueError(f"{name} has the unknown type {kind}")
    dtype = np.dtype(_DTYPES[kind])
    sizes = tuple(int(side) for side in entry["shape"])
    if not 0 <= first <= last <= len(body) or last - first != math.prod(sizes) * dtype.itemsize:
        raise ValueError(f"{name} does not fill its place")
    values = np.frombuffer(body[first:last], dtype=dtype).reshape(sizes)
    if kind == "BF16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.copy()
