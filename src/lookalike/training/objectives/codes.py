"""Binary codes in NumPy: packing, Hamming distances and what a search within a radius finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.errors import TrainingError


def binary_codes(embeddings: ArrayLike) -> NDArray[np.uint8]:
    """Signs of embeddings, eight to a byte.

    Args:
        embeddings: (n, bits), bits a multiple of 8; a bit is 1 where the number is above 0.

    Returns:
        uint8 (n, bits / 8), the first bit being the highest of the first byte.

    Raises:
        TrainingError: another shape, or a number that is not finite.
    """
    vectors = np.asarray(embeddings)
    if vectors.ndim != 2 or vectors.shape[1] == 0 or vectors.shape[1] % 8:
        raise TrainingError(
            f"binary_codes needs embeddings (n, bits) with bits a multiple of 8, got {vectors.shape}"
        )
    if not np.isfinite(vectors).all():
        raise TrainingError("binary_codes: an embedding holds a number that is not finite")
    return np.packbits(vectors > 0, axis=1)


def hamming_distances(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Bits that differ: packed codes (n, k), (m, k) -> int32 (n, m).

    Raises:
        TrainingError: codes of different lengths, or no packed codes.
    """
    if a.dtype != np.uint8 or b.dtype != np.uint8 or a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise TrainingError(
            f"hamming_distances needs packed codes uint8 (n, k) and (m, k), got {a.dtype} {a.shape} and "
            f"{b.dtype} {b.shape}"
        )
    # The product of +-1 vectors counts agreements minus disagreements, exactly in float32 below 2^24 bits.
    bits = 8 * a.shape[1]
    signs_a, signs_b = (2 * np.unpackbits(codes, axis=1).astype(np.float32) - 1 for codes in (a, b))
    different: NDArray[np.int32] = ((bits - signs_a @ signs_b.T) / 2).astype(np.int32)
    return different


@dataclass(frozen=True)
class HammingRecall:
    """What a search within a Hamming radius finds, averaged over queries.

    Attributes:
        radius: most bits that may differ.
        recall: mean share of a query's alike images that lie within the radius; queries without any are left out.
        precision: mean share of what lies within the radius that is alike; a query that finds nothing counts 0,
            as in the papers on hashing.
        returned: mean number of images within the radius.
        queries: how many queries have an alike image.
    """

    radius: int
    recall: float
    precision: float
    returned: float
    queries: int


def hamming_recall(
    queries: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    query_labels: ArrayLike,
    labels: ArrayLike,
    *,
    radius: int = 2,
    block: int = 1024,
) -> HammingRecall:
    """Recall and precision of a search within ``radius``; alike are images with the same label.

    When ``codes`` is the same array as ``queries``, an image does not find itself.

    Args:
        queries: packed codes (n, k).
        codes: packed codes (m, k) that are searched.
        query_labels: (n,) integers; for pairs, the pair's number.
        labels: (m,) integers.
        radius: in bits.
        block: queries compared at a time; memory is block x m x 4 bytes.

    Raises:
        TrainingError: shapes do not fit, or no query has an alike image.
    """
    wanted, there = np.asarray(query_labels), np.asarray(labels)
    if wanted.shape != (len(queries),) or there.shape != (len(codes),):
        raise TrainingError(
            f"hamming_recall: {len(queries)} queries with labels {wanted.shape}, {len(codes)} codes with labels "
            f"{there.shape}; one label for each"
        )
    itself = queries is codes
    recalls, precisions, counts = [], [], []
    for start in range(0, len(queries), block):
        rows = slice(start, start + block)
        within = hamming_distances(queries[rows], codes) <= radius
        alike = wanted[rows][:, None] == there[None]
        if itself:
            own = np.arange(len(within))
            within[own, own + start] = alike[own, own + start] = False
        of_interest = alike.sum(axis=1) > 0
        found, hits = within.sum(axis=1)[of_interest], (within & alike).sum(axis=1)[of_interest]
        recalls.append(hits / alike.sum(axis=1)[of_interest])
        precisions.append(hits / np.maximum(found, 1))
        counts.append(found)
    if sum(map(len, counts)) == 0:
        raise TrainingError("hamming_recall: no query has an image with the same label among the codes")
    recall, precision, returned = (np.concatenate(parts) for parts in (recalls, precisions, counts))
    return HammingRecall(
        radius, float(recall.mean()), float(precision.mean()), float(returned.mean()), len(recall)
    )
