"""The vote of the nearest labelled images, its confidence, and leaving images out of their own vote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.gallery.reading import BLOCK_ROWS, ReadableGallery, Selection

RIGHT_KEPT = 0.95
"""The automatic threshold keeps this share of the gallery's own rightly recognised images."""
MOST_COPIES = 64
"""Copies of one image that leave-one-out looks past."""


@dataclass(frozen=True)
class Votes:
    """The vote for n queries.

    Attributes:
        labels: the winner of each, before any threshold; None where no neighbour was found.
        confidence: float64 (n,), in [0, 1].
        nearest: ids int64 (n, k) of the voters, -1 padded.
        distances: float32 (n, k), inf padded.
    """

    labels: tuple[str | None, ...]
    confidence: NDArray[np.float64]
    nearest: NDArray[np.int64]
    distances: NDArray[np.float32]


def vote(distances: NDArray[np.float32], ids: NDArray[np.int64], labels: dict[int, str], k: int) -> Votes:
    """The weighted vote of the k nearest labelled neighbours.

    A neighbour at cosine distance d votes with its similarity s = max(0, 1 - d). A label's score is the sum
    of its votes divided by the number of voters; the best label wins (ties: the one with the nearest voter)
    and its score is the confidence. It lies in [0, 1]: 1 when all voters are identical to the query and
    agree; low when they disagree, and low when they are far away, whatever they say.

    Args:
        distances: float32 (n, m), ascending, inf padded, m >= k.
        ids: int64 (n, m), -1 padded.
        labels: label of each id that may vote.
        k: number of voters.
    """
    winners: list[str | None] = []
    confidence = np.zeros(len(ids), dtype=np.float64)
    for row in range(len(ids)):
        scores: dict[str, float] = {}
        voters = 0
        for id_, distance in zip(ids[row, :k].tolist(), distances[row, :k].tolist(), strict=True):
            if id_ < 0:
                break
            voters += 1
            label = labels[id_]
            scores[label] = scores.get(label, 0.0) + max(0.0, 1.0 - distance)
        # max() returns the first of equals, and dicts keep the order of arrival: the nearest voter's label.
        best = max(scores, key=lambda name: scores[name]) if scores else None
        winners.append(best)
        confidence[row] = min(1.0, scores[best] / voters) if best is not None else 0.0
    return Votes(tuple(winners), confidence, ids[:, :k], distances[:, :k])


def leave_one_out(gallery: ReadableGallery, voters: Selection, truth: list[str], k: int) -> Votes:
    """The vote for each labelled image by all others; files of the same bytes do not vote for one another."""
    contents = voters.columns["content"]
    copies: dict[str, int] = {}
    for content in contents:
        copies[content] = copies.get(content, 0) + 1
    most = min(max(copies.values()), MOST_COPIES)
    code = {content: number for number, content in enumerate(copies)}
    own = np.array([code[content] for content in contents], dtype=np.int64)
    labels = dict(zip(voters.ids.tolist(), truth, strict=True))

    def hide(part: slice, found: NDArray[np.int64]) -> NDArray[np.bool_]:
        position = np.minimum(np.searchsorted(voters.ids, found), len(voters) - 1)
        return np.asarray((own[position] == own[part, None]) & (found >= 0))

    return vote_in_blocks(gallery, voters.matrix, voters, labels, k, extra=most, hide=hide)


def vote_in_blocks(
    gallery: ReadableGallery,
    vectors: NDArray[np.float32],
    voters: Selection,
    labels: dict[int, str],
    k: int,
    *,
    extra: int = 0,
    hide: Callable[[slice, NDArray[np.int64]], NDArray[np.bool_]] | None = None,
) -> Votes:
    """Vote for all vectors; ``hide`` says which of k + extra neighbours found may not vote."""
    n = len(vectors)
    ids = np.full((n, k), -1, dtype=np.int64)
    distances = np.full((n, k), np.inf, dtype=np.float32)
    for start in range(0, n, BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        near, found = gallery.nearest(vectors[part], k + extra, ids=voters.candidates)
        near = np.maximum(near, 0.0)
        if hide is not None:
            hidden = hide(part, found)
            near, found = np.where(hidden, np.inf, near), np.where(hidden, -1, found)
        order = np.argsort(near, axis=1, kind="stable")[:, :k]
        ids[part] = np.take_along_axis(found, order, axis=1)
        distances[part] = np.take_along_axis(near, order, axis=1)
    return vote(distances, ids, labels, k)


def automatic_unknown(truth: Sequence[str], votes: Votes) -> tuple[float, str]:
    """The confidence that 95 % of the rightly recognised images reach, and a sentence that says so."""
    right = [c for t, p, c in zip(truth, votes.labels, votes.confidence, strict=True) if t == p]
    if not right:
        return 0.0, "no image of the gallery is recognised by its neighbours: nothing is called unknown"
    threshold = float(np.quantile(np.asarray(right), 1.0 - RIGHT_KEPT, method="lower"))
    return threshold, (
        f"unknown below {threshold:.3f}: {RIGHT_KEPT:.0%} of the {len(right):,} images of the gallery that "
        f"their neighbours recognise rightly are at least that certain"
    )
