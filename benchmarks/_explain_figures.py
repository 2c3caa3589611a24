"""Parts of explain_figures.py: an encoder that asks its network once for each picture, and means with intervals."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder

MOST_VECTORS, MOST_MAPS = 20_000, 1_600


class Remembering(Encoder):
    """The same encoder with a memory: methods that are compared hide the same places of the same images."""

    def __init__(self, inner: Encoder) -> None:
        self.inner, self.card, self.batch_size = inner, inner.card, inner.batch_size
        self._vectors: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._maps: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def embed(self, images: Sequence[Any]) -> NDArray[np.float32]:
        return _recalled(images, self._vectors, self.inner.embed, MOST_VECTORS)

    def feature_map(self, images: Sequence[Any]) -> NDArray[np.float32]:
        return _recalled(images, self._maps, self.inner.feature_map, MOST_MAPS)

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.inner.embed(pixels)


def _recalled(
    images: Sequence[Any],
    known: OrderedDict[bytes, NDArray[np.float32]],
    compute: Callable[[Sequence[Any]], NDArray[np.float32]],
    most: int,
) -> NDArray[np.float32]:
    keys = [_key(image) for image in images]
    new = {key: image for key, image in zip(keys, images, strict=True) if key not in known}
    if new:
        known.update(zip(new, compute(list(new.values())), strict=True))
    rows = np.stack([known[key] for key in keys])
    while len(known) > most:
        known.popitem(last=False)
    return rows


def _key(image: Any) -> bytes:
    if isinstance(image, np.ndarray):
        return hashlib.blake2b(
            np.ascontiguousarray(image).tobytes() + repr(image.shape).encode(), digest_size=16
        ).digest()
    return str(image).encode()


@dataclass
class Method:
    """One way to make maps, and what was measured of it so far: measure -> one value for each pair."""

    name: str
    explain: Callable[[Path, Path], Any]
    partner: bool = True
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **measured: float) -> None:
        """Keep one value of each measure."""
        for name, value in measured.items():
            self.values.setdefault(name, []).append(value)


def interval(values: Sequence[float], digits: int = 3) -> str:
    """Mean and its 95 % interval (1.96 standard errors, over pairs): ``0.134 [0.120, 0.148]``."""
    found = np.asarray(values, dtype=float)
    if not found.size:
        return "-"
    half = 1.96 * found.std(ddof=1) / np.sqrt(found.size) if found.size > 1 else 0.0
    mean = found.mean()
    return f"{mean:.{digits}f} [{mean - half:.{digits}f}, {mean + half:.{digits}f}]"
