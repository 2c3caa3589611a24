"""Groups in which every two images are close: components of the neighbour graph, chains cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.gallery.duplicate_layout import disagreeing
from lookalike.gallery.reading import BLOCK_ROWS, ReadableGallery

NEIGHBOURS = (32, 256, 2048)
"""Neighbours asked for; only the images whose list is full within the threshold are asked again with more."""
FAR = 4.0
"""Farther than any cosine distance: what keeps two images out of one group."""
LINKAGE_LIMIT = 3000
"""Largest component that complete linkage takes (36 MB of distances); larger ones are cut into balls."""


@dataclass(frozen=True)
class CloseGroups:
    """What :func:`close_groups` found.

    Attributes:
        groups: ascending positions into the ids, two or more in each, ordered by their first position.
        left_out: how many images have a neighbour within the threshold but are in no group.
        refused: pairs that the second look refused.
        unlooked: images in components of more than ``LINKAGE_LIMIT``, where no second look was taken.
    """

    groups: list[list[int]]
    left_out: int = 0
    refused: int = 0
    unlooked: int = 0


def close_groups(
    gallery: ReadableGallery,
    ids: NDArray[np.int64],
    matrix: NDArray[np.float32],
    threshold: float,
    candidates: NDArray[np.int64] | None = None,
    *,
    second_look: bool = False,
) -> CloseGroups:
    """Groups of images of which any two are at most ``threshold`` apart.

    Args:
        gallery: answers the neighbour queries.
        ids: int64 (n,), ascending.
        matrix: float32 (n, d), unit rows, in the order of ids.
        threshold: largest cosine distance within a group.
        candidates: ids to search among; None = the whole gallery, which then holds just ``ids``.
        second_look: also compare the small pictures of each pair (:mod:`lookalike.gallery.duplicate_layout`); in a
            component of more than ``LINKAGE_LIMIT`` images only the vectors count, and its images are counted.
    """
    first, second = neighbour_pairs(gallery, ids, matrix, threshold, candidates)
    if not first.size:
        return CloseGroups([])
    groups: list[list[int]] = []
    linked = refused = unlooked = 0
    for component in components(first, second, len(ids)):
        linked += len(component)
        apart = None
        if second_look and len(component) > LINKAGE_LIMIT:
            unlooked += len(component)
        elif second_look:
            apart = _refused(gallery, ids[component], matrix[component], threshold)
            refused += int(apart.sum()) // 2
        groups.extend(split(component, matrix, threshold, apart))
    groups.sort()
    return CloseGroups(groups, linked - sum(map(len, groups)), refused, unlooked)


def _refused(
    gallery: ReadableGallery, ids: NDArray[np.int64], matrix: NDArray[np.float32], threshold: float
) -> NDArray[np.bool_]:
    """Pairs of one component within the threshold that a look at their small pictures refuses: bool (n, n), symmetric."""
    close = np.triu(1.0 - matrix @ matrix.T <= threshold, 1)
    return disagreeing(gallery, ids, close | close.T)


def neighbour_pairs(
    gallery: ReadableGallery,
    ids: NDArray[np.int64],
    matrix: NDArray[np.float32],
    threshold: float,
    candidates: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs within the threshold, as two int64 arrays of positions into ids (a pair may come twice)."""
    firsts: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    seconds: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    asked = np.arange(len(ids))
    for k in NEIGHBOURS:
        full: list[NDArray[np.int64]] = []
        for start in range(0, len(asked), BLOCK_ROWS):
            rows = asked[start : start + BLOCK_ROWS]
            distances, found = gallery.nearest(matrix[rows], min(k, len(ids)), ids=candidates)
            close = (distances <= threshold) & (found >= 0)
            full.append(rows[close.all(axis=1)])
            row, column = np.nonzero(close)
            target = found[row, column]
            position = np.minimum(np.searchsorted(ids, target), len(ids) - 1)
            keep = (ids[position] == target) & (position != rows[row])
            firsts.append(rows[row[keep]])
            seconds.append(position[keep])
        asked = np.concatenate(full) if full else np.empty(0, dtype=np.int64)
        if not asked.size or k >= len(ids):
            break
    return np.concatenate(firsts), np.concatenate(seconds)


def components(first: NDArray[np.int64], second: NDArray[np.int64], n: int) -> list[NDArray[np.int64]]:
    """Connected components of two or more positions, each ascending, ordered by their first position."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return sorted((part for part in np.split(order, cuts) if len(part) > 1), key=lambda part: int(part[0]))


def split(
    component: NDArray[np.int64],
    matrix: NDArray[np.float32],
    threshold: float,
    apart: NDArray[np.bool_] | None = None,
) -> list[list[int]]:
    """Cut a component into groups of diameter <= threshold (ascending positions; single images left out).

    ``apart``: bool (m, m), symmetric: pairs of the component that must not come into one group.
    """
    if len(component) > LINKAGE_LIMIT:
        parts = _balls(component, matrix, threshold)
    else:
        vectors = matrix[component]
        distances = np.clip(1.0 - vectors @ vectors.T, 0.0, 2.0).astype(np.float32)
        if apart is not None:
            distances[apart] = FAR
        parts = [component[part] for part in _complete_linkage(distances, threshold)]
    return [sorted(int(i) for i in part) for part in parts if len(part) > 1]


def _complete_linkage(distances: NDArray[np.float32], threshold: float) -> list[NDArray[np.int64]]:
    """Clusters of complete linkage cut at ``threshold``: the largest distance inside each is at most that."""
    if float(distances.max()) <= threshold:
        return [np.arange(len(distances))]
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    np.fill_diagonal(distances, 0.0)
    condensed = squareform((distances + distances.T) / 2, checks=False)
    label = fcluster(linkage(condensed, method="complete"), threshold, criterion="distance")
    return [np.flatnonzero(label == value) for value in np.unique(label)]


def _balls(
    component: NDArray[np.int64], matrix: NDArray[np.float32], threshold: float
) -> list[NDArray[np.int64]]:
    """Balls of half the threshold's angle around successive images: any two in one are within the threshold.

    Angles obey the triangle inequality, cosine distances do not. Time grows with images x balls, memory
    with images.
    """
    radius = 1.0 - np.cos(np.arccos(np.clip(1.0 - threshold, -1.0, 1.0)) / 2)
    left = component
    parts = []
    while left.size:
        near = 1.0 - matrix[left] @ matrix[left[0]] <= radius
        near[0] = True
        parts.append(left[near])
        left = left[~near]
    return parts
