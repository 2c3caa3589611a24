"""What attributes see of one image: short vectors of its colour, texture, outline, edges, layout and style.

All but one are computed from the small working image of the encoder ``classic``, so one look at an image serves them all.
Sources: the parts of ``classic`` (:mod:`lookalike.encoders.classic_parts`); Gatys, Ecker and Bethge, "Texture synthesis
using convolutional neural networks" (2015) for second-order statistics, here of fixed filters instead of a network's;
Welch, "The use of fast Fourier transform for the estimation of power spectra" (1967) for spectra of windows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.classic_parts import SIDE, WorkingImage, color, layout, unit
from lookalike.images import resize

Vector = NDArray[np.float32]

VERSION = 2
"""Raise it when a number changes: shipped quantiles of another version are refused."""

TURNS, RINGS = 72, 16
"""An outline is seen as so many directions times so many distances from its middle."""

FINE = 160
"""Side in pixels of the picture in which neighbouring pixels are compared; a thumbnail of a gallery has so many."""

_APART = 8
_WINDOW, _STEP = 16, 8
_SCALES = (0.7, 1.4, 2.8, 5.6)  # pixels of the working image
_SMOOTH = 2.0
_EDGE = 3
_COARSE = 2.5
_EDGE_CELLS = 7
_CHROMA_GRID = 4


class Look(WorkingImage):
    """The working image, what stands out in it, and a finer picture.

    Args:
        pixels: RGB uint8 (h, w, 3), any size.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        super().__init__(pixels)
        fine = resize(pixels, (FINE, FINE), policy="squash", interpolation="bicubic")
        luma = fine.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        self.fine: Vector = np.asarray(luma / 255, dtype=np.float32)
        """Luma after ITU-R BT.601, float32 (FINE, FINE) in [0, 1]."""

    @cached_property
    def thing(self) -> NDArray[np.bool_]:
        """See :func:`thing_mask`."""
        return thing_mask(self)


def pixel_features(pixels: NDArray[np.uint8]) -> dict[str, Vector]:
    """Every block of :data:`BLOCKS` for RGB uint8 (h, w, 3): name -> float32 (length,), not centred."""
    image = Look(pixels)
    return {name: np.asarray(compute(image), dtype=np.float32) for name, compute in BLOCKS.items()}


def patterns(image: WorkingImage) -> Vector:
    """Local binary patterns at two scales, wherever they are: float32 (20,), square roots of shares."""
    shares = [np.bincount(codes.ravel(), minlength=10) / codes.size for codes in image.patterns]
    return unit(np.sqrt(np.concatenate(shares)))


def spectrum(image: WorkingImage) -> Vector:
    """Mean amplitude spectrum of small windows, each of unit length: float32 (16 * 9,).

    It knows periods and directions of a surface and not where the surface is. Windows are brought to one length first,
    so that one strong edge does not outvote the surface around it.
    """
    grey = image.grey.astype(np.float32) / np.float32(255)
    windows = np.lib.stride_tricks.sliding_window_view(grey, (_WINDOW, _WINDOW))[::_STEP, ::_STEP]
    flat = windows.reshape(-1, _WINDOW, _WINDOW)
    taper = np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)
    centred = (flat - flat.mean(axis=(1, 2), keepdims=True)) * taper[:, np.newaxis] * taper
    amplitude = np.abs(np.fft.rfft2(centred))
    length = np.sqrt((amplitude**2).sum(axis=(1, 2), keepdims=True))
    return np.asarray((amplitude / (length + 1e-2)).mean(axis=0).ravel(), dtype=np.float32)


def thing_mask(image: WorkingImage) -> NDArray[np.bool_]:
    """What stands out from the colour of the border, in one piece and without holes: bool (SIDE, SIDE).

    The threshold is Otsu's (1979) on the Lab distance to the border's median colour; the largest piece is kept. All True
    where nothing stands out.
    """
    from scipy.ndimage import binary_fill_holes, gaussian_filter, label
    from skimage.filters import threshold_otsu

    lab = gaussian_filter(image.lab, (_SMOOTH, _SMOOTH, 0))
    sides = (lab[:_EDGE], lab[-_EDGE:], lab[:, :_EDGE], lab[:, -_EDGE:])
    border = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    away = np.sqrt(((lab - border) ** 2).sum(axis=2))
    whole = np.ones((SIDE, SIDE), dtype=bool)
    if float(np.ptp(away)) < 1.0:  # a just noticeable difference of Lab is about 2
        return whole
    pieces, count = label(binary_fill_holes(away > float(threshold_otsu(away))))  # type: ignore[no-untyped-call]
    if not count:
        return whole
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == int(sizes.argmax()))


def outline(image: Look) -> Vector:
    """The silhouette around its own middle, in units of its own size: float32 (TURNS * RINGS,), shares of the inside."""
    size = np.sqrt(image.thing.sum() / np.pi)
    return _around(image.thing, size * np.eye(2))


def outline_evened(image: Look) -> Vector:
    """The silhouette as :func:`outline`, stretched first until it is as wide as high: float32 (TURNS * RINGS,).

    A thing that turns away from us gets narrower. Brought to the same second moments in all directions, its outline and
    the narrowed one differ by a turn (Rothganger et al. 2006 do so with patches); what is long by itself looks less so.
    """
    rows, columns = np.nonzero(image.thing)
    # A pixel is as wide as high: its own moment, 1/12, keeps a line from having none.
    moments = np.cov(np.stack([rows, columns]), bias=True) + np.eye(2) / 12
    lengths, axes = np.linalg.eigh(moments)
    return _around(
        image.thing, 2 * (axes * np.sqrt(lengths)) @ axes.T
    )  # a disk of radius r has moments r^2 / 4


def _around(mask: NDArray[np.bool_], unit_circle: NDArray[np.float64]) -> Vector:
    """Shares of the inside at TURNS directions and RINGS distances; ``unit_circle`` maps (y, x) of distance 1 to pixels."""
    from scipy.ndimage import map_coordinates

    rows, columns = np.nonzero(mask)
    angles = np.arange(TURNS) * (2 * np.pi / TURNS)
    y, x = unit_circle @ np.stack([np.sin(angles), np.cos(angles)])
    rings = np.linspace(0.1, 2.0, RINGS)
    places = [rows.mean() + y[:, np.newaxis] * rings, columns.mean() + x[:, np.newaxis] * rings]
    inside = map_coordinates(mask.astype(np.float32), places, order=1, mode="constant")
    return np.asarray(inside.ravel(), dtype=np.float32)


def edges(image: WorkingImage) -> Vector:
    """Directions of the edges of large forms by cell, fine texture smoothed away: float32 (7 * 7 * 9,)."""
    from scipy.ndimage import gaussian_filter
    from skimage.feature import hog

    smooth = gaussian_filter(image.lab[:, :, 0] / 100.0, _COARSE)
    step = SIDE // _EDGE_CELLS
    cells = hog(smooth, orientations=9, pixels_per_cell=(step, step), cells_per_block=(1, 1), block_norm="L2")
    return unit(np.sqrt(np.asarray(cells, dtype=np.float64)))


def chroma_layout(image: WorkingImage) -> Vector:
    """Where the image is more red, green, yellow or blue than it is on the whole: float32 (4 * 4 * 2,)."""
    step = SIDE // _CHROMA_GRID
    grid = image.lab[:, :, 1:].reshape(_CHROMA_GRID, step, _CHROMA_GRID, step, 2).mean(axis=(1, 3))
    centred = grid - grid.mean(axis=(0, 1))
    centred[np.abs(centred) < 1e-3] = 0.0
    return unit(centred / 60.0)


def second_order(image: WorkingImage) -> Vector:
    """How responses of fixed filters go together: their correlations, float32 (91,).

    Filters: edge strength, unsigned and signed spots at four sizes; changes of saturation; lightness. Which of them
    respond together says how an image is made (sharp or soft, shaded or flat, drawn or photographed), not what is where.
    """
    from scipy.ndimage import gaussian_gradient_magnitude, gaussian_laplace

    grey = image.lab[:, :, 0] / 100.0
    saturation = np.hypot(image.lab[:, :, 1], image.lab[:, :, 2]) / 60.0
    responses = [gaussian_gradient_magnitude(saturation, _SCALES[1]), grey - grey.mean()]
    for scale in _SCALES:
        spots = gaussian_laplace(grey, scale) * scale**2
        responses += [gaussian_gradient_magnitude(grey, scale) * scale, np.abs(spots), spots]
    rows = np.stack(responses).reshape(len(responses), -1).astype(np.float64)
    gram = rows @ rows.T / rows.shape[1]
    strength = np.sqrt(np.diag(gram)) + 1e-3
    together = gram / strength[:, np.newaxis] / strength
    return together[np.triu_indices(len(rows), 1)].astype(np.float32)


def steps_together(image: Look) -> Vector:
    """What follows a step from light to dark, pixel by pixel: autocorrelations of steps, signed or not, float32 (16,).

    A sharp edge is one step, a soft one several of one sign, a drawn line two of opposite sign, and a mosaic repeats its
    steps at the side of its stones. Mean of rows and columns, each over distances of 1 to 8 pixels.
    """
    found = []
    for lines in (image.fine, image.fine.T):
        signed = np.diff(lines, axis=0)
        power = float((signed**2).mean()) + 5e-6  # where an image is even, nothing follows anything
        for steps in (np.abs(signed), signed):
            found.append([float((steps[:-k] * steps[k:]).mean()) / power for k in range(1, _APART + 1)])
    rows, columns = np.array(found).reshape(2, 2 * _APART)
    return np.asarray((rows + columns) / 2, dtype=np.float32)


BLOCKS: Mapping[str, Callable[[Look], Vector]] = {
    "color": color,
    "patterns": patterns,
    "spectrum": spectrum,
    "outline": outline,
    "outline_evened": outline_evened,
    "edges": edges,
    "layout": layout,
    "chroma_layout": chroma_layout,
    "second_order": second_order,
    "steps_together": steps_together,
}
"""Name of a block -> how it is computed from a working image."""
