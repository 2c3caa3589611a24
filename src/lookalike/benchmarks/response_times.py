"""Raw answers chosen by how long people took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lookalike.errors import BenchmarkError, InvalidArgument

if TYPE_CHECKING:
    from lookalike.judgments import Judgments


def within_times(
    judged: Judgments, least: float | None = None, most: float | None = None
) -> tuple[Judgments, list[str]]:
    """The answers that took from ``least`` to ``most`` seconds, both included, and what a reader must know.

    Answers whose time is not known stay; how many they are is said.

    Args:
        judged: raw answers to triplets; any other table only where neither bound is given.
        least: seconds; None: no bound.
        most: seconds; None: no bound.

    Raises:
        InvalidArgument: bounds below 0, not finite or the wrong way round, or a table that holds no single answers.
        BenchmarkError: no answer is left.
    """
    from lookalike.judgments import TripletAnswers

    if least is None and most is None:
        return judged, []
    low, high = (0.0 if least is None else least), (np.inf if most is None else most)
    if not (0 <= low <= high) or not np.isfinite(low):
        raise InvalidArgument(
            f"response times from {low:g} to {high:g} seconds: 0 <= least <= most is needed"
        )
    if not isinstance(judged, TripletAnswers):
        raise InvalidArgument(
            f"response times choose among raw answers, but this table holds {judged.kind}; leave them out"
        )
    seconds = judged.array("response_time_s").astype(np.float64)
    unknown = np.isnan(seconds)
    keep = unknown | ((seconds >= low) & (seconds <= high))
    if not keep.any():
        raise BenchmarkError(f"none of the {len(judged):,} answers took {low:g} to {high:g} seconds")
    notes = [
        f"{int((~keep).sum()):,} of {len(judged):,} answers were left out by their response time "
        f"(kept: {low:g} to {high:g} s)."
    ]
    if unknown.any():
        notes.append(f"Answers without a response time were kept: {int(unknown.sum()):,}.")
    return judged.select(keep), notes
