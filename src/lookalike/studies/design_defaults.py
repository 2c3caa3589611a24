"""Settings that a new study starts with, by type; every one of them stands in study.toml to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lookalike.studies.planning import catch_rule

_CHANCE = {"kafc": 0.2, "2afc": 0.5, "odd-one-out": 1 / 3, "same-different": 0.5, "rating": 0.5}
"""How often a guesser is right on a catch trial; types without known answers are absent."""

_DESIGN: dict[str, dict[str, Any]] = {
    "kafc": {"answers_per_item": 20, "trials_per_participant": 40, "practice": 3, "break_every": 25},
    "2afc": {"answers_per_item": 10, "trials_per_participant": 50, "practice": 3, "break_every": 30},
    "odd-one-out": {"answers_per_item": 5, "trials_per_participant": 50, "practice": 3, "break_every": 30},
    "same-different": {"answers_per_item": 3, "trials_per_participant": 48, "practice": 4, "break_every": 24},
    "rating": {"answers_per_item": 10, "trials_per_participant": 50, "practice": 2, "break_every": 30},
    "recall-and-vote": {
        "answers_per_item": 10,
        "trials_per_participant": 20,
        "practice": 0,
        "break_every": 0,
    },
}
_EXCLUSION: dict[str, dict[str, Any]] = {
    "kafc": {"min_median_ms": 800, "max_straight_share": 0.8},
    "2afc": {"min_median_ms": 500, "max_straight_share": 0.9},
    "odd-one-out": {"min_median_ms": 600, "max_straight_share": 0.85},
    "same-different": {"min_median_ms": 200, "max_straight_share": 1.0},
    "rating": {"min_median_ms": 600, "max_straight_share": 0.95},
    "recall-and-vote": {"min_median_ms": 600, "max_straight_share": 1.0},
}
_TIMING: dict[str, dict[str, Any]] = {
    # Shown for a moment, a mask, shown for a moment: between what jsPsych and the JND studies of BAPPS and NIGHTS use.
    "same-different": {"fixation_ms": 500, "image_ms": 500, "gap_ms": 500, "mask": True, "second_ms": 500},
}
_SCALE = {
    "low": 1.0,
    "high": 7.0,
    "step": 1.0,
    "labels": {"en": ["not alike at all", "very much alike"], "zh": ["完全不像", "非常像"]},
}


def default_settings(type: str, main: int, choices: int = 0) -> dict[str, Any]:
    """Sections of study.toml for a study with so many main items.

    Args:
        type: of the study.
        main: main items; nobody is asked for more trials than there are.
        choices: usual number of options; 0: as usual for the type.
    """
    chance = 1 / choices if type == "kafc" and choices else _CHANCE.get(type)
    count, needed = catch_rule(chance) if chance is not None else (0, 0)
    design = {**_DESIGN[type], "catch": count}
    design["trials_per_participant"] = max(1, min(design["trials_per_participant"], main))
    made: dict[str, Any] = {
        "design": design,
        "timing": dict(_TIMING.get(type, {})),
        "catch": {"needed": needed} if count else {},
        "exclusion": {**_EXCLUSION[type], "catch": count > 0},
    }
    if type == "rating":
        made["scale"] = dict(_SCALE)
    return made


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the keys of ``over``; sections are merged key by key."""
    made = dict(base)
    for key, value in over.items():
        before = made.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        made[key] = merged(before, value) if both and before is not None else value
    return made
