"""Paired occlusion: what hiding a place of one image costs the likeness to the other, for any encoder."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.errors import ExplainError
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.explain.maps import PairMap
from lookalike.explain.occlusion_views import Mask, View, embed_hidden, open_pair
from lookalike.images import ImageLike
from lookalike.progress import Progress

GRID = 7
"""Cells a side of the coarse map."""

WINDOW = 2
"""Side of the hidden window, in cells."""

REFINED = 1 / 3
"""Share of the coarse cells that are looked at again with windows of half the side."""

LARGEST_GRID = 64


def occlusion(
    a: ImageLike,
    b: ImageLike,
    encoder: Encoder,
    mean: CorpusMean,
    *,
    grid: int = GRID,
    window: int = WINDOW,
    coarse_to_fine: bool = True,
    batch: int | None = None,
    progress: Progress | None = None,
) -> PairMap:
    """Where in either image the likeness of the two comes from, by hiding one place after the other.

    A window of one image is blurred, the other image stays whole; the fall of the corpus-centred cosine is shared
    evenly by the cells of the window, and each cell gets the mean over all windows that cover it. Then the same for
    the other image. It asks the encoder for embeddings only, so any encoder will do: networks, ensembles, functions.

    Args:
        a, b: anything :func:`lookalike.images.decode` takes.
        encoder: what gives the embeddings.
        mean: corpus mean of this encoder.
        grid: cells a side of the coarse grid.
        window: side of the hidden window in cells; windows overlap and step by one cell.
        coarse_to_fine: the cells with the largest shares (:data:`REFINED`) are looked at again with windows of
            half the side; the maps then have twice the cells a side. What they got in sum stays.
        batch: images handed to the encoder at once; None takes the encoder's own batch size.
        progress: called with ("occlusion", embeddings done, embeddings in all).

    Returns:
        A :class:`~lookalike.explain.maps.PairMap` with maps of ``grid`` cells a side, twice that when
        ``coarse_to_fine``. Above zero: hiding the place makes the two less alike.

    Raises:
        ImageError: an image cannot be read.
        ExplainError: the mean is another encoder's, the encoder gives no numbers for an image, or sizes that make no
            grid.
    """
    if not (1 <= window < grid <= LARGEST_GRID):
        raise ExplainError(
            f"occlusion needs 1 <= window < grid <= {LARGEST_GRID}, got window {window} and grid {grid}"
        )
    started = time.perf_counter()
    mean.check(encoder)
    first, second, vectors = open_pair(a, b, encoder)
    coarse = _windows(grid, window)
    refined = max(1, round(REFINED * grid * grid)) if coarse_to_fine else 0
    # How many fine windows there will be is known only when the coarse map is; the bar is put right then.
    counter = _Counter(progress, 2 * (len(coarse) + 4 * refined))
    maps = []
    for view, other in ((first, second.vector), (second, first.vector)):
        hide = _Hiding(view, other, encoder, mean, batch, counter)
        shares = _shares(hide.costs(coarse), np.array(coarse))
        if coarse_to_fine:
            shares = _refine(shares, hide, window, refined)
        maps.append(shares.astype(np.float32))
    counter.finish()
    return PairMap(
        method="occlusion",
        a_map=maps[0],
        b_map=maps[1],
        score=float(centred_cosine(vectors[0], vectors[1], mean)),
        base=float(centred_cosine(vectors[0], vectors[1], np.zeros_like(mean.mean))),
        encoder=encoder.card.name,
        seconds=time.perf_counter() - started,
        a_box=first.box,
        b_box=second.box,
        passes=counter.done + 4,
    )


class _Counter:
    """Counts embeddings for the progress bar."""

    def __init__(self, progress: Progress | None, expected: int) -> None:
        self.progress, self.expected, self.done = progress, expected, 0

    def add(self, count: int) -> None:
        self.done += count
        if self.progress is not None:
            self.progress("occlusion", self.done, max(self.expected, self.done))

    def finish(self) -> None:
        if self.progress is not None and self.done < self.expected:
            self.progress("occlusion", self.done, self.done)


class _Hiding:
    """One image hidden in part, the other whole."""

    def __init__(
        self,
        view: View,
        other: NDArray[np.float32],
        encoder: Encoder,
        mean: CorpusMean,
        batch: int | None,
        counter: _Counter,
    ) -> None:
        self.view, self.other, self.encoder, self.mean = view, other, encoder, mean
        self.batch, self.counter = batch, counter
        self.whole = float(centred_cosine(view.vector, other, mean))

    def costs(self, masks: list[Mask]) -> NDArray[np.float64]:
        """float64 (n,): how much less alike the two are with each mask hidden."""
        scores = []
        for vectors in embed_hidden(self.view, masks, self.encoder, self.batch):
            # Where nothing is left that the encoder knows, nothing is shared either.
            scores.append(np.nan_to_num(centred_cosine(vectors, self.other, self.mean), nan=0.0))
            self.counter.add(len(vectors))
        return self.whole - np.concatenate(scores)


def _windows(grid: int, window: int) -> list[Mask]:
    """All places of a window on a grid, stepping by one cell."""
    places = range(grid - window + 1)
    masks = []
    for row in places:
        for column in places:
            mask = np.zeros((grid, grid), dtype=bool)
            mask[row : row + window, column : column + window] = True
            masks.append(mask)
    return masks


def _shares(costs: NDArray[np.float64], masks: Mask) -> NDArray[np.float64]:
    """Each window's cost shared evenly by its cells; a cell gets the mean over its windows, NaN without any."""
    each = costs / masks.sum(axis=(1, 2))
    covered = masks.sum(axis=0)
    total = np.einsum("n,nhw->hw", each, masks.astype(np.float64))
    shares = np.full(covered.shape, np.nan)
    np.divide(total, covered, out=shares, where=covered > 0)
    return shares


def _refine(coarse: NDArray[np.float64], hide: _Hiding, window: int, count: int) -> NDArray[np.float64]:
    """The coarse map at twice the cells a side, its ``count`` largest cells looked at again.

    There a cell is the mean of what both window sizes say. Small windows cost more for their area than large ones, or
    less, by the pair; the fine shares are moved to the coarse ones' sum first, or the refined part would stand out.
    """
    grid = len(coarse)
    again = np.zeros(grid * grid, dtype=bool)
    again[np.argsort(-np.abs(coarse).ravel(), kind="stable")[:count]] = True
    twice = np.ones((2, 2))
    chosen = np.kron(again.reshape(grid, grid), twice).astype(bool)
    shares = np.kron(coarse, twice) / 4
    masks = [mask for mask in _windows(2 * grid, window) if mask[chosen].sum() >= 0.75 * mask.sum()]
    if not masks:
        return shares
    fine = _shares(hide.costs(masks), np.array(masks))
    seen = np.isfinite(fine)
    fine[seen] += shares[seen].mean() - fine[seen].mean()
    shares[seen] = (shares[seen] + fine[seen]) / 2
    return shares
