"""The centred cosine of two images as a sum over pairs of places, exactly.

Where an embedding is the mean of a feature map, a cosine of two embeddings is a sum over pairs of cells (Stylianou,
Souvenir and Pless, "Visualizing Deep Similarity Networks", WACV 2019). That sum is dominated by what all images have
in common; here the corpus mean is taken from every cell first, and the sum is exact all the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.errors import ExplainError
from lookalike.explain.centring import CorpusMean, centred_cosine, unit_rows
from lookalike.explain.maps import WHOLE, Box, PairMap, seen_box
from lookalike.images import ImageLike, decode

Vector = NDArray[np.float64]

ROUNDING = 0.02
"""An embedding counts as the mean of the feature map when the two differ by less than this, relative to its length
(a network in 16 bits differs by some thousandths)."""

EMBEDDING, POOLED = "embedding", "pooled map"


@dataclass(frozen=True, eq=False)
class RegionPairs:
    """Which part of one image makes it like which part of the other.

    Attributes:
        contributions: float32 (h*w, h'*w'): share of the score owed to cell i of the first and cell j of the second
            image, cells counted row by row. All of them sum to ``score``.
        alike: float32 (h*w, h'*w'): centred cosine of the two cells by themselves.
        a_shape, b_shape: (rows, columns) of the two feature maps.
        score: corpus-centred cosine that was decomposed.
        base: plain cosine of the same vectors.
        scored: ``embedding``: the score is that of the encoder's own embeddings. ``pooled map``: the encoder has
            another head on its feature map, so the score is that of the map's mean, and ``note`` says so.
        encoder: name of the encoder.
        seconds: time it took.
        a_box, b_box: the part of either image that its cells cover.
        note: what one has to know to read it rightly.
    """

    contributions: NDArray[np.float32]
    alike: NDArray[np.float32]
    a_shape: tuple[int, int]
    b_shape: tuple[int, int]
    score: float
    base: float
    scored: str
    encoder: str
    seconds: float
    a_box: Box = WHOLE
    b_box: Box = WHOLE
    note: str = ""

    def pair_map(self) -> PairMap:
        """Each cell's share: the sum over all cells of the other image. Either map sums to the score."""
        wide = self.contributions.astype(np.float64)
        return PairMap(
            method="decomposition",
            a_map=wide.sum(axis=1).reshape(self.a_shape).astype(np.float32),
            b_map=wide.sum(axis=0).reshape(self.b_shape).astype(np.float32),
            score=self.score,
            base=self.base,
            encoder=self.encoder,
            seconds=self.seconds,
            a_box=self.a_box,
            b_box=self.b_box,
            passes=4,
            note=self.note,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without the matrix over pairs of cells (its sums are the maps)."""
        return {**self.pair_map().to_dict(), "scored": self.scored}


def decomposition(a: ImageLike, b: ImageLike, encoder: Encoder, mean: CorpusMean) -> RegionPairs:
    """Decompose the corpus-centred cosine of two images over pairs of their cells.

    With u the mean of cells F_i times a factor f (which scales it to the embedding), u - m is the sum of
    c_i = (f F_i - m) / n over the n cells. The centred cosine is then the sum over i and j of
    c_i . d_j / (|u - m| |v - m|), c and d being the cells of the two images. What rounding leaves between an
    embedding and the mean of its map is shared evenly by the cells.

    Args:
        a, b: anything :func:`lookalike.images.decode` takes.
        encoder: one with a feature map.
        mean: corpus mean of this encoder; with ``feature_mean`` where the encoder has another head than a mean.

    Raises:
        NoSuchOutput: the encoder has no feature map.
        ImageError: an image cannot be read.
        ExplainError: the mean is another encoder's, or lacks the ``feature_mean`` that is needed.
    """
    started = time.perf_counter()
    mean.check(encoder)
    images = [decode(image, min_size=encoder.wanted_size) for image in (a, b)]
    maps = encoder.feature_map(images).astype(np.float64)
    embedded = encoder.embed(images).astype(np.float64)
    middle, targets, scored, note = _scored(embedded, maps, encoder, mean)
    cells = [_cells(local, target, middle) for local, target in zip(maps, targets, strict=True)]
    score = float(centred_cosine(targets[0], targets[1], middle))
    lengths = float(np.linalg.norm(targets[0] - middle) * np.linalg.norm(targets[1] - middle))
    contributions = cells[0] @ cells[1].T / (lengths if lengths > 1e-12 else np.inf)
    return RegionPairs(
        contributions=contributions.astype(np.float32),
        alike=(unit_rows(cells[0]) @ unit_rows(cells[1]).T).astype(np.float32),
        a_shape=(maps.shape[1], maps.shape[2]),
        b_shape=(maps.shape[1], maps.shape[2]),
        score=score,
        base=float(centred_cosine(targets[0], targets[1], np.zeros_like(middle))),
        scored=scored,
        encoder=encoder.card.name,
        seconds=time.perf_counter() - started,
        a_box=seen_box(images[0].shape, encoder.card),
        b_box=seen_box(images[1].shape, encoder.card),
        note=note,
    )


def is_pooled(embedded: NDArray[Any], maps: NDArray[Any]) -> bool:
    """Whether embeddings (n, d) are, up to a factor, the means of their feature maps (n, h, w, d')."""
    if embedded.shape[1] != maps.shape[3]:
        return False
    pooled = maps.mean(axis=(1, 2), dtype=np.float64)
    return all(
        bool(np.linalg.norm(u - _factor(u, p) * p) <= ROUNDING * np.linalg.norm(u))
        for u, p in zip(np.asarray(embedded, dtype=np.float64), pooled, strict=True)
    )


def _scored(
    embedded: Vector, maps: Vector, encoder: Encoder, mean: CorpusMean
) -> tuple[Vector, Vector, str, str]:
    """(mean to subtract, the two vectors to decompose, what they are, a note on it)."""
    if is_pooled(embedded, maps):
        return mean.mean.astype(np.float64), embedded, EMBEDDING, ""
    if mean.feature_mean is None or mean.feature_mean.shape != maps.shape[3:]:
        raise ExplainError(
            f"the embedding of encoder {encoder.card.name} is not the mean of its feature map, so that a corpus mean "
            "of its feature maps is needed, and this one has none; make one with CorpusMean.from_images(images, "
            "encoder), or use occlusion"
        )
    pooled = unit_rows(maps.mean(axis=(1, 2)))
    own = float(centred_cosine(embedded[0], embedded[1], mean))
    note = (
        f"{encoder.card.name} has another head than a mean over its feature map: what is decomposed is the likeness "
        f"of the maps' means, not the encoder's own ({own:.3f})"
    )
    return mean.feature_mean.astype(np.float64), pooled, POOLED, note


def _cells(local: Vector, target: Vector, middle: Vector) -> Vector:
    """float64 (h*w, d): what each cell adds to ``target - middle``; the rows sum to it."""
    rows = local.reshape(-1, local.shape[-1])
    pooled = rows.mean(axis=0)
    factor = _factor(target, pooled)
    rounding = target - factor * pooled
    return np.asarray((factor * rows + rounding - middle) / len(rows))


def _factor(target: Vector, pooled: Vector) -> float:
    """The number that brings ``pooled`` nearest to ``target``."""
    square = float(pooled @ pooled)
    return float(target @ pooled) / square if square > 0 else 0.0
