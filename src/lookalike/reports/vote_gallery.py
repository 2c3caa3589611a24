"""Where people and a machine part: the part of a page that shows such triplets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.triplets_result import CLEAR, find_disagreements
from lookalike.reports.models import Picture
from lookalike.reports.votes import DisagreementView, VoteSection

if TYPE_CHECKING:
    from lookalike.judgments import TripletTable

SHOWN = 12
"""Triplets shown of each encoder."""


def gallery_section(
    table: TripletTable,
    distances: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    picture: Callable[[str], Picture],
) -> VoteSection:
    """The triplets on which each encoder contradicts a clear majority by the widest gap, as pictures.

    Args:
        table: the triplets.
        distances: encoder as the page calls it -> float64 (n,) to a, float64 (n,) to b.
        picture: content id -> the picture to show.
    """
    columns = {name: table.column(name) for name in ("reference", "a", "b", "votes_a", "votes_b")}
    galleries = []
    for name, (d_a, d_b) in distances.items():
        views = []
        for found in find_disagreements(table, d_a, d_b, SHOWN):
            row = found.row
            reference, a, b = (picture(columns[side][row]) for side in ("reference", "a", "b"))
            votes_a, votes_b = columns["votes_a"][row], columns["votes_b"][row]
            views.append(
                DisagreementView(
                    reference, a, b, votes_a, votes_b, float(d_a[row]), float(d_b[row]), found.people
                )
            )
        galleries.append((name, views))
    text = (
        f"Triplets with a clear majority (at least {CLEAR:.0%} of the votes) that the machine contradicts by the widest gap of "
        "distances: the green mark is people's choice, the red one the machine's."
    )
    return VoteSection("Where people and machine part", text, disagreements=galleries)
