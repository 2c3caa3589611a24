"""Comparators in a run over pairs: one more name beside the encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.tll_result import Unavailable
from lookalike.encoders import Encoder
from lookalike.errors import BenchmarkError, ImageError, JudgmentError, LookalikeError
from lookalike.progress import Progress
from lookalike.similarity.comparator_pairs import count_fitted

if TYPE_CHECKING:
    from lookalike.judgments import PairTable


@runtime_checkable
class PairScorer(Protocol):
    """What can be scored like an encoder; :class:`lookalike.similarity.comparator.Comparator` is one."""

    @property
    def name(self) -> str:
        """How reports call it."""

    def matrix(
        self, a: Sequence[Any], b: Sequence[Any], *, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Scores of every image of ``a`` with every one of ``b``: float32 (n, m), larger is more alike."""


@dataclass(frozen=True)
class ComparatorScores:
    """A comparator on a table of pairs.

    Attributes:
        name: its folder as typed, or its own name.
        distances: float32 (n, m), minus the log odds.
        fitted_pairs: how many of the scored pairs it was fitted on; 0 also where it does not know.
        notes: for the reader.
    """

    name: str
    distances: NDArray[np.float32]
    fitted_pairs: int = 0
    notes: list[str] = field(default_factory=list)


def comparator_distances(
    given: Any, table: PairTable, gallery: Sequence[str], progress: Progress | None = None
) -> ComparatorScores | Unavailable:
    """Distances (minus the scores: log odds) of a table's left images to a gallery by a comparator.

    Args:
        given: the folder of a comparator, or a :class:`PairScorer`.
        table: the pairs.
        gallery: content ids of the candidates.
        progress: told how far it is.

    Returns:
        Its scores, or why it cannot be had.

    Raises:
        ImageError: an image cannot be read.
        BenchmarkError: the distances have another shape, or are not numbers.
    """
    name = str(given) if isinstance(given, str | Path) else str(getattr(given, "name", type(given).__name__))
    try:
        scorer = _scorer(given)
        paths = [table.images.path(content) for content in gallery]
        scores = np.asarray(scorer.matrix(table.paths("left"), paths, progress=progress), np.float32)
    except (ImageError, JudgmentError):
        raise
    except LookalikeError as error:
        return Unavailable(name, " ".join(str(error).split()))
    if scores.shape != (len(table), len(gallery)) or np.isnan(scores).any():
        raise BenchmarkError(
            f"comparator {name} gave {scores.shape} scores where {(len(table), len(gallery))} numbers are wanted"
        )
    fitted, note = _fitted(scorer, name, table)
    return ComparatorScores(name, -scores, fitted, [note])


def _fitted(scorer: PairScorer, name: str, table: PairTable) -> tuple[int, str]:
    """How many of the scored pairs it was fitted on, and the sentence that a reader must see."""
    known = getattr(scorer, "fitted", None)
    if known is None:
        return 0, (
            f"{name} learned from human pairs and does not say from which: its figures are honest only on pairs that "
            "it was not fitted on."
        )
    count = count_fitted(known, table.column("left"), table.column("right"))
    if not count:
        return 0, (
            f"{name} was fitted on none of these pairs (compared by the content of their files); images that occur in "
            "both sets, or copies of them, still make its figures too good."
        )
    return count, (
        f"WARNING: {name} was fitted on {count:,} of the {len(table):,} pairs scored here, so its figures are no "
        "measurement; `lookalike comparator evaluate` scores each pair by a comparator that never saw it."
    )


def learned_pairs(encoder: Encoder, name: str, table: PairTable) -> tuple[int, str]:
    """How many of the scored pairs an encoder learned from, and the warning that a reader must then see ('' else)."""
    known = encoder.fitted_pairs
    count = 0 if known is None else count_fitted(known, table.column("left"), table.column("right"))
    if not count:
        return 0, ""
    return count, (
        f"WARNING: {name} learned from {count:,} of the {len(table):,} pairs scored here, so its figures are no "
        "measurement; score it on pairs that its training held out (`glance`: docs/explanation/glance.md)."
    )


def _scorer(given: Any) -> PairScorer:
    if isinstance(given, str | Path):
        if not Path(given).exists():
            raise BenchmarkError(f"there is no comparator at {given}; give the folder that was saved")
        from lookalike.similarity.comparator import Comparator

        return Comparator.load(Path(given))
    if not isinstance(given, PairScorer):
        raise BenchmarkError(f"{type(given).__name__} is no comparator: it needs a name and matrix(a, b)")
    return given
