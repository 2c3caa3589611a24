"""Do the items of a study share enough images for one scale or one map of them?

A scale (Bradley and Terry) or an embedding puts all images on common axes. That needs answers that tie them together:
where each item has images of its own, as in the Totally-Looks-Like and NIGHTS studies, nothing relates one item's images
to another's, and any numbers that an optimiser returns are its starting point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lookalike.errors import StudyError


def index_images(rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[int]]]:
    """(images in order of appearance, each row's images as positions)."""
    place: dict[str, int] = {}
    coded = [[place.setdefault(content, len(place)) for content in row] for row in rows]
    return list(place), coded


def refuse_separate(rows: Sequence[Sequence[int]], images: int, what: str) -> None:
    """Raise unless all images hang together through items that share them.

    Args:
        rows: images of each item, as positions.
        images: how many there are.
        what: what was asked for, for the message.

    Raises:
        StudyError: they fall apart into several groups; says how many, and why that matters.
    """
    groups = components(rows, images)
    if groups > 1:
        raise StudyError(
            f"{what} is not computed: the {images} images fall into {groups} groups that no item connects (items do not share "
            "their images), so nothing says how one group stands to another; use a design in which images come back"
        )


def components(rows: Sequence[Sequence[int]], images: int) -> int:
    """In how many groups the images fall when those of one item belong together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs = [(row[0], other) for row in rows for other in row[1:]]
    if not pairs:
        return images
    a, b = np.array(pairs).T
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(images, images))
    return int(connected_components(graph, directed=False)[0])


def refuse_few(answers: int, images: int, dimensions: int, what: str) -> None:
    """Raise where there are fewer answers than n d log2 n, below which an embedding is not determined.

    Raises:
        StudyError: too few; says how many are wanted.
    """
    wanted = int(np.ceil(images * dimensions * np.log2(max(images, 2))))
    if answers < wanted:
        raise StudyError(
            f"{what} is not computed: {images} images in {dimensions} dimensions need {wanted:,} comparisons or more "
            f"(n d log2 n), and there are {answers:,}"
        )
