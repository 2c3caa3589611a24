"""What a comparator says of every two images that may meet in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.images import ImageLike
from lookalike.training.data_table import Rows, Table
from lookalike.training.learned import learned_hashes

if TYPE_CHECKING:
    from lookalike.progress import Progress
    from lookalike.similarity.comparator import Comparator
    from lookalike.similarity.comparator_space import Prepared


@dataclass(frozen=True)
class Likeness:
    """The log odds of pairs of pictures that are described already.

    Attributes:
        comparator: who is asked.
        described: P pictures, ready for pair scores.
        place: int64 (N,), the place of each picture among them, -1 for one that no training row shows.
    """

    comparator: Comparator
    described: Prepared
    place: Rows

    def between(self, images: Rows, images_a: Rows) -> NDArray[np.float32]:
        """The log odds of every picture of the first with every one of the second: float32 (n, m)."""
        sides = [self.place[rows] for rows in (images, images_a)]
        assert min(side.min() for side in sides) >= 0
        return self.comparator.matrix(*(self.described.take(side) for side in sides))


def likeness_of(
    comparator: Comparator,
    pictures: Sequence[ImageLike],
    images: Rows,
    images_a: Rows,
    progress: Progress | None = None,
) -> Likeness:
    """Describe what batches will ask about.

    Args:
        comparator: who is asked; descriptions of images are kept in the user's cache.
        pictures: N images.
        images: first pictures of the training rows, int64 (n,).
        images_a: second ones.
        progress: called as pictures are described.

    Raises:
        ImageError: a picture cannot be read.
        ComparatorError, EncoderError: the comparator's encoder cannot be had, or is another one.
    """
    shown = np.union1d(images, images_a)
    described = comparator.prepare(comparator.describe([pictures[i] for i in shown], progress=progress))
    place = np.full(len(pictures), -1, dtype=np.int64)
    place[shown] = np.arange(len(shown))
    return Likeness(comparator, described, place)


def knows_held_out(comparator: Comparator, tables: Sequence[Table]) -> tuple[str, ...]:
    """A line for people where the comparator was fitted on pairs that a run holds out."""
    held = [hashes for table in tables if (hashes := learned_hashes(table)) is not None]
    if comparator.fitted is None:
        return (
            "nobody knows which pairs the comparator was fitted on (an older lookalike saved it): fit it anew",
        )
    known = np.intersect1d(np.concatenate(held), comparator.fitted) if held else ()
    if not len(known):
        return ()
    return (
        f"the comparator was fitted on {len(known):,} of the pairs that are held out here: the figures on these are too good; "
        "fit it on the training pairs only",
    )
