"""Whose answers are set aside, by the rules that the study stated beforehand. Nothing is ever deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.studies.analysis.responses import Responses

if TYPE_CHECKING:
    from lookalike.studies.config import StudyConfig

STRAIGHT_LEAST = 10
"""Answers that a person must have given before the rule on straight-lining applies: one answer is always "the same"."""


@dataclass(frozen=True)
class Person:
    """What is known of one participant.

    Attributes:
        name: as the answers call them.
        answers: main answers.
        catch: catch trials answered.
        catch_right: of these, right.
        median_ms: median response time of main answers; None where it is not known.
        straight_share: share of the most frequent position (without positions: answer) among main answers; None where
            there are fewer than two.
        accuracy: share of main answers that are right; None where none can be.
        excluded_by: names of the rules that set this person aside: ``catch``, ``speed``, ``straight-lining``.
    """

    name: str
    answers: int
    catch: int
    catch_right: int
    median_ms: float | None
    straight_share: float | None
    accuracy: float | None
    excluded_by: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "participant": self.name, "answers": self.answers, "catch": self.catch, "catch_right": self.catch_right,
            "median_ms": self.median_ms, "straight_share": self.straight_share, "accuracy": self.accuracy,
            "excluded_by": list(self.excluded_by),
        }  # fmt: skip


def people_of(everything: Responses, config: StudyConfig) -> list[Person]:
    """Each participant, and which of the study's rules they break.

    The rules: ``[catch] needed`` of ``[design] catch`` (broken as soon as more are wrong than the rule allows, also by who
    did not finish), ``[exclusion] min_median_ms``, ``[exclusion] max_straight_share`` (from ten answers on).

    Args:
        everything: answers of all roles.
        config: of the study.
    """
    role = np.array([item.role for item in everything.items])[everything.item]
    main, catch = role == "main", role == "catch"
    found = []
    for number, name in enumerate(everything.people):
        own = everything.person == number
        found.append(_person(name, everything, own & main, own & catch, config))
    return found


def excluded_people(people: list[Person]) -> set[str]:
    """Names of those whom a rule sets aside."""
    return {person.name for person in people if person.excluded_by}


def _person(name: str, everything: Responses, main: Any, catch: Any, config: StudyConfig) -> Person:
    times = everything.time_ms[main]
    times = times[np.isfinite(times)]
    median = float(np.median(times)) if len(times) else None
    straight = _straight(everything, main)
    correct = everything.correct[main]
    correct = correct[np.isfinite(correct)]
    asked, right = int(catch.sum()), int(np.nansum(everything.correct[catch]))
    rules = []
    needed = config.catch.needed
    if config.exclusion.catch and needed is not None and asked - right > config.design.catch - needed:
        rules.append("catch")
    if config.exclusion.min_median_ms and median is not None and median < config.exclusion.min_median_ms:
        rules.append("speed")
    enough = int(main.sum()) >= STRAIGHT_LEAST
    if enough and straight is not None and straight > config.exclusion.max_straight_share:
        rules.append("straight-lining")
    accuracy = float(correct.mean()) if len(correct) else None
    return Person(name, int(main.sum()), asked, right, median, straight, accuracy, tuple(rules))


def _straight(everything: Responses, rows: Any) -> float | None:
    given = np.where(
        everything.position[rows] >= 0,
        everything.position[rows],
        np.where(everything.chosen[rows] >= 0, everything.chosen[rows], everything.value[rows]),
    )
    given = given[np.isfinite(given)]
    if len(given) < 2:
        return None
    return float(np.unique(given, return_counts=True)[1].max() / len(given))
