"""Worker quality: catch rules with their false-pass rates, agreement with others, and reliability by model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import StudyError
from lookalike.studies.analysis.exclusions import Person
from lookalike.studies.analysis.raters import dawid_skene
from lookalike.studies.analysis.reliability import leave_one_out_agreement, one_coin
from lookalike.studies.analysis.responses import Responses

if TYPE_CHECKING:
    from lookalike.studies.config import StudyConfig

CAREFUL = 0.95
"""A careful person's accuracy on a catch trial."""


@dataclass(frozen=True)
class CatchRule:
    """The study's rule, and whom it lets pass.

    Attributes:
        trials: catch trials for each participant.
        needed: right answers needed of them.
        guesser_passes: probability that a guesser passes.
        careful_passes: that a person passes who is right 95 times in 100.
        asked: people who answered any.
        failed: of these, broke the rule.
        right: share of all catch answers that are right; None where there are none.
    """

    trials: int
    needed: int
    guesser_passes: float
    careful_passes: float
    asked: int
    failed: int
    right: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class WorkerRow:
    """One person's quality; None where it is not known.

    Attributes:
        name: as the answers call them.
        agreement: share of answers that agree with the mode of the others.
        reliability: theta of the one-coin model.
        true_rate: how often Dawid and Skene's model finds them saying the true label; only for shared labels.
    """

    name: str
    agreement: float | None
    reliability: float | None
    true_rate: float | None


@dataclass(frozen=True)
class Quality:
    """Worker quality of a study.

    Attributes:
        catch: the rule; None where the study has none.
        workers: one row for each person with a choice.
        dawid_skene: why that model was not fitted; "" where it was.
    """

    catch: CatchRule | None
    workers: tuple[WorkerRow, ...]
    dawid_skene: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "catch": None if self.catch is None else self.catch.to_dict(),
            "workers": [dict(vars(row)) for row in self.workers],
            "dawid_skene_refused": self.dawid_skene,
        }


def pass_probability(trials: int, needed: int, accuracy: float) -> float:
    """Probability that somebody with that accuracy is right in ``needed`` of ``trials`` trials or more."""
    from scipy.stats import binom

    return float(binom.sf(needed - 1, trials, accuracy))


def worker_quality(
    responses: Responses, people: list[Person], config: StudyConfig, catch_chance: float
) -> Quality:
    """Quality of everybody who answered.

    Args:
        responses: main answers.
        people: as :func:`people_of` gives them.
        config: of the study.
        catch_chance: how often a guesser is right on a catch trial; NaN where there is none.
    """
    made = responses.chosen >= 0
    rule = _rule(people, config, catch_chance)
    if not made.any():
        return Quality(rule, (), "these answers are no choices among labels")
    some = responses.select(made)
    width = int(some.choices.max())
    agreement = leave_one_out_agreement(some.item, some.person, some.chosen, width)
    coin = one_coin(some.item, some.person, some.chosen, some.choices)
    refused, rates = "", None
    try:
        shared = config.type == "same-different"
        rates = dawid_skene(some.item, some.person, some.chosen, width, shared=shared).accuracy()
    except StudyError as error:
        refused = str(error)
    rows = tuple(
        WorkerRow(
            name, None if math.isnan(agreement[n]) else float(agreement[n]), float(coin.reliability[n]),
            None if rates is None else float(rates[n]),
        )
        for n, name in enumerate(some.people)
    )  # fmt: skip
    return Quality(rule, rows, refused)


def _rule(people: list[Person], config: StudyConfig, chance: float) -> CatchRule | None:
    trials, needed = config.design.catch, config.catch.needed
    if not trials or needed is None:
        return None
    asked = [person for person in people if person.catch]
    answers = sum(person.catch for person in asked)
    failed = sum(1 for person in asked if person.catch - person.catch_right > trials - needed)
    guesses = chance if np.isfinite(chance) else 0.0
    right = sum(person.catch_right for person in asked) / answers if answers else None
    return CatchRule(
        trials, needed, pass_probability(trials, needed, guesses), pass_probability(trials, needed, CAREFUL),
        len(asked), failed, right,
    )  # fmt: skip
