"""How much of what is known about the sample images was found."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.reports import KnownAnswer

if TYPE_CHECKING:
    from lookalike.gallery import Gallery
    from lookalike.gallery.duplicates import Duplicates
    from lookalike.images.samples import SampleSet


def duplicate_answer(found: Duplicates, samples: SampleSet) -> KnownAnswer:
    """Pairs of versions of one picture that ended in one group; wrong are pairs of different pictures."""
    root = samples.folder.absolute()
    known = {
        frozenset((str(root / a), str(root / b)))
        for group in samples.near_duplicates
        for a, b in combinations(group, 2)
    }
    grouped = {
        frozenset((a.path, b.path))
        for group in found.groups
        for a, b in combinations((group.keep, *group.drop), 2)
    }
    return KnownAnswer(
        "pairs of near-duplicates",
        len(known),
        len(known & grouped),
        len(grouped - known),
        "versions of one photograph that we made",
    )


def look_alike_answer(gallery: Gallery, samples: SampleSet, *, within: int = 5) -> KnownAnswer:
    """Look-alike pairs whose partner is among the nearest images of other folders."""
    root = samples.folder.absolute()
    found = 0
    for a, b in samples.look_alikes:
        folder = Path(a).parts[0]
        hits = gallery.search(str(root / a), k=within, where=f"label != '{folder}'")
        found += str(root / b) in hits.paths
    note = f"the partner is among the {within} nearest images of other folders"
    return KnownAnswer("pairs of look-alikes", len(samples.look_alikes), found, 0, note)
