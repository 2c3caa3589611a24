"""Measures that need no faces: whitened embeddings, feature maps cell by cell, and the parts of ``classic``.

Whitening (mean, principal components, scales raised to minus half the exponent) makes what is rare count more
than what all images share: Jégou and Chum, "Negative evidences and co-occurrences in image retrieval", ECCV 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import normalize
from lookalike.similarity.cues import Cue, State, View

if TYPE_CHECKING:
    from lookalike.similarity.comparator_describe import Descriptions

_LEAST_IMAGES = 3
_CELLS_FOR_FIT = 12_000
_EMPTY: State = {}


def learn_whitening(rows: NDArray[np.float32], dims: int, exponent: float) -> State:
    """Mean and projection of rows (n, d); nothing when the rows are too few or all alike.

    At most a third as many components as rows are kept: with more they would describe these rows, not images.
    """
    from lookalike.encoders.transform_whitening import Whitening

    if len(rows) < _LEAST_IMAGES or not np.ptp(rows, axis=0).any():
        return _EMPTY
    kept = min(dims, max(4, len(rows) // 3))
    fitted = Whitening.fit(rows, dims=kept, exponent=exponent, sqrt=False)
    projection = np.ascontiguousarray((fitted.components * fitted.scales[:, np.newaxis]).T)
    return {"mean": np.asarray(fitted.mean), "projection": projection}


def whiten(rows: NDArray[np.float32], state: State) -> NDArray[np.float32]:
    """Rows (n, d) -> unit rows (n, d'); an empty state gives rows of one zero."""
    if not state:
        return np.zeros((len(rows), 1), dtype=np.float32)
    return normalize(np.asarray((rows - state["mean"]) @ state["projection"], dtype=np.float32))


def cosines(a: View, b: View) -> NDArray[np.float32]:
    """Every row of ``a`` with every row of ``b``, both of unit length: float32 (n, m)."""
    return np.asarray(a.rows @ b.rows.T, dtype=np.float32)


@dataclass(frozen=True)
class _Whitened:
    """What measures of whitened vectors share."""

    name: str
    cue: str
    needs: str
    dims: int = 128
    exponent: float = 0.5
    levelled: bool = True
    gated: bool = True


@dataclass(frozen=True)
class WhitenedVectors(_Whitened):
    """Cosine of whitened vectors.

    Attributes:
        name, cue, needs: see :class:`lookalike.similarity.cues.Cue`.
        dims: components kept at most.
        exponent: 0 leaves the variances as they are, 1 makes them all alike.
    """

    def learn(self, images: Descriptions) -> State:
        return learn_whitening(images.vectors[self.needs], self.dims, self.exponent)

    def view(self, state: State, images: Descriptions) -> View:
        rows = whiten(images.vectors[self.needs], state)
        return View(rows, np.full(len(rows), bool(state)))

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        return cosines(a, b)


@dataclass(frozen=True)
class AlignedMaps(_Whitened):
    """Mean cosine of the whitened local features that lie at the same place of the two images.

    Attributes:
        name, cue, needs: see :class:`lookalike.similarity.cues.Cue`.
        dims: components kept of a cell.
        exponent: as for :class:`WhitenedVectors`.
    """

    def learn(self, images: Descriptions) -> State:
        maps = images.vectors[self.needs]
        n, cells = maps.shape[:2]
        each = max(1, min(cells, _CELLS_FOR_FIT // max(1, n)))
        # The same scattered cells for every image: no randomness, and all places are seen about as often.
        places = (np.arange(each)[np.newaxis] * cells // each + 5 * np.arange(n)[:, np.newaxis]) % cells
        sample = np.take_along_axis(maps, places[:, :, np.newaxis], axis=1)
        return learn_whitening(sample.reshape(n * each, -1).astype(np.float32), self.dims, self.exponent)

    def view(self, state: State, images: Descriptions) -> View:
        maps = images.vectors[self.needs]
        n, cells, depth = maps.shape
        if not state:
            return View(np.zeros((n, 1), dtype=np.float32), np.zeros(n, dtype=bool))
        rows = np.empty((n, cells * state["projection"].shape[1]), dtype=np.float32)
        for start in range(0, n, 64):
            part = maps[start : start + 64].reshape(-1, depth).astype(np.float32)
            rows[start : start + 64] = whiten(part, state).reshape(-1, rows.shape[1])
        rows /= np.float32(np.sqrt(cells))
        return View(rows, np.ones(n, dtype=bool))

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        return cosines(a, b)


@dataclass(frozen=True)
class BestBuddies(_Whitened):
    """Cosine of the cells that choose each other, wherever they lie in the two images.

    A cell of one map and a cell of the other are best buddies when each is the other's nearest (Dekel et al.,
    "Best-Buddies Similarity for Robust Template Matching", CVPR 2015). Their cosines are summed and divided by
    the number of cells of the smaller map, so that it is 1 for an image and itself.

    Not among :data:`MEASURES`: beside :class:`AlignedMaps` it found no more human pairs, and it costs a product of
    all cells for each pair. ``register(BestBuddies("best buddies", "local", "map"))`` adds it to comparators
    fitted from then on.

    Attributes:
        name, cue, needs: see :class:`lookalike.similarity.cues.Cue`.
        dims, exponent: as for :class:`AlignedMaps`.
    """

    dims: int = 64

    def learn(self, images: Descriptions) -> State:
        return self._aligned.learn(images)

    def view(self, state: State, images: Descriptions) -> View:
        flat = self._aligned.view(state, images)
        n, cells = images.vectors[self.needs].shape[:2]
        rows = flat.rows.reshape(n, cells if state else 1, -1) * np.float32(np.sqrt(cells))
        return View(rows, flat.present)

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        m, cells, depth = b.rows.shape
        every_cell = b.rows.reshape(m * cells, depth).T
        scores = np.empty((len(a), m), dtype=np.float32)
        images, own = np.arange(m)[np.newaxis], np.arange(a.rows.shape[1])[:, np.newaxis]
        for i, one in enumerate(a.rows):
            cosines = (one @ every_cell).reshape(len(one), m, cells)
            theirs = cosines.argmax(axis=2)  # (cells of a, m): the cell of b that each cell of a chooses
            ours = cosines.argmax(axis=0)  # (m, cells of b): the cell of a that each cell of b chooses
            mutual = ours[images, theirs] == own
            chosen = np.take_along_axis(cosines, theirs[:, :, np.newaxis], axis=2)[:, :, 0]
            scores[i] = (chosen * mutual).sum(axis=0) / min(len(one), cells)
        return scores

    @property
    def _aligned(self) -> AlignedMaps:
        return AlignedMaps(self.name, self.cue, self.needs, self.dims, self.exponent)


MEASURES: tuple[Cue, ...] = (
    WhitenedVectors("embedding", "content", "embedding", dims=512),
    AlignedMaps("aligned map", "local", "map"),
    WhitenedVectors("gradients", "shape", "gradients"),
    WhitenedVectors("texture", "texture", "texture"),
    WhitenedVectors("light and dark", "layout", "layout"),
    WhitenedVectors("colours", "colour", "color"),
    WhitenedVectors("colours in place", "colour", "color_layout"),
)
"""What every comparator can use; the settings were the same for all parts and were not tuned one by one."""
