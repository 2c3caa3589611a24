"""Whether an encoder learned from the very triplets that it is scored on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lookalike.similarity.comparator_pairs import triplet_hashes

if TYPE_CHECKING:
    from lookalike.benchmarks.triplets_encoders import ImageVectors
    from lookalike.judgments import TripletTable


def learned_triplets(made: ImageVectors, table: TripletTable) -> tuple[int, str]:
    """How many of the scored triplets an encoder learned from, and the warning that a reader must then see ('' else).

    Triplets count by the content of their images, whichever of the two candidates is called a.
    """
    if made.fitted_pairs is None:
        return 0, ""
    sides = [table.column(name) for name in ("reference", "a", "b")]
    count = int(np.isin(triplet_hashes(*sides), made.fitted_pairs).sum())
    if not count:
        return 0, ""
    return count, (
        f"WARNING: {made.name} learned from {count:,} of the {len(table):,} triplets scored here, so its figures are no "
        "measurement; score it on triplets that its training held out."
    )
