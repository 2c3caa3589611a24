"""Frozen encoders as a training wants them: the network's own output, or several put side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard
from lookalike.encoders.fitted import joined
from lookalike.encoders.torch_base import TorchEncoder
from lookalike.encoders.trained_head import prepare


def as_computed(encoder: Encoder) -> Encoder:
    """The same encoder without the scaling to unit length, where it runs in PyTorch; another as it is."""
    if not isinstance(encoder, TorchEncoder) or not encoder.card.normalized:
        return encoder
    return AsComputed(encoder)


class AsComputed(Encoder):
    """An encoder's numbers before they are brought to unit length.

    Its fingerprint differs from the encoder's, so both kinds of embeddings can be cached.
    """

    def __init__(self, base: Encoder) -> None:
        self.base = base
        self.concurrent = base.concurrent
        self.batch_size = base.batch_size
        self.fitted_pairs = base.fitted_pairs
        self.card = replace(base.card, normalized=False, text=False, feature_map=None)

    @property
    def wanted_size(self) -> tuple[int, int]:
        return self.base.wanted_size

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.base._embed(pixels)


class JointEncoder(Encoder):
    """Embeddings of several encoders side by side, each by itself as ``features`` says; never scaled together.

    Args:
        parts: the encoders.
        features: ``raw``, ``normalized`` or ``centred``.
    """

    def __init__(self, parts: Sequence[Encoder], features: str) -> None:
        self.parts = [as_computed(part) if features == "raw" else part for part in parts]
        self.features = features
        cards = [part.card for part in self.parts]
        fingerprints = "".join(card.fingerprint for card in cards)
        self.batch_size = min(part.batch_size for part in self.parts)
        self.fitted_pairs = joined(part.fitted_pairs for part in self.parts)
        self.card = EncoderCard(
            name=" + ".join(card.name for card in cards),
            dim=sum(card.dim for card in cards),
            input_size=(max(card.input_size[0] for card in cards), max(card.input_size[1] for card in cards)),
            preprocessing=cards[0].preprocessing,
            normalized=False,
            sha256=hashlib.sha256(fingerprints.encode()).hexdigest(),
            details={"features": features},
            parts=tuple(card.name for card in cards),
        )

    @property
    def wanted_size(self) -> tuple[int, int]:
        sizes = [part.wanted_size for part in self.parts]
        return max(height for height, _ in sizes), max(width for _, width in sizes)

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        found = [prepare(part.embed(pixels), self.features) for part in self.parts]
        return np.concatenate(found, axis=1)
