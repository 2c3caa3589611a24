"""The queries of the paper's human study, set up from the table at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lookalike.benchmarks.distractors import PER_SET, Phi, paper_design
from lookalike.errors import BenchmarkError

if TYPE_CHECKING:
    from lookalike.benchmarks.near_duplicates import NearDuplicates
    from lookalike.judgments import ForcedChoiceTable, PairTable

LEAST_PER_SET = 5


def study_design(
    table: PairTable, distances: Mapping[str, Phi], near: NearDuplicates, *, seed: int
) -> tuple[ForcedChoiceTable | None, str]:
    """The paper's six sets of 20 queries, or of as many as the subsets allow (at least 5).

    Args:
        table: the pairs.
        distances: ``generic``, ``face`` and ``face-generic``.
        near: near-duplicates of the same pairs, found with faces.
        seed: of the drawing.

    Returns:
        (the queries, or None when even small sets are impossible; a sentence where it is not the paper's design).
    """
    reason = ""
    for per_set in range(PER_SET, LEAST_PER_SET - 1, -1):
        try:
            design = paper_design(table, distances, near, per_set=per_set, seed=seed)
        except BenchmarkError as error:
            reason = reason or " ".join(str(error).split())
            continue
        if per_set == PER_SET:
            return design, ""
        return design, f"The human study's sets have {per_set} queries instead of {PER_SET}: {reason}."
    return None, f"The conditions of the human study could not be set up: {reason}."
