"""What a comparator says of every two images that may meet in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.images import ImageLike
from lookalike.training.data_table import Rows

if TYPE_CHECKING:
    from lookalike.progress import Progress
    from lookalike.similarity.comparator import Comparator


@dataclass(frozen=True)
class Likeness:
    """Log odds of pairs, kept for all first images with all second images of the training rows.

    Attributes:
        matrix: float32 (l, r).
        left: int64 (N,), the matrix's row of each picture, -1 for one that is never first.
        right: int64 (N,), its column, -1 for one that is never second.
    """

    matrix: NDArray[np.float32]
    left: Rows
    right: Rows

    def between(self, images: Rows, images_a: Rows) -> NDArray[np.float32]:
        """The log odds of every picture of the first with every one of the second: float32 (n, m)."""
        return self.matrix[np.ix_(self.left[images], self.right[images_a])]


def likeness_of(
    comparator: Comparator,
    pictures: Sequence[ImageLike],
    images: Rows,
    images_a: Rows,
    progress: Progress | None = None,
) -> Likeness:
    """Ask a comparator once about everything that batches will ask.

    Args:
        comparator: who is asked; descriptions of images are kept in the user's cache.
        pictures: N images.
        images: first pictures of the training rows, int64 (n,).
        images_a: second ones.
        progress: called as pictures are described and compared.

    Raises:
        ImageError: a picture cannot be read.
        ComparatorError, EncoderError: the comparator's encoder cannot be had, or is another one.
    """
    first, second = np.unique(images), np.unique(images_a)
    shown = np.union1d(first, second)
    described = comparator.prepare(comparator.describe([pictures[i] for i in shown], progress=progress))
    sides = [described.take(np.searchsorted(shown, side)) for side in (first, second)]
    matrix = comparator.matrix(sides[0], sides[1], progress=progress)
    places = []
    for side in (first, second):
        place = np.full(len(pictures), -1, dtype=np.int64)
        place[side] = np.arange(len(side))
        places.append(place)
    return Likeness(matrix, places[0], places[1])
