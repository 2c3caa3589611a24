"""In what two images are alike: colour, texture, shape, layout, style, content, the face and how it is laid out.

A similarity by itself says little: two photographs of anything have a cosine of 0.5 in one attribute and of 0.9 in
another. So everything is centred on a reference set first, and shown as a percentile among its random pairs
(:mod:`lookalike.explain.percentiles`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.explain.attributes_pixels import RINGS, TURNS

if TYPE_CHECKING:
    from lookalike.encoders.faces_types import Face

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """One vector of an attribute.

    Attributes:
        name: in :data:`lookalike.explain.attributes_pixels.BLOCKS`.
        weight: share in the attribute's similarity.
        even: divide each number by its spread over the reference first, so that all count alike.
        turning: compare at the best turn (outlines).
    """

    name: str
    weight: float = 1.0
    even: bool = False
    turning: bool = False


@dataclass(frozen=True)
class Attribute:
    """Something that two images can have in common.

    Attributes:
        name: key in JSON and in the tables of words.
        how: what is compared, in words.
        blocks: of the pixels; none for ``content``, ``face`` and ``face_layout``.
    """

    name: str
    how: str
    blocks: tuple[Block, ...] = ()


ATTRIBUTES: Mapping[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        Attribute(
            "colour",
            "which colours there are, wherever they are (Lab histogram and moments)",
            (Block("color"),),
        ),
        Attribute(
            "texture",
            "surfaces: local binary patterns and spectra of small windows, wherever they are",
            (Block("patterns", even=True), Block("spectrum")),
        ),
        Attribute(
            "shape",
            "outline of what stands out from the border, at its best turn, as it is and made as wide as high, and "
            "directions of large edges by place",
            (
                Block("outline", 0.45, turning=True),
                Block("outline_evened", 0.45, turning=True),
                Block("edges", 0.1),
            ),
        ),
        Attribute(
            "layout",
            "where it is light and dark, and where which hue is",
            (Block("layout", 0.85), Block("chroma_layout", 0.15)),
        ),
        Attribute(
            "style",
            "how it is made: second-order statistics of fixed filters, and what follows a step from light to dark "
            "(sharp or soft, flat or shaded, drawn or set)",
            (Block("second_order", 0.5, even=True), Block("steps_together", 0.5, even=True)),
        ),
        Attribute("content", "what the encoder sees (centred cosine of its embeddings)"),
        Attribute("face", "whose face it could be (nearest descriptors of dlib)"),
        Attribute("face_layout", "how the face is laid out: 68 landmarks of the largest face, turning kept"),
    )
}
"""Name -> attribute, in the order of reports."""

PIXEL_ATTRIBUTES = tuple(name for name, attribute in ATTRIBUTES.items() if attribute.blocks)
"""Attributes that need nothing but the pixels."""


@dataclass(frozen=True)
class Norm:
    """How a block is centred: mean and spread (standard deviation) over the reference images, float32 (length,)."""

    mean: Vector
    spread: Vector

    @classmethod
    def of(cls, rows: Vector) -> Norm:
        """From float32 (n, length)."""
        return cls(rows.mean(axis=0), rows.std(axis=0))


def centred(vector: Vector, norm: Norm, even: bool) -> Vector:
    """A vector (or rows of them) minus the reference's mean; ``even`` divides by its spread."""
    away = vector - norm.mean
    if even:
        away = away / np.maximum(norm.spread, 0.05 * float(norm.spread.mean()) + 1e-6)
    return np.asarray(away, dtype=np.float32)


def block_similarity(a: Vector, b: Vector, block: Block, norm: Norm) -> float:
    """Centred cosine in [-1, 1] of one block of two images; 0 where either is the reference's mean itself."""
    if block.turning:
        return _turned(a, b, norm)
    return cosine_of(centred(a, norm, block.even), centred(b, norm, block.even))


def cosine_of(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Cosine of two vectors (similarity, not distance); 0 where either is zero."""
    lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.clip(np.vdot(a, b) / lengths, -1.0, 1.0)) if lengths > 1e-12 else 0.0


def _turned(a: Vector, b: Vector, norm: Norm) -> float:
    """The best cosine over all turns of one outline and of its mirror image.

    What is subtracted is the mean over all directions: the reference's outlines turned about would have no other.
    """
    usual = norm.mean.reshape(TURNS, RINGS).mean(axis=0)
    first, second = a.reshape(TURNS, RINGS) - usual, b.reshape(TURNS, RINGS) - usual
    lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    if lengths <= 1e-12:
        return 0.0
    turning = np.fft.rfft(first, axis=0)
    best = -np.inf
    for other in (second, second[::-1]):
        products = np.fft.irfft((turning * np.conj(np.fft.rfft(other, axis=0))).sum(axis=1), TURNS)
        best = max(best, float(products.max()))
    return float(np.clip(best / lengths, -1.0, 1.0))


def pixel_similarity(
    name: str, a: Mapping[str, Vector], b: Mapping[str, Vector], norms: Mapping[str, Norm]
) -> float:
    """Similarity in [-1, 1] of two images in one of :data:`PIXEL_ATTRIBUTES`: weighted mean of its blocks' cosines.

    Args:
        name: of the attribute.
        a: blocks of one image, as :func:`~lookalike.explain.attributes_pixels.pixel_features` gives them.
        b: blocks of the other.
        norms: block -> norm of the reference.
    """
    blocks = ATTRIBUTES[name].blocks
    total = sum(block.weight for block in blocks)
    return (
        sum(
            block.weight * block_similarity(a[block.name], b[block.name], block, norms[block.name])
            for block in blocks
        )
        / total
    )


def face_similarity(a: list[Face], b: list[Face]) -> float:
    """1 minus the smallest distance of a face of one image to a face of the other; dlib calls 0.4 and more one person.

    Both images must have a face.
    """
    from lookalike.encoders.faces_types import descriptors

    first, second = descriptors(a), descriptors(b)
    away = np.linalg.norm(first[:, np.newaxis] - second[np.newaxis], axis=2)
    return 1.0 - float(away.min())


def face_layout_similarity(a: list[Face], b: list[Face], norm: Norm) -> float:
    """Centred cosine of the landmarks of the largest faces, both of unit size. Both images must have a face."""
    from lookalike.similarity.cues_faces import by_size, landmark_shape

    first, second = landmark_shape(by_size(a)[0]), landmark_shape(by_size(b)[0])
    return cosine_of(first - norm.mean, second - norm.mean)
