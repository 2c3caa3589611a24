"""The baseline that knows nothing: two images are as far apart as their thumbnails' pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.callable import CallableEncoder

SIDE = 32


def pixels_encoder() -> CallableEncoder:
    """32 x 32 RGB in [0, 1], flattened (d = 3,072), not normalised: to be compared by L2 distance.

    It has no weights, so a network that does not beat it has learned nothing that these judgments ask for. The
    benchmarks of votes know it under the name ``pixels``.
    """
    return CallableEncoder(
        _flat, name="pixels", input_size=(SIDE, SIDE), version=f"rgb {SIDE} / 255", normalized=False
    )


def _flat(images: NDArray[Any]) -> NDArray[np.float32]:
    """uint8 (n, 32, 32, 3) -> float32 (n, 3072)."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
