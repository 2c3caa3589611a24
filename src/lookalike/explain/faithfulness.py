"""Is a map right? Hide the places it names, and see whether the likeness falls.

Deletion and insertion curves (Petsiuk, Das and Saenko, "RISE", BMVC 2018, section 4.1), with the corpus-centred cosine
of the pair in place of a class probability, and blur as removal (pixels of one colour are themselves a thing to see).
"""

from __future__ import annotations

from collections.abc import Mapping
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
    random_maps: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
) -> Faithfulness:
    """Measure a pair's maps against random maps and a centre prior, on both images.

    Args:
        maps: of ``occlusion``, ``decomposition`` or any other method.
        a, b: the images they were made for.
        encoder, mean: as they were made with.
        random_maps: how many maps of chance are averaged.
        seed: of the maps of chance.
        progress: called with ("faithfulness", curves done, curves in all).

    Raises:
        ExplainError: the mean is another encoder's, or the encoder gives no numbers for an image.
    """
    mean.check(encoder)
    first, second, _ = open_pair(a, b, encoder)
    sides, done = [], 0
    total = 2 * (2 + max(1, random_maps))
    for view, other, a_map in ((first, second, maps.a_map), (second, first, maps.b_map)):
        orders: dict[str, FloatMap] = {"map": a_map, "centre": centre_prior((GRID, GRID))}
        orders |= {f"random {i}": random_map((GRID, GRID), seed + i) for i in range(max(1, random_maps))}
        found = {}
        for name, values in orders.items():
            found[name] = removal(view, other.vector, values, encoder, mean)
            done += 1
            if progress is not None:
                progress("faithfulness", done, total)
        chance = [removal_ for name, removal_ in found.items() if name.startswith("random")]
        sides.append(SideFaithfulness(found["map"], _mean_of(chance), found["centre"]))
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
    order = best_first(values)
    steps = HIDDEN[1:-1]
    masks = [_mask(order[:count]) for count in HIDDEN]
    masks += [~_mask(order[: order.size - count]) for count in steps]
    vectors = np.concatenate(list(embed_hidden(view, masks, encoder)))
    scores = np.nan_to_num(centred_cosine(vectors, other, mean), nan=0.0)
    plain = np.nan_to_num(centred_cosine(vectors, other, np.zeros_like(mean.mean)), nan=0.0)
    deletion = scores[: len(HIDDEN)]
    # Nothing hidden and everything hidden look the same, whichever way one goes.
    insertion = np.concatenate([deletion[:1], scores[len(HIDDEN) :], deletion[-1:]])
    best = HIDDEN.index(BEST)
    return Removal(
        hidden=HIDDEN,
        deletion=tuple(float(score) for score in deletion),
        insertion=tuple(float(score) for score in insertion),
        deletion_area=_area(deletion),
        insertion_area=_area(insertion),
        drop=float(deletion[0] - deletion[best]),
        drop_plain=float(plain[0] - plain[best]),
    )


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


def _mean_of(removals: list[Removal]) -> Removal:
    """Number by number."""

    def averaged(name: str) -> float:
        return float(np.mean([getattr(removal, name) for removal in removals]))

    curves = [
        tuple(float(v) for v in np.mean([getattr(removal, name) for removal in removals], axis=0))
        for name in ("deletion", "insertion")
    ]
    return Removal(
        HIDDEN, curves[0], curves[1], averaged("deletion_area"), averaged("insertion_area"),
        averaged("drop"), averaged("drop_plain"),
    )  # fmt: skip
