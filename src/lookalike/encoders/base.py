"""What every encoder is: a description (the card) and a function from images to vectors."""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import EmbeddingNotFinite, InvalidArgument, NoSuchOutput, printable
from lookalike.images import ImageLike, decode

PIXELS_VERSION = 1
"""Raise it when decoding or resizing changes its numbers: cached embeddings are then computed anew."""


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes a network's input.

    Attributes:
        resize: ``squash`` (whole image, aspect ratio ignored; DreamSim), ``crop`` (short side, then centre
            crop) or ``pad`` (long side, then borders).
        interpolation: ``nearest``, ``bilinear``, ``bicubic`` or ``lanczos``.
        antialias: low-pass filter when shrinking.
        mean: per RGB channel, subtracted from pixels in [0, 1].
        std: per RGB channel, divides after the mean is subtracted.
        crop_fraction: for ``crop``: side of the crop / side of the resized image (torchvision: 224/256).
    """

    resize: Literal["squash", "crop", "pad"] = "squash"
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bicubic"
    antialias: bool = True
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    crop_fraction: float = 1.0


@dataclass(frozen=True)
class EncoderCard:
    """What is known about an encoder before it runs.

    Attributes:
        name: as given to :func:`lookalike.load_encoder`.
        dim: length d of an embedding.
        input_size: (height, width) in pixels of what the encoder looks at.
        preprocessing: how an image is brought to that input.
        normalized: True when embeddings have unit L2 length.
        feature_map: (h, w, d) of :meth:`Encoder.feature_map`, or None.
        text: True when :meth:`Encoder.embed_text` exists.
        licence: of the weights (SPDX name where there is one).
        source: where the weights come from.
        training_data: what they were trained on.
        size_bytes: of the weights; 0 for an encoder without weights.
        sha256: of the weights (hex), or of the parameters for an encoder without weights.
        version: raised when the encoder's code changes its numbers.
        details: anything else that changes the numbers (output name, pooling, precision, part weights).
        title: the model's own name, for people.
        parts: names of the encoders that an ensemble joins.
    """

    name: str
    dim: int
    input_size: tuple[int, int]
    preprocessing: Preprocessing
    normalized: bool = True
    feature_map: tuple[int, int, int] | None = None
    text: bool = False
    licence: str = "unknown"
    source: str = "unknown"
    training_data: str = "unknown"
    size_bytes: int = 0
    sha256: str = ""
    version: int = 1
    details: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    parts: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """32 hex digits that change whenever the same image may get other numbers.

        Depends on the weights and the preprocessing, not on the name or place of a file.
        """
        numbers = {
            "pixels": PIXELS_VERSION,
            "dim": self.dim,
            "input_size": list(self.input_size),
            "preprocessing": asdict(self.preprocessing),
            "normalized": self.normalized,
            "sha256": self.sha256,
            "version": self.version,
            "details": self.details,
        }
        text = json.dumps(numbers, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """The card as plain JSON types, with its fingerprint."""
        return {**asdict(self), "fingerprint": self.fingerprint}


class Encoder(ABC):
    """One image -> one float32 vector.

    A subclass sets ``card`` and implements :meth:`_embed`; with a feature map or text it also overrides
    :meth:`_feature_map` or :meth:`_embed_text`. The public methods decode, check shapes and normalise.
    """

    concurrent: bool = False
    """True: :meth:`embed` uses one core and may be called from several threads at once."""

    card: EncoderCard
    model_card: str = ""
    """What its makers say of it in Markdown: data, recipe, figures, weaknesses; '' where nobody wrote one."""
    fitted_pairs: NDArray[np.uint64] | None = None
    """Hashes of the human pairs and triplets that it learned from (``lookalike.similarity.comparator_pairs``), where it
    keeps them."""
    batch_size: int = 32
    """How many images a batch pipeline should hand over in one call."""

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        """Embed images; order is kept, and the batch size does not change the numbers.

        Args:
            images: n of anything :func:`lookalike.images.decode` takes (path, bytes, PIL image, uint8 RGB
                (h, w, 3)).

        Returns:
            float32 (n, d), rows of unit L2 length when the card says ``normalized``.

        Raises:
            ImageError: an image cannot be read.
            EmbeddingNotFinite: a value is NaN or infinite; names the image.
        """
        if not len(images):
            return np.empty((0, self.card.dim), dtype=np.float32)
        # A batch at a time: a thousand decoded photographs would not fit in memory.
        starts = range(0, len(images), self.batch_size)
        batches = [self._embed_batch(images[i : i + self.batch_size]) for i in starts]
        vectors = np.concatenate(batches)
        return normalize(vectors) if self.card.normalized else vectors

    def feature_map(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        """Local features: float32 (n, h, w, d), not normalised.

        Raises:
            NoSuchOutput: the network has no feature map.
        """
        if self.card.feature_map is None:
            raise NoSuchOutput(
                f"encoder {self.card.name} has no feature map; `lookalike encoders list` shows which have"
            )
        pixels = self._decode(images)
        if not pixels:
            return np.empty((0, *self.card.feature_map), dtype=np.float32)
        return np.ascontiguousarray(self._feature_map(pixels), dtype=np.float32)

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts into the space of the images: float32 (n, d).

        Raises:
            NoSuchOutput: the encoder knows images only.
        """
        if not self.card.text:
            raise NoSuchOutput(
                f"encoder {self.card.name} does not understand text; use an open_clip: encoder"
            )
        if not texts:
            return np.empty((0, self.card.dim), dtype=np.float32)
        vectors = np.ascontiguousarray(self._embed_text(texts), dtype=np.float32)
        return normalize(vectors) if self.card.normalized else vectors

    @property
    def wanted_size(self) -> tuple[int, int]:
        """(height, width) that :func:`lookalike.images.decode` should at least deliver for this encoder."""
        height, width = self.card.input_size
        scale = 1.0 / self.card.preprocessing.crop_fraction
        return round(height * scale), round(width * scale)

    def _embed_batch(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        vectors = np.ascontiguousarray(self._embed(self._decode(images)), dtype=np.float32)
        if vectors.shape != (len(images), self.card.dim):
            raise InvalidArgument(
                f"encoder {self.card.name}: the network gave an array of shape {vectors.shape}, the card promises "
                f"({len(images)}, {self.card.dim}); correct dim in the card"
            )
        check_finite(vectors, self.card.name, images)
        return vectors

    def _decode(self, images: Sequence[ImageLike]) -> list[NDArray[np.uint8]]:
        return [decode(image, min_size=self.wanted_size) for image in images]

    @abstractmethod
    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """n RGB images uint8 (h, w, 3), of any size -> float32 (n, d), not yet normalised."""

    def _feature_map(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:  # noqa: ARG002
        raise NoSuchOutput(f"encoder {self.card.name} has no feature map")

    def _embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:  # noqa: ARG002
        raise NoSuchOutput(f"encoder {self.card.name} does not understand text")


def check_finite(vectors: NDArray[np.float32], encoder: str, images: Sequence[ImageLike]) -> None:
    """Raise EmbeddingNotFinite unless each row of float32 (n, d) is finite; the message names encoder and image.

    A distance to such a row would be no number, and a benchmark would take it for one.
    """
    finite = np.isfinite(vectors).all(axis=tuple(range(1, vectors.ndim)))
    if finite.all():
        return
    place = int(np.argmin(finite))
    more = int((~finite).sum()) - 1
    others = f" and {more} more of this batch of {len(images)}" if more else ""
    raise EmbeddingNotFinite(
        f"encoder {printable(encoder)} gave a value that is not a number (NaN or infinity) for image "
        f"{_name_of(images[place], place)}{others}; check the network and its precision"
    )


def embed_with_gaps(encoder: Encoder, images: Sequence[ImageLike]) -> NDArray[np.float32]:
    """As :meth:`Encoder.embed`, but an image for which the encoder gives no numbers gets a row of NaN.

    For whoever handles many images and reports each that fails.
    """
    try:
        return encoder.embed(images)
    except EmbeddingNotFinite:
        if len(images) == 1:
            return np.full((1, encoder.card.dim), np.nan, dtype=np.float32)
        return np.concatenate([embed_with_gaps(encoder, [image]) for image in images])


def _name_of(image: ImageLike, place: int) -> str:
    """The file where it is known, else the place in the batch."""
    named = image if isinstance(image, str | os.PathLike) else getattr(image, "name", None)
    return printable(str(named)) if named is not None else f"{place + 1} of the batch"


def normalize(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of float32 (n, d) scaled to unit L2 length; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
