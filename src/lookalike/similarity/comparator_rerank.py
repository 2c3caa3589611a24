"""Two-stage retrieval: an embedding finds the first n, a comparator puts them in a better order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lookalike.errors import ImageError, InvalidArgument
from lookalike.images import ImageLike
from lookalike.similarity.comparator import Comparator
from lookalike.similarity.comparator_space import Prepared


@dataclass(frozen=True)
class Reranked:
    """One hit in its new place.

    Attributes:
        position: where it stood before, from 0.
        score: the comparator's log odds; None where the image cannot be read any more.
    """

    position: int
    score: float | None


def rerank(
    comparator: Comparator, query: ImageLike, hits: Sequence[ImageLike], *, cache: bool = True
) -> list[Reranked]:
    """Put the hits of a search in the comparator's order, most alike first.

    Hits that cannot be read any more (a file was moved) come last, in their old order.

    Args:
        comparator: fitted or loaded.
        query: what was searched for.
        hits: images in the order of the search; their number is what a search pays for.
        cache: look embeddings up in, and add them to, the user's cache.

    Raises:
        ImageError: the query cannot be read.
    """
    if isinstance(hits, str | bytes):
        raise InvalidArgument("hits are a sequence of images, got a single one")
    if not hits:
        return []
    asked = comparator.prepare([query], cache=cache)
    try:
        scores = list(comparator.matrix(asked, comparator.prepare(list(hits), cache=cache))[0])
        placed: list[float | None] = [float(score) for score in scores]
    except ImageError:
        placed = [_one(comparator, asked, hit, cache) for hit in hits]
    order = sorted(range(len(hits)), key=lambda i: (placed[i] is None, -(placed[i] or 0.0), i))
    return [Reranked(i, placed[i]) for i in order]


def _one(comparator: Comparator, asked: Prepared, hit: ImageLike, cache: bool) -> float | None:
    try:
        return float(comparator.matrix(asked, comparator.prepare([hit], cache=cache))[0, 0])
    except ImageError:
        return None
