"""Which rows are trained on and which are held out: by row, by image, by connected component, by a given column.

What a split keeps apart decides what its score means. By row, every image of a held-out row may have been seen in
training: the score says how well other judgments about known images are foretold. By image, a held-out image is in
no training row: the score holds for new images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import TrainingError

Rows = NDArray[np.int64]

WAYS = ("row", "image", "component", "column")
TRAIN_NAMES = ("train", "training")
VALIDATION_NAMES = ("validation", "val", "valid", "dev", "test")


@dataclass(frozen=True)
class Split:
    """Positions of rows, ascending, no row in both.

    Attributes:
        train: int64 (n_train,).
        validation: int64 (n_validation,).
        dropped: rows in neither, because they show images of both sides.
        by: one of :data:`WAYS`, or ``file`` where the two sides are two tables.
    """

    train: Rows
    validation: Rows
    dropped: int = 0
    by: str = "row"

    def describe(self) -> str:
        """One line for people."""
        dropped = f", {self.dropped:,} dropped because they show images of both sides" if self.dropped else ""
        return f"split by {self.by}: {len(self.train):,} train, {len(self.validation):,} validation{dropped}"


def make_split(
    by: str,
    images: Rows,
    share: float,
    seed: int,
    *,
    given: Sequence[Any] | None = None,
    links: Rows | None = None,
) -> Split:
    """One split by the way named.

    Args:
        by: ``row``, ``image``, ``component`` or ``column``.
        images: int64 (n, k), the numbers of the images that each row shows.
        share: of the rows (``row``, ``component``) or of the images (``image``) to hold out, in (0, 1).
        seed: the same arguments give the same split.
        given: (n,) for ``column``: the names of the sides.
        links: int64 (m, 2) for ``component``: images that count as one (near-duplicates).

    Raises:
        TrainingError: an unknown way, a share outside (0, 1), or a side without rows: says what to change.
    """
    if by == "column":
        return by_column(given)
    if not 0 < share < 1:
        raise TrainingError(f"data.validation_share must lie between 0 and 1 (say 0.1), got {share:g}")
    if by == "row":
        return _refuse_empty(_row_folds(len(images), share, seed), images, share)
    if by == "image":
        return _refuse_empty(_hold_out_images(images, _some_images(images, share, seed)), images, share)
    if by == "component":
        return _refuse_empty(_by_component(images, share, seed, links), images, share)
    raise TrainingError(f"data.split_by is {by!r}; choose from: {', '.join(WAYS)}")


def k_folds(by: str, images: Rows, k: int, seed: int, *, links: Rows | None = None) -> list[Split]:
    """k splits for cross-validation; every row (``row``, ``component``) or image (``image``) is held out once.

    By image, a row whose images lie in several folds is held out in none of them and dropped where it mixes.

    Raises:
        TrainingError: fewer than 2 folds, more folds than things to spread, an unknown way, or an empty side.
    """
    if by not in ("row", "image", "component"):
        raise TrainingError(f"folds are made by row, image or component, not by {by!r}")
    of_row = components(images, links) if by == "component" else np.arange(len(images))
    things = np.unique(images) if by == "image" else np.unique(of_row)
    if k < 2 or k > len(things):
        raise TrainingError(
            f"cross-validation by {by} needs 2 to {len(things)} folds (there are so many to spread), got {k}"
        )
    order = np.random.default_rng([seed, 1]).permutation(things)
    if by == "image":
        return [_checked_fold(_hold_out_images(images, np.sort(order[fold::k])), fold) for fold in range(k)]
    sizes = np.bincount(of_row)
    # Largest first onto the emptiest fold, ties in the shuffled order, so that the folds are about equal.
    fold_of, filled = np.zeros(len(sizes), dtype=np.int64), np.zeros(k, dtype=np.int64)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of[group] = int(filled.argmin())
        filled[fold_of[group]] += sizes[group]
    held = fold_of[of_row]
    return [
        _checked_fold(Split(np.flatnonzero(held != fold), np.flatnonzero(held == fold), 0, by), fold)
        for fold in range(k)
    ]


def by_column(given: Sequence[Any] | None) -> Split:
    """Rows whose cell says train, and rows whose cell says validation, val, valid, dev or test; others in neither.

    Where both a validation and a test side exist, validation counts and test is left untouched.

    Raises:
        TrainingError: no such column, or a side without rows.
    """
    if given is None or all(cell is None for cell in given):
        raise TrainingError(
            "data.split_by = 'column' needs a column named split in the table; use 'row' or 'image', or add it"
        )
    cells = [str(cell).strip().lower() if cell is not None else "" for cell in given]
    train = np.array([i for i, cell in enumerate(cells) if cell in TRAIN_NAMES], dtype=np.int64)
    named = next((name for name in VALIDATION_NAMES if name in cells), None)
    held = np.array([i for i, cell in enumerate(cells) if cell == named], dtype=np.int64)
    if not len(train) or not len(held):
        found = ", ".join(sorted(set(cells) - {""}))
        missing = "train" if not len(train) else "validation"
        raise TrainingError(
            f"the column split names no {missing} rows (it holds: {found}); its cells must be train and "
            "validation (or val, test), or choose data.split_by = 'row'"
        )
    return Split(train, held, 0, "column")


def components(images: Rows, links: Rows | None = None) -> Rows:
    """Number of the connected component of each row, counted from 0 in order of the smallest image: int64 (n,).

    Two rows belong together when they share an image, or images that ``links`` (m, 2) joins, or through others.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(images):
        return np.zeros(0, dtype=np.int64)
    edges = [np.stack([images[:, 0], images[:, column]], axis=1) for column in range(images.shape[1])]
    if links is not None and len(links):
        edges.append(np.asarray(links, dtype=np.int64))
    joined = np.concatenate(edges)
    count = int(joined.max()) + 1
    graph = coo_matrix(
        (np.ones(len(joined), dtype=np.int8), (joined[:, 0], joined[:, 1])), shape=(count, count)
    )
    of_image = connected_components(graph, directed=False)[1]
    _, numbers = np.unique(of_image[images[:, 0]], return_inverse=True)
    return np.asarray(numbers, dtype=np.int64)


def near_links(embeddings: NDArray[np.float32], threshold: float) -> Rows:
    """Pairs (i < j) of images whose cosine distance is at most ``threshold``: int64 (m, 2)."""
    from lookalike.similarity import distance_blocks

    found = []
    for rows, columns, block in distance_blocks(embeddings, embeddings, "cosine"):
        i, j = np.nonzero(block <= threshold)
        i, j = i + rows.start, j + columns.start
        found.append(np.stack([i[i < j], j[i < j]], axis=1))
    return np.concatenate(found).astype(np.int64) if found else np.zeros((0, 2), dtype=np.int64)


def _row_folds(n: int, share: float, seed: int) -> Split:
    order = np.random.default_rng([seed, 0]).permutation(n)
    held = round(share * n)
    return Split(np.sort(order[held:]), np.sort(order[:held]), 0, "row")


def _some_images(images: Rows, share: float, seed: int) -> Rows:
    distinct = np.unique(images)
    order = np.random.default_rng([seed, 0]).permutation(distinct)
    return np.sort(order[: round(share * len(distinct))])


def _hold_out_images(images: Rows, held: Rows) -> Split:
    """Rows of held-out images only are validation, rows of others only are training, mixed ones are dropped."""
    inside = np.isin(images, held)
    all_held, none_held = inside.all(axis=1), ~inside.any(axis=1)
    dropped = len(images) - int(all_held.sum()) - int(none_held.sum())
    return Split(np.flatnonzero(none_held), np.flatnonzero(all_held), dropped, "image")


def _by_component(images: Rows, share: float, seed: int, links: Rows | None) -> Split:
    of_row = components(images, links)
    sizes = np.bincount(of_row)
    wanted, taken = round(share * len(images)), np.zeros(len(sizes), dtype=bool)
    filled = 0
    for group in np.random.default_rng([seed, 0]).permutation(len(sizes)):
        if filled + sizes[group] <= wanted:
            taken[group] = True
            filled += int(sizes[group])
    return Split(np.flatnonzero(~taken[of_row]), np.flatnonzero(taken[of_row]), 0, "component")


def _refuse_empty(split: Split, images: Rows, share: float) -> Split:
    if len(split.train) and len(split.validation):
        return split
    missing = "training" if not len(split.train) else "validation"
    change = "lower" if missing == "training" else "raise"
    other = {"row": "give more rows", "image": "choose data.split_by = 'row'"}.get(
        split.by, "choose data.split_by = 'row' (the rows hang together through the images that they share)"
    )
    raise TrainingError(
        f"the split by {split.by} leaves no {missing} rows ({len(images):,} rows of "
        f"{len(np.unique(images)):,} images, {split.dropped:,} of them mix both sides): "
        f"{change} data.validation_share (now {share:g}) or {other}"
    )


def _checked_fold(split: Split, fold: int) -> Split:
    if len(split.train) and len(split.validation):
        return split
    missing = "training" if not len(split.train) else "validation"
    raise TrainingError(
        f"fold {fold + 1} by {split.by} has no {missing} rows ({split.dropped:,} rows mix images of both sides): "
        "use fewer folds or folds by row"
    )
