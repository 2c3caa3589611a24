"""The head of a trained encoder, in NumPy: linear layers with ReLU between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import EncoderCardError

PREFIX = "head."


@dataclass(frozen=True)
class Head:
    """y = W_n relu( ... relu(W_1 x + b_1) ... ) + b_n, with x added when ``residual``.

    With two layers and the residual this is DreamSim's MLP head (Fu et al. 2023, section 4).

    Attributes:
        layers: (weight float32 (out, in), bias float32 (out,)) from the first to the last.
        residual: add the input to the output.
    """

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    residual: bool = False

    @property
    def dim_in(self) -> int:
        """Length of what the head takes."""
        return int(self.layers[0][0].shape[1])

    @property
    def dim(self) -> int:
        """Length of what the head gives."""
        return int(self.layers[-1][0].shape[0])

    def apply(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n, dim_in) -> (n, dim). Row by row, so that other rows cannot change the last digits."""
        result = np.empty((len(vectors), self.dim), dtype=np.float32)
        for row, vector in enumerate(vectors):
            result[row] = self._one(vector)
        return result

    def _one(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        x = vector
        for number, (weight, bias) in enumerate(self.layers):
            if number:
                x = np.maximum(x, np.float32(0))
            x = weight @ x + bias
        return x + vector if self.residual else x


def prepare(vectors: NDArray[np.float32], features: str) -> NDArray[np.float32]:
    """Embeddings (n, d) as a head takes them; ``features`` is explained at :data:`trained_card.FEATURES`."""
    if features == "raw":
        return vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, np.float32(1))
    if features == "centred":
        unit = unit - unit.mean(axis=1, keepdims=True)
    return np.asarray(unit, dtype=np.float32)


def read_head(tensors: Mapping[str, NDArray[Any]], adapter: Mapping[str, Any], where: str) -> Head | None:
    """The head among a run's tensors; None when there is none.

    Raises:
        EncoderCardError: the layers do not fit one another, or are not linear.
    """
    names = sorted((name for name in tensors if name.startswith(PREFIX)), key=_natural)
    if not names:
        return None
    layers: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    used: set[str] = set()
    for name in names:
        if not name.endswith("weight"):
            continue
        weight = np.asarray(tensors[name], dtype=np.float32)
        bias_name = f"{name.removesuffix('weight')}bias"
        if weight.ndim != 2 or (layers and layers[-1][0].shape[0] != weight.shape[1]):
            raise EncoderCardError(
                f"{where}: {name} has the shape {weight.shape}: no linear layer that follows"
            )
        bias = np.asarray(tensors.get(bias_name, np.zeros(len(weight))), dtype=np.float32)
        if bias.shape != (len(weight),):
            raise EncoderCardError(
                f"{where}: {bias_name} has the shape {bias.shape}, wanted ({len(weight)},)"
            )
        layers.append((np.ascontiguousarray(weight), bias))
        used |= {name, bias_name}
    left = [name for name in names if name not in used]
    if left or not layers:
        raise EncoderCardError(f"{where}: {', '.join(left[:3]) or PREFIX} is no part of a head that is known")
    ends_meet = layers[0][0].shape[1] == layers[-1][0].shape[0]
    residual = adapter.get("residual")
    if residual is None:
        residual = adapter.get("kind") == "mlp" and ends_meet
    if residual and not ends_meet:
        raise EncoderCardError(
            f"{where}: a head from {layers[0][0].shape[1]} to {layers[-1][0].shape[0]} numbers cannot have a "
            "residual connection"
        )
    return Head(tuple(layers), bool(residual))


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Sort key in which ``layers.10`` follows ``layers.9``."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]
