"""Ensembles ``a+b+c`` and ``0.5*a+2*b``: the parts' vectors side by side, so that cosines average."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard, normalize
from lookalike.errors import InvalidArgument

if TYPE_CHECKING:
    from lookalike.encoders.registry import EncoderOptions

_NUMBER = r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"


def split_ensemble(spec: str) -> list[str]:
    """The parts of ``a+b+c``, each with its weight when it has one (``0.5*a``).

    A ``+`` separates only when the name of a known encoder follows it, with or without ``NUMBER*`` before,
    so a path may hold ``+`` and ``*``: ``onnx:/models/c++/net.onnx+classic`` has two parts.
    """
    from lookalike.encoders.registry import BUILTIN, third_party

    names = "|".join(re.escape(name) for name in sorted({*BUILTIN, *third_party()}, key=len, reverse=True))
    return re.split(rf"\+(?=\s*(?:(?:{_NUMBER})\s*\*\s*)?(?:{names})\s*(?:[:?+]|$))", spec)


def split_weight(part: str) -> tuple[float, str]:
    """``0.5*NAME`` -> (0.5, NAME); without a weight it is 1.

    Raises:
        InvalidArgument: the weight is zero or not finite.
    """
    match = re.match(rf"\s*({_NUMBER})\s*\*\s*(.*)", part, flags=re.DOTALL)
    if match is None:
        return 1.0, part.strip()
    weight, name = float(match[1]), match[2].strip()
    if not (math.isfinite(weight) and weight > 0):
        raise InvalidArgument(f"the weight of {name} in an ensemble must be above 0, got {match[1]}")
    return weight, name


def load_ensemble(parts: Sequence[str], options: EncoderOptions) -> Encoder:
    """The encoder of several parts as :func:`split_ensemble` gives them; a single part is loaded as it is.

    Raises:
        InvalidArgument: a weight is not above 0, or ``weights`` was given (it cannot belong to every part).
        EncoderError: a part cannot be loaded.
    """
    from lookalike.encoders.registry import load_encoder

    weighted = [split_weight(part) for part in parts]
    if len(weighted) == 1:
        return load_encoder(weighted[0][1], options)
    if options.weights is not None:
        raise InvalidArgument(
            f"a weights file ({options.weights}) cannot serve an ensemble; load the parts with weights "
            "of their own and join them with EnsembleEncoder"
        )
    return EnsembleEncoder(
        [load_encoder(name, options) for _, name in weighted], [weight for weight, _ in weighted]
    )


class EnsembleEncoder(Encoder):
    """Normalised vectors of the parts, each times the square root of its share of the weight.

    The cosine of two embeddings is then the weighted mean of the parts' cosines. Each part decodes images
    at its own size. Text works when every part understands it.

    Args:
        encoders: two or more.
        weights: one above 0 for each; None weighs them alike. Only their ratios matter.

    Raises:
        InvalidArgument: fewer than one encoder, or weights that do not fit.
    """

    def __init__(self, encoders: Sequence[Encoder], weights: Sequence[float] | None = None) -> None:
        weights = list(weights) if weights is not None else [1.0] * len(encoders)
        if not encoders or len(weights) != len(encoders):
            raise InvalidArgument(
                f"an ensemble needs one weight for each encoder, got {len(encoders)} and {len(weights)}"
            )
        if not all(math.isfinite(weight) and weight > 0 for weight in weights):
            raise InvalidArgument(f"the weights of an ensemble must be above 0, got {weights}")
        self.encoders = tuple(encoders)
        self.weights = tuple(round(weight / math.fsum(weights), 12) for weight in weights)
        self.concurrent = all(encoder.concurrent for encoder in encoders)
        self.batch_size = min(encoder.batch_size for encoder in encoders)
        self.card = _card(self.encoders, weights, self.weights)
        fitted = [encoder.fitted_pairs for encoder in encoders if encoder.fitted_pairs is not None]
        self.fitted_pairs = np.unique(np.concatenate(fitted)) if fitted else None

    @property
    def part_slices(self) -> dict[str, slice]:
        """Where each part lies in a vector; a name that occurs twice gets ``#2``."""
        slices: dict[str, slice] = {}
        start = 0
        for encoder in self.encoders:
            name, again = encoder.card.name, 2
            while name in slices:
                name, again = f"{encoder.card.name}#{again}", again + 1
            slices[name] = slice(start, start + encoder.card.dim)
            start += encoder.card.dim
        return slices

    @property
    def wanted_size(self) -> tuple[int, int]:
        sizes = [encoder.wanted_size for encoder in self.encoders]
        return max(height for height, _ in sizes), max(width for _, width in sizes)

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self._join([encoder.embed(pixels) for encoder in self.encoders])

    def _embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._join([encoder.embed_text(texts) for encoder in self.encoders])

    def _join(self, vectors: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        parts = [
            normalize(part) * np.float32(math.sqrt(weight))
            for part, weight in zip(vectors, self.weights, strict=True)
        ]
        return np.concatenate(parts, axis=1)


def _card(encoders: tuple[Encoder, ...], given: Sequence[float], shares: tuple[float, ...]) -> EncoderCard:
    cards = [encoder.card for encoder in encoders]
    largest = max(cards, key=lambda card: card.input_size[0] * card.input_size[1])
    prefixes = [f"{weight:g}*" if set(given) != {1.0} else "" for weight in given]
    fingerprints = [card.fingerprint for card in cards]

    def together(values: Sequence[str]) -> str:
        return " + ".join(dict.fromkeys(values))

    return EncoderCard(
        name="+".join(prefix + card.name for prefix, card in zip(prefixes, cards, strict=True)),
        dim=sum(card.dim for card in cards),
        input_size=largest.input_size,
        preprocessing=largest.preprocessing,
        text=all(card.text for card in cards),
        licence=together([card.licence for card in cards]),
        source=together([card.source for card in cards]),
        training_data=together([card.training_data for card in cards]),
        size_bytes=sum(card.size_bytes for card in cards),
        sha256=hashlib.sha256("+".join(card.sha256 for card in cards).encode()).hexdigest(),
        details={"weights": list(shares), "fingerprints": fingerprints},
        title=together([card.title or card.name for card in cards]),
        parts=tuple(card.name for card in cards),
    )
