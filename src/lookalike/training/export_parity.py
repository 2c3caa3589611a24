"""Does an exported file give what the original gives? Cosines, nearest neighbours, and recall on pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.recall import recall
from lookalike.encoders import Encoder, EncoderOptions, load_encoder
from lookalike.images import ImageLike
from lookalike.similarity import distance_matrix

if TYPE_CHECKING:
    from lookalike.judgments import PairTable

LEAST_COSINE = {"fp32": 0.999, "fp16": 0.999, "int8": 0.99}
"""Smallest mean cosine between the two embeddings of an image."""
LARGEST_LOSS = 0.5
"""Percentage points of recall."""
RANKS = (1, 5, 20)
FEATURE_MAPS = 4
"""Of how many images feature maps are compared: they are large."""


@dataclass(frozen=True)
class Parity:
    """Agreement of two encoders on the same images.

    Attributes:
        images: how many.
        cosine: mean over images of the cosine between the two embeddings.
        least_cosine: of the image that agrees least.
        neighbours: share of images with the same nearest other image.
        feature_map: mean cosine over places of the feature maps; None where there is none.
        recall: rank -> (original, exported) in percent on the pairs; empty without pairs.
        pairs: how many.
    """

    images: int
    cosine: float
    least_cosine: float
    neighbours: float
    feature_map: float | None
    recall: dict[str, tuple[float, float]]
    pairs: int


class Original:
    """What the encoder to be exported gives, computed once for all ways that are tried.

    Args:
        encoder: the original.
        images: to compare embeddings on.
        pairs: to compare recall on, or None.

    Raises:
        ImageError: an image cannot be read.
    """

    def __init__(self, encoder: Encoder, images: Sequence[ImageLike], pairs: PairTable | None = None) -> None:
        self.images = images
        self.vectors = encoder.embed(images)
        few = images[:FEATURE_MAPS]
        self.maps = encoder.feature_map(few) if encoder.card.feature_map is not None else None
        self.pairs = 0 if pairs is None else len(pairs)
        self.sides = None if pairs is None else (pairs.paths("left"), pairs.paths("right"))
        self.recall = self._recall(encoder)

    def compare(self, exported: Path) -> Parity:
        """How well the file (with its card beside it) agrees.

        Raises:
            EncoderError: it cannot be loaded as an encoder.
        """
        copy = load_encoder(f"onnx:{exported}", EncoderOptions(device="cpu"))
        vectors = copy.embed(self.images)
        cosines = cosine_of_rows(self.vectors, vectors)
        maps = None
        if self.maps is not None:
            copied = copy.feature_map(self.images[:FEATURE_MAPS])
            maps = float(cosine_of_rows(self.maps, copied).mean())
        after = self._recall(copy)
        return Parity(
            images=len(self.images),
            cosine=float(cosines.mean()),
            least_cosine=float(cosines.min()),
            neighbours=float(np.mean(_nearest(self.vectors) == _nearest(vectors))),
            feature_map=maps,
            recall={str(k): (self.recall[k], after[k]) for k in after},
            pairs=self.pairs,
        )

    def _recall(self, encoder: Encoder) -> dict[int, float]:
        """Rank -> recall in percent; empty without pairs."""
        if self.sides is None:
            return {}
        left, right = (encoder.embed(paths) for paths in self.sides)
        ranks = tuple(rank for rank in RANKS if rank <= len(left))
        found = recall(distance_matrix(left, right, "cosine"), ks=ranks).at
        return {k: 100 * found[k].value for k in ranks}


def failures(parity: Parity, precision: str) -> list[str]:
    """What is not good enough, in words; empty when all is."""
    wrong = []
    if not parity.cosine >= LEAST_COSINE[precision]:
        wrong.append(f"mean cosine {parity.cosine:.4f}, wanted at least {LEAST_COSINE[precision]}")
    if parity.feature_map is not None and not parity.feature_map >= LEAST_COSINE[precision] - 0.04:
        wrong.append(f"mean cosine of feature maps {parity.feature_map:.4f}")
    for rank, (before, after) in parity.recall.items():
        # Of fewer than 200 pairs, a single one is more than the points allowed. A gain is no reason to refuse.
        if before - after > max(LARGEST_LOSS, 100 / parity.pairs) + 1e-9:
            wrong.append(f"recall@{rank} {before:.1f} % became {after:.1f} %")
    return wrong


def cosine_of_rows(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine of each row with the same row: (..., d) twice -> float64 (...); two zero rows agree."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    dots = np.einsum("...i,...i->...", x, y)
    both_zero = ~(x.any(axis=-1) | y.any(axis=-1))
    return np.where(both_zero, 1.0, dots / np.where(lengths > 0, lengths, 1.0))


def _nearest(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    distances = distance_matrix(vectors, vectors, "cosine")
    np.fill_diagonal(distances, np.inf)
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)
