"""Sizes and power against figures that were worked out elsewhere, and against plain counting."""

from __future__ import annotations

import math
import sys
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import InvalidArgument, MissingDependency
from lookalike.studies import planning
from lookalike.studies.config import StudyConfig


def config(type: str = "kafc", **design: object) -> StudyConfig:
    sections = {"scale": {}} if type == "rating" else {}
    return StudyConfig.parse({"name": "x", "title": "T", "type": type, "design": design, **sections})


@pytest.mark.parametrize(
    ("items", "answers", "points"),
    [(20, 20, 9.0), (20, 5, 10.8), (120, 20, 3.7), (120, 5, 4.4), (120, 1, 7.2), (400, 5, 2.4)],
)
def test_half_widths_of_tll_like_votes(items: int, answers: int, points: float) -> None:
    # Spread p (1 - p) = 0.162 and ICC 0.22, as simulated for designs like Totally-Looks-Like's.
    assert 100 * planning.half_width(0.797, items, answers) == pytest.approx(points, abs=0.06)


@settings(deadline=None)
@given(p=st.floats(0.05, 0.95), items=st.integers(1, 500), icc=st.floats(0, 1))
def test_more_answers_never_beat_more_items(p: float, items: int, icc: float) -> None:
    one = planning.half_width(p, items, 1, icc=icc)
    assert planning.half_width(p, 2 * items, 1, icc=icc) <= planning.half_width(p, items, 2, icc=icc) + 1e-12
    assert planning.half_width(p, items, 50, icc=icc) <= one + 1e-12
    assert one == pytest.approx(1.959964 * math.sqrt(p * (1 - p) / items), rel=1e-5)


@pytest.mark.parametrize(
    ("difference", "discordance", "items"),
    [(0.05, 0.1, 312), (0.05, 0.2, 626), (0.05, 0.3, 940), (0.02, 0.1, 1960)],
)
def test_items_that_tell_two_models_apart(difference: float, discordance: float, items: int) -> None:
    assert planning.paired_items(difference, discordance) == items
    assert planning.paired_power(difference, discordance, items) == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize(
    ("count", "needed", "right", "percent"),
    [
        *((10, 8, 0.5, 5.5), (10, 8, 0.95, 98.8), (10, 9, 0.5, 1.1), (2, 2, 0.5, 25.0)),
        *((5, 4, 1 / 3, 4.5), (5, 4, 0.95, 97.7), (4, 3, 0.2, 2.7), (5, 4, 0.2, 0.7)),
    ],
)
def test_catch_rules(count: int, needed: int, right: float, percent: float) -> None:
    assert 100 * planning.catch_pass(count, needed, right) == pytest.approx(percent, abs=0.06)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 6), st.sampled_from([0.1, 0.5, 0.95]))
def test_catch_rule_counts_every_course_of_answers(count: int, needed: int, right: float) -> None:
    courses = product((0, 1), repeat=count)
    share = sum(
        math.prod(right if one else 1 - right for one in course)
        for course in courses
        if sum(course) >= needed
    )
    assert planning.catch_pass(count, needed, right) == pytest.approx(share)


def test_position_bias_takes_as_many_answers_as_the_tables_say() -> None:
    assert planning.position_answers(5) == 1194


def test_power_between_groups_grows_with_items_and_is_alpha_without_a_difference() -> None:
    few, many = (planning.power_between_groups(0.75, 0.15, items, 20) for items in (20, 120))
    assert few == pytest.approx(0.517, abs=0.01)  # groups of 20 queries cannot tell 60 from 75 %
    assert many > 0.99
    assert planning.power_between_groups(0.75, 1e-6, 100, 5) == pytest.approx(0.05, abs=0.001)


def test_without_statsmodels_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.stats.power", None)
    with pytest.raises(MissingDependency, match=r"lookalike\[stats\]"):
        planning.power_between_groups(0.75, 0.1, 20, 5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: planning.half_width(1.5, 10, 1),
        lambda: planning.half_width(0.5, 0, 1),
        lambda: planning.paired_items(0.3, 0.2),
        lambda: planning.paired_power(0, 0.2, 10),
        lambda: planning.power_between_groups(0.2, 0.3, 10, 5),
        lambda: planning.session_minutes(config(), 0),
    ],
)
def test_values_out_of_range_are_refused(call: object) -> None:
    with pytest.raises(InvalidArgument):
        call()  # type: ignore[operator]


def test_participants_and_minutes() -> None:
    plan = config(answers_per_item=20, trials_per_participant=40, practice=3, catch=5, break_every=25)
    assert planning.participants_needed(plan, 120) == 60
    # 48 trials of 6 s, 3 x 2 s of feedback, one break, consent and end.
    assert planning.session_minutes(plan) == pytest.approx((48 * 6 + 3 * 2 + 20 + 90) / 60)
    assert planning.participants_needed(plan, 10) == 20  # everyone answers an item once: K people at least
    assert planning.participants_needed(plan, 0) == 0


def test_staged_votes_end_at_the_first_dissent() -> None:
    plan = config("2afc", unanimity={"needed": 3, "rounds": 10})
    # A coin: 1 + P(second asked) = 1, + P(first two equal) = 1/2 -> 2.5 answers.
    assert planning.answers_per_item(plan, 0.5) == pytest.approx(2.5)
    assert planning.answers_per_item(plan, 1.0) == pytest.approx(3.0)
    assert planning.answers_per_item(config(answers_per_item=7)) == 7


def test_timed_trials_take_longer() -> None:
    timing = {"fixation_ms": 500, "image_ms": 500, "gap_ms": 500, "second_ms": 500}
    plan = StudyConfig.parse({"name": "x", "title": "T", "type": "same-different", "timing": timing})
    assert planning.trial_seconds(plan) == pytest.approx(3.5)
