"""Where two images are alike: the maps that an explanation shows, with their matches and how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.errors import ExplainError, NoSuchOutput
from lookalike.explain.centring import CorpusMean
from lookalike.explain.correspondences import Match, mutual_nearest
from lookalike.explain.decomposition import decomposition
from lookalike.explain.images_seen import SeenImage
from lookalike.explain.maps import PairMap
from lookalike.explain.occlusion import occlusion
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.explain.faithfulness import Faithfulness

METHODS = ("decomposition", "occlusion")
"""Maps that can be asked for."""

MATCHES = 6
"""Lines between regions at most."""

WEAK = 0.2
"""A match that makes less than this part of the strongest one's share is not drawn: two empty corners are alike, too."""

NO_MEAN = (
    "no corpus mean is known for this encoder, so maps and scores are of plain cosines, which hardly depend on the "
    "other image: give a gallery, a reference folder or a mean"
)

Curves = dict[str, dict[str, list[tuple[float, float]]]]


@dataclass(frozen=True, eq=False)
class Query:
    """What the maps are made from: two images, an encoder, its mean, and whether maps are to be measured."""

    a: SeenImage
    b: SeenImage
    encoder: Encoder
    mean: CorpusMean | None
    faithfulness: bool = True
    progress: Progress | None = None


@dataclass(frozen=True, eq=False)
class Place:
    """One map over both images.

    Attributes:
        map: shares of the score.
        matches: regions that choose each other, strongest first; empty for occlusion.
        linked: float32 (cells of A, cells of B), shares of pairs of cells; None for occlusion.
        faith: the map measured by deletion and insertion; None where that was not asked for.
    """

    map: PairMap
    matches: tuple[Match, ...] = ()
    linked: NDArray[np.float32] | None = field(default=None, repr=False)
    faith: Faithfulness | None = None

    def curves(self) -> Curves:
        """ "deletion" and "insertion" -> "map", "random", "centre" -> (share of cells, score), mean of both images."""
        if self.faith is None:
            return {}
        sides = (self.faith.a, self.faith.b)
        found: Curves = {}
        for kind in ("deletion", "insertion"):
            found[kind] = {}
            for name in ("map", "random", "centre"):
                both = [getattr(side, name) for side in sides]
                height = np.mean([getattr(one, kind) for one in both], axis=0)
                shares = np.asarray(both[0].hidden) / both[0].hidden[-1]
                if kind == "insertion":  # counted as shown cells, so that it rises to the right
                    shares, height = 1 - shares[::-1], height[::-1]
                found[kind][name] = [(float(x), float(y)) for x, y in zip(shares, height, strict=True)]
        return found

    def drops(self) -> dict[str, float]:
        """ "map", "random", "centre" -> fall of the score when its best 10 of 49 cells are hidden, mean of both images."""
        if self.faith is None:
            return {}
        sides = (self.faith.a, self.faith.b)
        return {
            name: float(np.mean([getattr(side, name).drop for side in sides]))
            for name in ("map", "random", "centre")
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without the matrix over pairs of cells."""
        return {
            **self.map.to_dict(),
            "matches": [match.to_dict() for match in self.matches],
            "faithfulness": None if self.faith is None else self.faith.to_dict(),
        }


def places(query: Query, methods: Sequence[str]) -> tuple[tuple[Place, ...], list[str]]:
    """The maps that were asked for and can be made, and why the others cannot.

    Raises:
        ImageError: an image cannot be read.
    """
    found: list[Place] = []
    notes: list[str] = []
    if methods and query.mean is None:
        notes.append(NO_MEAN)
    mean = query.mean or CorpusMean.nothing(query.encoder)
    for method in methods:
        try:
            found.append(_decomposed(query, mean) if method == "decomposition" else _hidden(query, mean))
        except (NoSuchOutput, ExplainError) as error:
            notes.append(f"{method}: {error}")
    if query.faithfulness and found:
        from lookalike.explain.faithfulness import Judge

        judge = Judge(query.a.source, query.b.source, query.encoder, mean, progress=query.progress)
        found = [replace(place, faith=judge.measure(place.map)) for place in found]
    return tuple(found), notes


def _decomposed(query: Query, mean: CorpusMean) -> Place:
    regions = decomposition(query.a.source, query.b.source, query.encoder, mean)
    found = mutual_nearest(regions, MATCHES)
    matches = tuple(match for match in found if match.strength >= WEAK * found[0].strength)
    return Place(regions.pair_map(), matches, regions.contributions)


def _hidden(query: Query, mean: CorpusMean) -> Place:
    return Place(occlusion(query.a.source, query.b.source, query.encoder, mean, progress=query.progress))
