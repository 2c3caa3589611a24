"""Which human judgments an encoder learned from, as hashes that travel with its weights.

A figure on judgments that an encoder was trained on is no measurement, so benchmarks look (``Encoder.fitted_pairs``).
Runs keep the hashes in the header of ``weights.safetensors``, exported encoders in the card beside the ONNX file: both
are one text, base64 of little-endian unsigned numbers of 64 bits.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

KEY = "fitted_pairs"
"""Of the text, in a card and in the header of a weights file."""

Hashes = NDArray[np.uint64]


def joined(parts: Iterable[Hashes | None]) -> Hashes | None:
    """Each hash of any part once, ascending: uint64 (n,); None where there is none."""
    known = [part for part in parts if part is not None and len(part)]
    return np.unique(np.concatenate(known)) if known else None


def to_text(hashes: Hashes) -> str:
    """uint64 (n,) -> text, 10.7 characters for each."""
    return base64.b64encode(np.ascontiguousarray(hashes, dtype="<u8").tobytes()).decode()


def from_text(text: object) -> Hashes | None:
    """What :func:`to_text` made; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), dtype="<u8").astype(np.uint64)
    except (binascii.Error, ValueError):
        return None
