"""Which pairs (or triplets) something was fitted on, kept as hashes: figures on those are no measurement."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.content import identify
from lookalike.images import ImageLike


def pair_hashes(left: Sequence[str], right: Sequence[str]) -> NDArray[np.uint64]:
    """Each pair of content ids as a number, the same for (a, b) and (b, a): uint64 (n,).

    64 bits of a sha256: among 10,000 fitted and 10,000 other pairs one is mistaken for another once in 10¹¹ tables.
    """
    joined = (" ".join(sorted(pair)).encode() for pair in zip(left, right, strict=True))
    digests = b"".join(hashlib.sha256(pair).digest()[:8] for pair in joined)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def triplet_hashes(reference: Sequence[str], a: Sequence[str], b: Sequence[str]) -> NDArray[np.uint64]:
    """The same of triplets, whichever of the two others is called a: uint64 (n,). Not those of the pairs within them."""
    rows = zip(reference, a, b, strict=True)
    joined = (" ".join([first, *sorted(others)]).encode() for first, *others in rows)
    digests = b"".join(hashlib.sha256(triplet).digest()[:8] for triplet in joined)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def hashes_of_images(left: Sequence[ImageLike], right: Sequence[ImageLike]) -> NDArray[np.uint64]:
    """As :func:`pair_hashes`, of images that are still to be read, each pair once, in ascending order.

    Raises:
        ImageError: an image cannot be read.
    """
    contents = [[identify(image)[0] for image in side] for side in (left, right)]
    return np.unique(pair_hashes(contents[0], contents[1]))


def count_fitted(fitted: NDArray[np.uint64], left: Sequence[str], right: Sequence[str]) -> int:
    """How many of these pairs of content ids are among the fitted ones, either way round."""
    return int(np.isin(pair_hashes(left, right), fitted).sum())
