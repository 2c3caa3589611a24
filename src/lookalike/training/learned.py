"""Which human judgments a run learns from, as hashes: figures on them would be no measurement."""

from __future__ import annotations

import numpy as np

from lookalike.encoders.fitted import Hashes
from lookalike.similarity.comparator_pairs import pair_hashes, triplet_hashes
from lookalike.training.data_table import Rows, Table


def learned_hashes(table: Table) -> Hashes | None:
    """Hashes of the rows of pairs or triplets that people judged: uint64 (n,), each once; None where there are none.

    Rows without a label (``same`` below 0) say nothing; made rows, such as drawn twins, are no human judgments.
    """
    if not table.contents or table.kind not in ("pairs", "triplets"):
        return None
    shown = table.shown
    known = np.array([bool(content) for content in table.contents])[shown].all(axis=1)
    if "same" in table.values:
        known &= table.values["same"] >= 0
    if not known.any():
        return None
    sides = [_contents(table, column) for column in shown[known].T]
    found = pair_hashes(*sides) if table.kind == "pairs" else triplet_hashes(*sides)
    return np.unique(found)


def _contents(table: Table, pictures: Rows) -> list[str]:
    return [table.contents[picture] for picture in pictures]
