"""Which human judgments an encoder learned from, as hashes that travel with its weights.

A figure on judgments that an encoder was trained on is no measurement, so benchmarks look (``Encoder.fitted_pairs``).
Runs keep the hashes as one more tensor of ``weights.safetensors`` (runs of November 2026: as text in that file's header),
exported encoders in the card beside the ONNX file as a text, base64 of little-endian unsigned numbers of 64 bits, or,
above ``MOST_IN_CARD``, in a file NAME.pairs.npy that the card names.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEY = "fitted_pairs"
"""Of the hashes, in a card and among the tensors (or the header's texts) of a weights file."""
MOST_IN_CARD = 200_000
"""Hashes that a card holds as text (2.1 MB); more go into a file of their own."""

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


def to_npy(hashes: Hashes) -> bytes:
    """uint64 (n,) -> the content of a .npy file."""
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(hashes, dtype="<u8"), allow_pickle=False)
    return file.getvalue()


def file_entry(name: str, content: bytes) -> dict[str, str]:
    """What a card says of the file ``name`` beside it, whose content is that of :func:`to_npy`."""
    return {"file": name, "sha256": sha256(content).hexdigest()}


def read_file(entry: Mapping[str, Any], folder: Path | None) -> Hashes:
    """The hashes in the file that a card in ``folder`` names: uint64 (n,).

    Raises:
        ValueError: no plain file name, no such file, another content than the card was written for, or no such numbers.
    """
    name = entry.get("file")
    if folder is None or not isinstance(name, str) or not name or "\0" in name or Path(name).name != name:
        raise ValueError(
            'must be base64 or {"file": NAME, "sha256": HEX} with the name of a file beside the card'
        )
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ValueError(
            f"the file {name} beside the card cannot be read ({error.strerror or error}); copy it there, it says which "
            "judgments were learned from"
        ) from None
    if sha256(content).hexdigest() != entry.get("sha256"):
        raise ValueError(f"the file {name} is not the one that the card was written for; export again")
    found = np.load(io.BytesIO(content), allow_pickle=False)
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype != np.uint64:
        raise ValueError(f"the file {name} holds no numbers of 64 bits; export again")
    return found
