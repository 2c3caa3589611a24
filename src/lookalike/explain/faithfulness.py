"""Is a map right? Hide the places it names, and see whether the likeness falls.

Deletion and insertion curves (Petsiuk, Das and Saenko, "RISE", BMVC 2018, section 4.1), with the corpus-centred cosine
of the pair in place of a class probability, and blur as removal (pixels of one colour are themselves a thing to see).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.explain.faithfulness_controls import centre_prior, random_map
from lookalike.explain.maps import FloatMap, PairMap, resample
from lookalike.explain.occlusion_views import Mask, View, embed_hidden, open_pair
from lookalike.images import ImageLike
from lookalike.progress import Progress

GRID = 7
"""Cells a side on which maps are judged."""

BEST = 10
"""Cells, of 49, that are hidden for :attr:`Removal.drop`."""

HIDDEN = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 49)
"""Numbers of hidden cells at which the curves are computed."""


@dataclass(frozen=True)
class Removal:
    """What happens to the score as the cells of one image are hidden, or shown, in the order of a map.

    Attributes:
        hidden: numbers of hidden cells.
        deletion: corpus-centred cosine with the best ``hidden`` cells hidden.
        insertion: the same with the best cells shown and ``hidden`` others hidden, so it runs the other way round.
        deletion_area: mean height of the deletion curve; lower is better.
        insertion_area: mean height of the insertion curve; higher is better.
        drop: fall of the corpus-centred cosine when the best 10 of 49 cells are hidden; higher is better.
        drop_plain: likewise of the plain cosine.
    """

    hidden: tuple[int, ...]
    deletion: tuple[float, ...]
    insertion: tuple[float, ...]
    deletion_area: float
    insertion_area: float
    drop: float
    drop_plain: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in vars(self).items()}


@dataclass(frozen=True)
class SideFaithfulness:
    """A map of one image beside what it has to beat.

    Attributes:
        map: what the map achieves.
        random: means over random maps.
        centre: a map that knows the middle only.
    """

    map: Removal
    random: Removal
    centre: Removal

    @property
    def faithful(self) -> bool:
        """True when hiding the map's best cells costs more than hiding random ones and those of the middle."""
        return self.map.drop > max(self.random.drop, self.centre.drop)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        each = {"map": self.map, "random": self.random, "centre": self.centre}
        return {**{name: removal.to_dict() for name, removal in each.items()}, "faithful": self.faithful}


@dataclass(frozen=True)
class Faithfulness:
    """Both sides of a pair's maps.

    Attributes:
        a, b: for the map of either image.
    """

    a: SideFaithfulness
    b: SideFaithfulness

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"a": self.a.to_dict(), "b": self.b.to_dict()}


def faithfulness(
    maps: PairMap,
    a: ImageLike,
    b: ImageLike,
    encoder: Encoder,
    mean: CorpusMean,
    *,
    random_maps: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
) -> Faithfulness:
    """Measure a pair's maps against random maps and a centre prior, on both images.

    Args:
        maps: of ``occlusion``, ``decomposition`` or any other method.
        a, b: the images they were made for.
        encoder, mean: as they were made with.
        random_maps: how many orders of chance are averaged, each from either end.
        seed: of the orders of chance.
        progress: called with ("faithfulness", embeddings done, embeddings in all).

    Raises:
        ExplainError: the mean is another encoder's, or the encoder gives no numbers for an image.
    """
    return Judge(a, b, encoder, mean, random_maps=random_maps, seed=seed, progress=progress).measure(maps)


class Judge:
    """Measures maps of one pair; what they have to beat is measured once, whatever the number of maps.

    Arguments and errors as for :func:`faithfulness`.
    """

    def __init__(
        self,
        a: ImageLike,
        b: ImageLike,
        encoder: Encoder,
        mean: CorpusMean,
        *,
        random_maps: int = 2,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        mean.check(encoder)
        self._encoder, self._mean, self._progress = encoder, mean, progress
        self._views = open_pair(a, b, encoder)[:2]
        middle = centre_prior((GRID, GRID))
        self._orders = [middle, *(random_map((GRID, GRID), seed + i) for i in range(max(1, random_maps)))]
        self._controls: list[tuple[Removal, Removal]] = []

    def measure(self, maps: PairMap) -> Faithfulness:
        """Curves of these maps of the pair, beside the controls'."""
        known = self._controls
        orders = [] if known else self._orders
        first, second = self._views
        sides, done, total = [], 0, 2 * _passes(1 + len(orders))
        for place, (view, other, values) in enumerate(
            ((first, second, maps.a_map), (second, first, maps.b_map))
        ):
            found, *others = _curves(view, other.vector, [values, *orders], self._encoder, self._mean)
            done += _passes(1 + len(orders))
            if self._progress is not None:
                self._progress("faithfulness", done, total)
            if not known:
                centre, *chance = others
                # From its other end an order of chance is one more order of chance, which is had for nothing.
                pooled = _Curves.mean_of([one for order in chance for one in (order, order.turned())])
                self._controls = [*self._controls, (pooled.removal(), centre.removal())]
            sides.append(SideFaithfulness(found.removal(), *self._controls[place]))
        return Faithfulness(*sides)


def removal(
    view: View, other: NDArray[np.float32], values: FloatMap, encoder: Encoder, mean: CorpusMean
) -> Removal:
    """Deletion and insertion curves of one map of one image.

    Args:
        view: of the image, from :func:`~lookalike.explain.occlusion_views.open_pair`.
        other: float32 (d,), embedding of the other image.
        values: the map, of any grid; judged on 7 x 7 cells.
        encoder, mean: that score the pair.
    """
    return _curves(view, other, [values], encoder, mean)[0].removal()


@dataclass(frozen=True, eq=False)
class _Curves:
    """Scores by number of hidden cells, float64 (2, len(HIDDEN)) each: row 0 centred, row 1 plain cosines."""

    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]

    def turned(self) -> _Curves:
        """Of the same order from its other end."""
        return _Curves(self.insertion, self.deletion)

    @staticmethod
    def mean_of(curves: Sequence[_Curves]) -> _Curves:
        """Number by number."""
        return _Curves(
            np.mean([one.deletion for one in curves], axis=0),
            np.mean([one.insertion for one in curves], axis=0),
        )

    def removal(self) -> Removal:
        """As it is shown."""
        drops = self.deletion[:, 0] - self.deletion[:, HIDDEN.index(BEST)]
        return Removal(
            hidden=HIDDEN,
            deletion=tuple(float(score) for score in self.deletion[0]),
            insertion=tuple(float(score) for score in self.insertion[0]),
            deletion_area=_area(self.deletion[0]),
            insertion_area=_area(self.insertion[0]),
            drop=float(drops[0]),
            drop_plain=float(drops[1]),
        )


def _passes(orders: int) -> int:
    return 1 + orders * 2 * len(HIDDEN[1:-1])


def _curves(
    view: View,
    other: NDArray[np.float32],
    maps: Sequence[FloatMap],
    encoder: Encoder,
    mean: CorpusMean,
) -> list[_Curves]:
    """Curves of several maps of one image, all pictures in one stream of full batches."""
    steps = HIDDEN[1:-1]
    masks = [np.ones((GRID, GRID), dtype=bool)]
    for order in map(best_first, maps):
        masks += [_mask(order[:count]) for count in steps]
        masks += [_mask(order[order.size - count :]) for count in steps]
    vectors = np.concatenate([view.vector[np.newaxis], *embed_hidden(view, masks, encoder)])
    scores = np.stack(
        [
            np.nan_to_num(centred_cosine(vectors, other, middle), nan=0.0)
            for middle in (mean.mean, np.zeros_like(mean.mean))
        ]
    )
    # Nothing hidden and everything hidden look the same, whichever way one goes and whatever the order.
    whole, nothing = scores[:, :1], scores[:, 1:2]
    parts = scores[:, 2:].reshape(2, len(maps), 2, len(steps))
    return [
        _Curves(*(np.concatenate([whole, parts[:, i, way], nothing], axis=1) for way in (0, 1)))
        for i in range(len(maps))
    ]


def measures(removals: Mapping[str, Removal]) -> dict[str, dict[str, float]]:
    """The numbers of several curves: name -> {drop, drop_plain, deletion_area, insertion_area}."""
    names = ("drop", "drop_plain", "deletion_area", "insertion_area")
    return {key: {name: getattr(removal, name) for name in names} for key, removal in removals.items()}


def best_first(values: FloatMap) -> NDArray[np.intp]:
    """Cells of the 7 x 7 grid, counted row by row, from the largest share to the smallest; ties in reading order."""
    return np.argsort(-resample(values, (GRID, GRID)).ravel(), kind="stable")


def _mask(cells: NDArray[np.intp]) -> Mask:
    mask = np.zeros(GRID * GRID, dtype=bool)
    mask[cells] = True
    return mask.reshape(GRID, GRID)


def _area(scores: NDArray[np.float64]) -> float:
    """Mean height by the trapezoidal rule over the share of hidden cells."""
    return float(np.trapezoid(scores, np.array(HIDDEN) / HIDDEN[-1]))
