"""Everything that a study's answers say, in one result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.errors import StudyError
from lookalike.studies.analysis.exclusions import Person, excluded_people, people_of
from lookalike.studies.analysis.figures import Figures, figures_of
from lookalike.studies.analysis.machines import MachineResult
from lookalike.studies.analysis.quality import Quality, worker_quality
from lookalike.studies.analysis.responses import Responses

if TYPE_CHECKING:
    from lookalike.benchmarks.paired_tests import PairedTest
    from lookalike.benchmarks.triplets_encoders import Failed
    from lookalike.studies.config import StudyConfig
    from lookalike.studies.items import Item


class StudyLike(Protocol):
    """What the analysis asks of a study: :class:`lookalike.studies.Study`, or an imported one."""

    @property
    def config(self) -> StudyConfig:
        """Its settings."""

    @property
    def items(self) -> Iterable[Item]:
        """Its items."""


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
        late: answers that came after the time-out, to items that others had filled meanwhile.
        late_counted: whether they are in the figures.
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
    late: int
    late_counted: bool
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
            "quality": _nameless(self.quality), "simulated": self.simulated, "left_out": self.left_out,
            "late": {"answers": self.late, "counted": self.late_counted}, "seed": self.seed,
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
    late: bool = False,
    seed: int = 0,
) -> StudyResult:
    """Analyse the answers of a study.

    Args:
        study: settings and items.
        answers: of ANSWER_SCHEMA: the study's own, in any order.
        include_simulated: simulated participants' answers are refused otherwise.
        excluded: set those aside who break the study's rules; False keeps everybody.
        late: count the answers to main trials that the server marked as late: over the number that the design asks of an
            item. A table without that column has none.
        seed: the same seed gives the same intervals.

    Raises:
        StudyError: no answers, simulated ones without being asked for, answers of another study, or everybody excluded.
    """
    simulated = check_simulated(answers, include_simulated)
    everything = Responses.of(study.items, answers)
    roles = np.array([item.role for item in everything.items])[everything.item]
    over = (roles == "main") & late_rows(answers)
    counted = (roles == "main") & (late | ~over)
    if not counted.any():
        if over.any():
            raise StudyError(
                f"all {int(over.sum()):,} answers to main trials came late, after the time-out and on top of the number "
                "that the design asks of an item, so they do not count; --late (late=True) counts them"
            )
        raise StudyError("there is no answer to a main trial yet, so there is nothing to analyse")
    people = people_of(everything, study.config)
    main = everything.select(counted)
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
        int(over.sum()),
        late,
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


def late_rows(answers: pa.Table) -> NDArray[np.bool_]:
    """Which answers were given after the time-out, on top of an item's number: bool (n,); older tables do not say."""
    if "late" not in answers.column_names:
        return np.zeros(answers.num_rows, dtype=np.bool_)
    return np.asarray(
        pc.fill_null(answers.column("late"), False).to_numpy(zero_copy_only=False), dtype=np.bool_
    )


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
