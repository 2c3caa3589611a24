"""What a study will take and what it can find: length, people, cost, half-widths, power, the catch rule."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from lookalike.studies import planning
from lookalike.studies.types import is_vote, study_type

if TYPE_CHECKING:
    from lookalike.studies.config import StudyConfig
    from lookalike.studies.study import Study

_COUNTED = ("kafc", "2afc", "odd-one-out", "same-different")
_SMALL_BIAS = 0.1


@dataclass(frozen=True)
class Expectation:
    """What the planner takes for granted.

    Attributes:
        accuracy: how often people give an item's right (or commoner) answer.
        icc: intraclass correlation of answers to one item.
        difference: of accuracies, that should be found; None: power is not computed.
        discordance: share of items on which two models differ; None: the larger of 0.2 and the difference.
        pay: for one session; None: as study.toml says.
        seconds_per_trial: None: as usual for the type.
    """

    accuracy: float = 0.75
    icc: float = planning.ICC
    difference: float | None = None
    discordance: float | None = None
    pay: float | None = None
    seconds_per_trial: float | None = None


def figures(study: Study, expected: Expectation) -> dict[str, Any]:
    """Plain values for people and for JSON.

    Raises:
        MissingDependency: a difference is stated and statsmodels is not installed.
        InvalidArgument: an expectation is out of range.
    """
    config, main = study.config, study.items.where(role="main")
    sets = Counter(item.set for item in main)
    answers = planning.answers_per_item(config, expected.accuracy)
    votes = config.design.votes
    asked = [item for item in main if votes is None or not is_vote(item)]
    people = planning.participants_needed(config, len(asked), expected.accuracy)
    minutes = planning.session_minutes(config, expected.seconds_per_trial)
    pay = config.panel.pay_per_participant if expected.pay is None else expected.pay
    document: dict[str, Any] = {
        "name": config.name,
        "type": config.type,
        "hash": study.hash,
        "items": {role: len(study.items.where(role=role)) for role in ("main", "practice", "catch")},
        "sets": dict(sets),
        "images": len(study.items.images()),
        "trials_per_session": planning.trials_of_session(config),
        "minutes_per_session": minutes,
        "answers_per_item": answers,
        "answers": answers * len(asked) + (people * votes.per_participant if votes else 0),
        "participants": people,
        "cost": {
            "pay_per_participant": pay,
            "currency": config.panel.currency,
            "total": pay * people,
            "per_hour": pay / (minutes / 60),
        },
        "catch": _catch(study),
        "precision": None,
        "power": None,
    }
    if config.type in _COUNTED and main:
        document["precision"] = _precision(sets, answers, expected)
        if expected.difference is not None:
            document["power"] = _power(study, sets, answers, expected)
    return document


def chance_of(study: Study) -> float:
    """How often a guesser is right on a catch trial; of ratings: the mean share of the scale that is expected."""
    catch = study.items.where(role="catch")
    if study.config.type == "rating" and study.config.scale is not None:
        return (
            fmean(_expected_share(study.config, item.extra.get("expected")) for item in catch)
            if catch
            else 0.5
        )
    found = [study_type(study.config.type).chance(item) for item in catch]
    known = [chance for chance in found if not math.isnan(chance)]
    return fmean(known) if known else 0.5


def _expected_share(config: StudyConfig, ends: Any) -> float:
    scale = config.scale
    if scale is None or not isinstance(ends, list) or len(ends) != 2:
        return 0.5
    if not scale.marks:
        return (float(ends[1]) - float(ends[0])) / (scale.high - scale.low)
    marks = [scale.low + i * scale.step for i in range(scale.marks)]
    low, high = float(ends[0]) - 1e-9, float(ends[1]) + 1e-9
    return sum(low <= mark <= high for mark in marks) / len(marks)


def _catch(study: Study) -> dict[str, Any] | None:
    count, needed = study.config.design.catch, study.config.catch.needed
    if not count or needed is None:
        return None
    chance = chance_of(study)
    return {
        "count": count,
        "needed": needed,
        "chance": chance,
        "guessers_pass": planning.catch_pass(count, needed, chance),
        "careful_pass": planning.catch_pass(count, needed, planning.CAREFUL),
    }


def _precision(sets: Counter[str], answers: float, expected: Expectation) -> dict[str, Any]:
    def half(items: int) -> float:
        return planning.half_width(expected.accuracy, items, answers, icc=expected.icc)

    return {
        "accuracy": expected.accuracy,
        "icc": expected.icc,
        "half_width": half(sets.total()),
        "half_width_by_set": {name: half(count) for name, count in sets.items()} if len(sets) > 1 else {},
    }


def _power(study: Study, sets: Counter[str], answers: float, expected: Expectation) -> dict[str, Any]:
    difference = float(expected.difference or 0)
    items = sets.total()
    discordance = max(0.2, difference) if expected.discordance is None else expected.discordance
    groups = sorted(sets.values())[0] if len(sets) > 1 else items // 2
    options = Counter(len(item.options) for item in study.items.where(role="main")).most_common(1)[0][0]
    found: dict[str, Any] = {
        "difference": difference,
        "between_groups": {
            "items_each": groups,
            "power": planning.power_between_groups(
                expected.accuracy, difference, max(groups, 1), answers, icc=expected.icc
            ),
        },
        "between_models": {
            "discordance": discordance,
            "power": planning.paired_power(difference, discordance, items),
            "items_for_80_percent": planning.paired_items(difference, discordance),
        },
        "position_bias": None,
    }
    if options >= 2:
        needed = planning.position_answers(options, _SMALL_BIAS)
        found["position_bias"] = {
            "effect_w": _SMALL_BIAS,
            "answers_for_80_percent": needed,
            "answers": items * answers,
        }
    return found
