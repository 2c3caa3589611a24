"""Everything that a study's answers say, in one result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lookalike.benchmarks.statistics import CorrelationEstimate, Estimate, correlation
from lookalike.errors import BenchmarkError, StudyError
from lookalike.studies.analysis.accuracy import GroupAccuracy, accuracy_by_group
from lookalike.studies.analysis.consensus import Agreement, agreement
from lookalike.studies.analysis.alpha import krippendorff_alpha
from lookalike.studies.analysis.ceilings import Ceilings, leave_one_out, split_half_means, split_half_votes
from lookalike.studies.analysis.exclusions import Person, excluded_people, people_of
from lookalike.studies.analysis.machines import MachineResult
from lookalike.studies.analysis.position import PositionResult, position_test
from lookalike.studies.analysis.psychometric import Psychometric, Sensitivity, fit_psychometric, sensitivity
from lookalike.studies.analysis.quality import Quality, worker_quality
from lookalike.studies.analysis.responses import Responses
from lookalike.studies.analysis.times import Times, response_times

if TYPE_CHECKING:
    from lookalike.benchmarks.paired_tests import PairedTest
    from lookalike.benchmarks.triplets_encoders import Failed
    from lookalike.studies.config import StudyConfig
    from lookalike.studies.items import Item

LEVEL = "level"
"""Key of an item's ``extra``: the stimulus level of a same/different pair, for a psychometric curve without a machine."""


class StudyLike(Protocol):
    """What the analysis asks of a study: :class:`lookalike.studies.Study`, or an imported one."""

    @property
    def config(self) -> StudyConfig:
        """Its settings."""

    @property
    def items(self) -> Iterable[Item]:
        """Its items."""


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


@dataclass(frozen=True)
class StudyResult:
    """The analysis of a study.

    Attributes:
        title, type: of the study.
        figures: the main figures, without those excluded unless asked otherwise.
        everybody: the same with everybody, where somebody was excluded.
        responses: the main answers behind ``figures``.
        people: each participant, and the rules that set them aside.
        quality: catch rule, agreement and reliability of each participant.
        excluded: whether the rules were applied.
        simulated: answers of simulated participants among those analysed.
        left_out: answers by role that are no main trials.
        seed: of every interval.
        machines, failed, comparisons: filled by :func:`with_machines`.
    """

    title: str
    type: str
    figures: Figures
    everybody: Figures | None
    responses: Responses
    people: list[Person]
    quality: Quality
    excluded: bool
    simulated: int
    left_out: dict[str, int]
    seed: int
    machines: list[MachineResult] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    comparisons: list[PairedTest] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; participants by their place, never by name."""
        excluded = [one for one in self.people if one.excluded_by]
        return {
            "title": self.title, "type": self.type, **self.figures.to_dict(),
            "exclusions": {
                "applied": self.excluded, "participants": len(excluded),
                "by_rule": {
                    rule: sum(rule in one.excluded_by for one in excluded)
                    for rule in ("catch", "speed", "straight-lining")
                },
            },
            "everybody": None if self.everybody is None else self.everybody.to_dict(),
            "quality": _nameless(self.quality), "simulated": self.simulated, "left_out": self.left_out, "seed": self.seed,
            "machines": {one.name: one.to_dict() for one in self.machines},
            "machines_failed": {one.name: one.error for one in self.failed},
            "comparisons": [test.to_dict() for test in self.comparisons],
        }  # fmt: skip


def analyse(
    study: StudyLike,
    answers: pa.Table,
    *,
    include_simulated: bool = False,
    excluded: bool = True,
    seed: int = 0,
) -> StudyResult:
    """Analyse the answers of a study.

    Args:
        study: settings and items.
        answers: of ANSWER_SCHEMA: the study's own, in any order.
        include_simulated: simulated participants' answers are refused otherwise.
        excluded: set those aside who break the study's rules; False keeps everybody.
        seed: the same seed gives the same intervals.

    Raises:
        StudyError: no answers, simulated ones without being asked for, answers of another study, or everybody excluded.
    """
    simulated = check_simulated(answers, include_simulated)
    everything = Responses.of(study.items, answers)
    roles = np.array([item.role for item in everything.items])[everything.item]
    if not (roles == "main").any():
        raise StudyError("there is no answer to a main trial yet, so there is nothing to analyse")
    people = people_of(everything, study.config)
    main = everything.select(roles == "main")
    out = excluded_people(people)
    kept = main
    if excluded and out:
        keep = np.array([name not in out for name in main.people])[main.person]
        if not keep.any():
            raise StudyError(
                f"the study's rules exclude all {len(out)} participants; look at the answers with everybody kept"
            )
        kept = main.select(keep)
    fixed = study.config.design.order == "fixed"
    figures = figures_of(kept, study.config.type, fixed=fixed, seed=seed)
    everybody = figures_of(main, study.config.type, fixed=fixed, seed=seed) if len(kept) < len(main) else None
    left_out = {role: int((roles == role).sum()) for role in ("practice", "catch")}
    quality = worker_quality(main, people, study.config, _catch_chance(everything))
    return StudyResult(
        study.config.title,
        study.config.type,
        figures,
        everybody,
        kept,
        people,
        quality,
        excluded,
        simulated,
        left_out,
        seed,
    )


def check_simulated(answers: pa.Table, include: bool) -> int:
    """How many answers are simulated.

    Raises:
        StudyError: there are no answers at all, or simulated ones that nobody asked for.
    """
    if answers.num_rows == 0:
        raise StudyError("the study has no answers yet")
    count = int(pc.sum(answers.column("simulated").cast(pa.int64())).as_py() or 0)
    if count and not include:
        raise StudyError(
            f"{count:,} of {answers.num_rows:,} answers are of simulated participants, which say nothing about people; "
            "--include-simulated (include_simulated=True) analyses them all the same"
        )
    return count


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
        found = agreement(chosen.votes(), chosen.choices, seed=seed)
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
        leave_one_out(votes, seed=seed),
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


def _catch_chance(everything: Responses) -> float:
    catch = [
        n for n, item in enumerate(everything.items) if item.role == "catch" and everything.choices[n] > 0
    ]
    return float(np.mean(1 / everything.choices[catch])) if catch else float("nan")


def _nameless(quality: Quality) -> dict[str, Any]:
    found = quality.to_dict()
    found["workers"] = [
        {**{key: value for key, value in row.items() if key != "name"}, "number": n}
        for n, row in enumerate(found["workers"], 1)
    ]
    return found
