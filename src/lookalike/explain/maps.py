"""Maps over two images: where the score of a pair comes from, and which part of either image a cell stands for.

What the WHERE half of this room offers (``lookalike.explain`` exports these names; a function with its module's name is
imported at once and not on first use, or the module would take its place):

- ``maps``: :class:`PairMap`, :class:`Box`, :func:`seen_box`, :func:`resample`
- ``centring``: ``CorpusMean``, ``centred_cosine``
- ``occlusion``: ``occlusion``
- ``decomposition``: ``RegionPairs``, ``decomposition``
- ``correspondences``: ``Match``, ``mutual_nearest``
- ``faithfulness``: ``Faithfulness``, ``SideFaithfulness``, ``Removal``, ``faithfulness``, ``removal``
- ``faithfulness_controls``: ``centre_prior``, ``random_map``, ``correlation``, ``conditioning``
- ``sanity``: ``randomised_encoder``, ``randomisation_check``
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import EncoderCard
from lookalike.errors import ExplainError

FloatMap = NDArray[np.float32]
"""float32 (h, w): one number for each cell of a grid laid over what the encoder sees; row 0 is the top."""


@dataclass(frozen=True)
class Box:
    """The part of an image that a map covers, as fractions of the image's width and height.

    The whole image is (0, 0, 1, 1). An encoder that crops sees less; one that pads sees more than there is, so
    its box begins below 0 or ends above 1.
    """

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def cell(self, place: tuple[int, int], shape: tuple[int, int]) -> Box:
        """The box of the cell ``place`` = (row, column) of a grid of ``shape`` = (rows, columns) over this box."""
        (row, column), (rows, columns) = place, shape
        width, height = (self.right - self.left) / columns, (self.bottom - self.top) / rows
        left, top = self.left + column * width, self.top + row * height
        return Box(left, top, left + width, top + height)

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) as fractions of the image."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def to_list(self) -> list[float]:
        """[left, top, right, bottom]."""
        return [self.left, self.top, self.right, self.bottom]


WHOLE = Box()
"""All of an image."""


@dataclass(frozen=True, eq=False)
class PairMap:
    """Where a pair's score comes from, for both images.

    A cell above zero makes the two images more alike: without it the score would fall. A cell below zero keeps
    them apart: without it the score would rise. A map for (A, B) says nothing about (A, C): each map is made from
    both images.

    Attributes:
        method: ``occlusion`` or ``decomposition``.
        a_map: float32 (h, w) over the first image, each cell its share of the score (corpus-centred cosine).
            Decomposition: the shares of either map sum to the score exactly. Occlusion: a share is what hiding the
            place costs; places that stand in for one another cost little when only one of them is hidden, and hiding
            what sets the two apart costs less than nothing, so the sum is not the score.
        b_map: float32 (h', w'), likewise over the second image.
        score: corpus-centred cosine of the pair, in [-1, 1]; 0 is what two unrelated images have.
        base: plain cosine of the pair, which the corpus mean has not been taken from.
        encoder: name of the encoder.
        seconds: time it took.
        a_box, b_box: the part of either image that its map covers.
        passes: embeddings computed.
        note: what one has to know to read the maps rightly; empty where there is nothing.
    """

    method: str
    a_map: FloatMap
    b_map: FloatMap
    score: float
    base: float
    encoder: str
    seconds: float
    a_box: Box = WHOLE
    b_box: Box = WHOLE
    passes: int = 0
    note: str = ""

    def swapped(self) -> PairMap:
        """The same for (B, A)."""
        return PairMap(
            self.method, self.b_map, self.a_map, self.score, self.base, self.encoder, self.seconds,
            self.b_box, self.a_box, self.passes, self.note,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; maps as lists of rows."""
        return {
            "method": self.method,
            "score": self.score,
            "base": self.base,
            "encoder": self.encoder,
            "seconds": self.seconds,
            "passes": self.passes,
            "note": self.note,
            "a": {"map": self.a_map.tolist(), "box": self.a_box.to_list()},
            "b": {"map": self.b_map.tolist(), "box": self.b_box.to_list()},
        }


def seen_box(shape: tuple[int, ...], card: EncoderCard) -> Box:
    """The part of an image of ``shape`` (height, width, ...) that an encoder sees, by its resize policy."""
    how = card.preprocessing
    if how.resize == "squash":
        return Box()
    height, width = shape[:2]
    wanted_height, wanted_width = card.input_size
    across, down = wanted_width / width, wanted_height / height
    scale = max(across, down) / how.crop_fraction if how.resize == "crop" else min(across, down)
    x, y = across / scale / 2, down / scale / 2
    return Box(0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y)


def resample(values: FloatMap, shape: tuple[int, int]) -> FloatMap:
    """A map on a grid of another shape, by area: the sum of all cells stays what it was.

    Args:
        values: float32 (h, w).
        shape: (rows, columns) wanted.

    Raises:
        ExplainError: either grid has no cell.
    """
    if values.ndim != 2 or not values.size or min(shape) < 1:
        raise ExplainError(
            f"a map of shape {values.shape} cannot be laid on a grid of {shape}; both need cells"
        )
    rows = _overlaps(values.shape[0], shape[0])
    columns = _overlaps(values.shape[1], shape[1])
    return np.asarray(rows @ values.astype(np.float64) @ columns.T, dtype=np.float32)


def _overlaps(given: int, wanted: int) -> NDArray[np.float64]:
    """(wanted, given): which share of each given cell lies in each wanted cell; columns sum to 1."""
    # In units of 1 / (given * wanted), which are whole numbers: equal cells stay equal to the last digit.
    starts, aims = np.arange(given) * wanted, np.arange(wanted) * given
    low = np.maximum(starts[np.newaxis], aims[:, np.newaxis])
    high = np.minimum(starts[np.newaxis] + wanted, aims[:, np.newaxis] + given)
    return np.asarray(np.clip(high - low, 0, None) / wanted)
