"""The main figures of a study's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike.benchmarks.statistics import CorrelationEstimate, Estimate, correlation
from lookalike.errors import BenchmarkError, StudyError
from lookalike.studies.analysis.accuracy import GroupAccuracy, accuracy_by_group
from lookalike.studies.analysis.alpha import krippendorff_alpha
from lookalike.studies.analysis.ceilings import Ceilings, leave_one_out, split_half_means, split_half_votes
from lookalike.studies.analysis.consensus import Agreement, agreement
from lookalike.studies.analysis.position import PositionResult, position_test
from lookalike.studies.analysis.psychometric import Psychometric, Sensitivity, fit_psychometric, sensitivity
from lookalike.studies.analysis.responses import Responses
from lookalike.studies.analysis.times import Times, response_times

LEVEL = "level"
"""Key of an item's ``extra``: the stimulus level of a same/different pair, for a psychometric curve without a machine."""


@dataclass(frozen=True)
class Figures:
    """The main figures, of everybody or without those excluded; None where a study has no such answers.

    Attributes:
        participants, answers, items: numbers.
        accuracy: ``all`` first, then each group.
        agreement: among people.
        ceilings: what a machine could reach.
        agreement_correct: Pearson's r over items of agreement with the share of right answers (figure 5b).
        position: of choices.
        times: of responses.
        alpha: Krippendorff's, for ratings (ordinal) and same/different (nominal).
        sensitivity: d' of same/different.
        psychometric: of same/different with levels.
        notes: why a figure is missing.
    """

    participants: int
    answers: int
    items: int
    accuracy: list[GroupAccuracy]
    agreement: Agreement | None
    ceilings: Ceilings | None
    agreement_correct: CorrelationEstimate | None
    position: PositionResult | None
    times: Times | None
    alpha: Estimate | None
    sensitivity: Sensitivity | None
    psychometric: Psychometric | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the figures asked for most stand on top."""

        def plain(value: Any) -> Any:
            return None if value is None else value.to_dict()

        overall = self.accuracy[0].accuracy if self.accuracy else None
        modal = self.agreement.modal_share if self.agreement is not None else None
        return {
            "participants": self.participants,
            "answers": self.answers,
            "items": self.items,
            "accuracy": None if overall is None else overall.value,
            "accuracy_interval": None if overall is None else [overall.low, overall.high],
            "majority_share": None if modal is None else modal.value,
            "majority_share_interval": None if modal is None else [modal.low, modal.high],
            "position_counts": None if self.position is None else list(self.position.counts),
            "by_group": [group.to_dict() for group in self.accuracy],
            "agreement": plain(self.agreement),
            "agreement_correct": plain(self.agreement_correct),
            "ceilings": plain(self.ceilings),
            "position": plain(self.position),
            "times": plain(self.times),
            "alpha": plain(self.alpha),
            "sensitivity": plain(self.sensitivity),
            "psychometric": plain(self.psychometric),
            "notes": list(self.notes),
        }


def figures_of(main: Responses, type_: str, *, fixed: bool = False, seed: int = 0) -> Figures:
    """The main figures of some answers.

    Args:
        main: answers to main trials.
        type_: of the study.
        fixed: everybody saw an item in one order.
        seed: of every interval.
    """
    notes: list[str] = []
    accuracy = accuracy_by_group(main, seed=seed)
    made = main.chosen >= 0
    found = ceilings = joined = None
    if made.any():
        chosen = main.select(made)
        found = agreement(chosen.votes(), chosen.choices, clusters=chosen.queries(), seed=seed)
        ceilings = _ceilings(chosen, found, seed)
        joined = _agreement_correct(chosen, found, notes)
    elif np.isfinite(main.value).any():
        rated = main.select(np.isfinite(main.value))
        halves = split_half_means(rated.item, rated.value, len(rated.items), seed=seed)
        repeated = int((np.bincount(rated.item) >= 2).sum())
        ceilings = Ceilings(None, None, None, halves, repeated)
    return Figures(
        len(main.people), len(main), len(main.items), accuracy, found, ceilings, joined,
        position_test(main, fixed=fixed, seed=seed), response_times(main, seed=seed),
        _alpha(main, type_, seed, notes), *_same_different(main, type_, seed, notes), tuple(notes),
    )  # fmt: skip


def _ceilings(chosen: Responses, found: Agreement, seed: int) -> Ceilings:
    votes = chosen.votes()
    return Ceilings(
        leave_one_out(votes, clusters=chosen.queries(), seed=seed),
        found.pairwise,
        found.modal_share,
        split_half_votes(chosen.item, chosen.chosen, chosen.choices, seed=seed),
        int((votes.sum(axis=1) >= 2).sum()),
    )


def _agreement_correct(chosen: Responses, found: Agreement, notes: list[str]) -> CorrelationEstimate | None:
    known = chosen.right >= 0
    if not known.any():
        return None
    share = correct_by_item(chosen)
    try:
        return correlation(found.items[known], share[known])
    except BenchmarkError as error:
        notes.append(f"agreement against correctness: {error}")
        return None


def correct_by_item(chosen: Responses) -> Any:
    """Share of right answers of each item: float64 (I,), NaN where nothing is right."""
    votes = chosen.votes()
    right = votes[np.arange(len(votes)), np.maximum(chosen.right, 0)] / votes.sum(axis=1)
    return np.where(chosen.right >= 0, right, np.nan)


def _alpha(main: Responses, type_: str, seed: int, notes: list[str]) -> Estimate | None:
    if type_ not in ("rating", "same-different"):
        return None
    value = main.value if type_ == "rating" else main.chosen.astype(np.float64)
    try:
        return krippendorff_alpha(
            main.item, value, level="ordinal" if type_ == "rating" else "nominal", seed=seed
        )
    except (StudyError, BenchmarkError) as error:
        notes.append(f"Krippendorff's alpha: {error}")
        return None


def _same_different(
    main: Responses, type_: str, seed: int, notes: list[str]
) -> tuple[Sensitivity | None, Psychometric | None]:
    if type_ != "same-different":
        return None, None
    two = np.array([len(set(item.fixed)) == 2 for item in main.items])[main.item]
    known = sensitivity(two, main.chosen == 0)
    if known is None:
        notes.append("d' needs pairs of one image with itself among the main trials; there are none")
    level = np.array([float(item.extra.get(LEVEL, "nan")) for item in main.items])[main.item]
    rows = np.isfinite(level) & (main.chosen >= 0)
    if not rows.any():
        return known, None
    try:
        return known, fit_psychometric(level[rows], 1 - main.chosen[rows], main.person[rows], seed=seed)
    except StudyError as error:
        notes.append(f"psychometric curve: {error}")
        return known, None
