"""The second stage of a search: a comparator looks at query and hit together and puts the hits in its order."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np

from lookalike.errors import InvalidArgument, LookalikeError
from lookalike.gallery.hits import Hits
from lookalike.images import ImageLike, open_source
from lookalike.images.presence import holding_file

if TYPE_CHECKING:
    from lookalike.similarity.comparator import Comparator

Rerank: TypeAlias = Union["Comparator", str, os.PathLike[str]]
"""A comparator, or the folder of a saved one."""

SCORE = "comparator_score"
"""Name under which a hit's row holds the comparator's log odds (null: its file could not be read)."""


def reranked(hits: Hits, images: Sequence[ImageLike], rerank: Rerank, k: int) -> Hits:
    """The hits in the comparator's order, the k best of them; distances stay those of the embedding.

    Several query images count by the mean of their scores. Files that cannot be read any more come last.

    Raises:
        InvalidArgument: there is no query image to look at.
        ComparatorError: the comparator cannot be loaded.
        MissingDependency: it looks at faces and dlib is not installed.
    """
    if not images:
        raise InvalidArgument("a comparator looks at the query image; search by an image to use rerank")
    from lookalike.similarity.comparator import Comparator

    started = time.perf_counter()
    comparator = rerank if isinstance(rerank, Comparator) else Comparator.load(rerank)
    found = images_of(hits.paths)
    scores = np.zeros((len(images), len(hits)))
    for row, image in enumerate(images):
        for place in comparator.rerank(image, found):
            scores[row, place.position] = np.nan if place.score is None else place.score
    mean = scores.mean(axis=0)
    order = np.argsort(-np.where(np.isnan(mean), -np.inf, mean), kind="stable")[:k]
    rows = []
    for rank, place in enumerate(order.tolist(), start=1):
        score = None if np.isnan(mean[place]) else float(mean[place])
        rows.append(replace(hits[place], rank=rank, row={**hits[place].row, SCORE: score}))
    kept = {hit.id: hits.thumbnails[hit.id] for hit in rows if hit.id in hits.thumbnails}
    seconds = hits.seconds + time.perf_counter() - started
    return replace(hits, rows=tuple(rows), seconds=seconds, thumbnails=kept)


def images_of(paths: Sequence[str]) -> list[ImageLike]:
    """What to read for each path of a gallery: the file, or the archive's member; each archive is opened once.

    A member that is no longer there stays its path, which nothing can be read from.
    """
    archives: dict[str, set[str]] = {}
    for path in paths:
        if (file := holding_file(path)) != path:
            archives.setdefault(file, set()).add(path)
    members: dict[str, ImageLike] = {}
    for file, wanted in archives.items():
        try:
            members.update((ref.name, ref) for ref in open_source(file, hidden=True) if ref.name in wanted)
        except LookalikeError:
            continue  # the archive was moved or is damaged
    return [members.get(path, path) for path in paths]
