"""Lines from one image to the other: this part matches that part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lookalike.errors import ExplainError
from lookalike.explain.decomposition import RegionPairs
from lookalike.explain.maps import Box
from lookalike.similarity import mutual

APART = 2
"""Cells between the matches that are shown, in either image: 2 keeps neighbours out, also across a corner."""


@dataclass(frozen=True)
class Match:
    """A part of one image and the part of the other that is most like it.

    Attributes:
        a_cell, b_cell: (row, column) on the two feature maps.
        strength: share of the pair's score that these two cells make, above 0.
        alike: centred cosine of the two cells by themselves, in (0, 1].
        a_place, b_place: the cells as fractions of either image; a line runs from centre to centre.
    """

    a_cell: tuple[int, int]
    b_cell: tuple[int, int]
    strength: float
    alike: float
    a_place: Box
    b_place: Box

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "a": {"cell": list(self.a_cell), "box": self.a_place.to_list()},
            "b": {"cell": list(self.b_cell), "box": self.b_place.to_list()},
            "strength": self.strength,
            "alike": self.alike,
        }


def mutual_nearest(regions: RegionPairs, n: int = 5, *, apart: int = APART) -> list[Match]:
    """The strongest matches between two images, no two of them close to one another.

    Cells i and j match when j is of all cells of the second image the one most like i, and i of all cells of the
    first the one most like j (centred cosine of the cells). Of these the one that makes the largest share of the score
    is taken, then the next that keeps its distance from all taken, in both images, and so on.

    Args:
        regions: of :func:`~lookalike.explain.decomposition.decomposition`.
        n: at most so many.
        apart: least distance of two matches in rows or columns, in either image; 1 lets neighbours stand.

    Returns:
        Strongest first; fewer than ``n``, or none, where the images have little in common.

    Raises:
        ExplainError: ``n`` or ``apart`` below 1.
    """
    if n < 1 or apart < 1:
        raise ExplainError(f"mutual_nearest needs n and apart of at least 1, got {n} and {apart}")
    alike, shares = regions.alike, regions.contributions
    rows, columns, _ = mutual.mutual_nearest(-alike)
    good = [(i, j) for i, j in zip(rows, columns, strict=True) if alike[i, j] > 0 and shares[i, j] > 0]
    good.sort(key=lambda cells: -float(shares[cells]))
    taken: list[Match] = []
    for i, j in good:
        match = _match(regions, int(i), int(j))
        if all(_far(match, other, apart) for other in taken):
            taken.append(match)
        if len(taken) == n:
            break
    return taken


def _match(regions: RegionPairs, i: int, j: int) -> Match:
    a_cell, b_cell = divmod(i, regions.a_shape[1]), divmod(j, regions.b_shape[1])
    return Match(
        a_cell=a_cell,
        b_cell=b_cell,
        strength=float(regions.contributions[i, j]),
        alike=float(regions.alike[i, j]),
        a_place=regions.a_box.cell(a_cell, regions.a_shape),
        b_place=regions.b_box.cell(b_cell, regions.b_shape),
    )


def _far(one: Match, other: Match, apart: int) -> bool:
    """Whether two matches keep their distance in both images."""
    return all(
        max(abs(p[0] - q[0]), abs(p[1] - q[1])) >= apart
        for p, q in ((one.a_cell, other.a_cell), (one.b_cell, other.b_cell))
    )
