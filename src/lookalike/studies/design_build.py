"""From a draft to a study folder: settings, practice and catch trials, texts."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.studies.config import StudyConfig
from lookalike.studies.design import Draft
from lookalike.studies.design_defaults import default_settings, merged
from lookalike.studies.design_easy import with_easy
from lookalike.studies.items import Items
from lookalike.studies.planning import catch_rule, session_minutes, trials_of_session
from lookalike.studies.study import Study
from lookalike.studies.texts import shipped


@dataclass(frozen=True)
class Plan:
    """What a new study is called and how it differs from the usual settings.

    Attributes:
        name: of the study in its address.
        title: shown to participants.
        languages: of its texts.
        seed: of every draw.
        settings: keys of study.toml that differ from the defaults of the type, by section.
    """

    name: str
    title: str
    languages: Sequence[str] = ("en", "zh")
    seed: int = 0
    settings: Mapping[str, Any] | None = None


def build(folder: Path | str, type: str, draft: Draft, plan: Plan) -> tuple[Study, list[str]]:
    """Write a complete study: ``study check`` finds nothing wrong with it.

    Args:
        folder: must not exist, or be empty.
        type: of the study.
        draft: its main items.
        plan: name, languages, settings.

    Returns:
        (the study, sentences that people should read).

    Raises:
        StudyError: a setting is wrong, images are too few for practice and catch trials, or the folder is in use.
    """
    config = config_for(type, draft, plan)
    design = config.design
    with tempfile.TemporaryDirectory(prefix="lookalike-study-") as scratch:
        whole = with_easy(
            draft,
            type,
            design.practice,
            design.catch,
            scratch=Path(scratch),
            seed=config.seed,
            scale=config.scale,
        )
        minutes = max(1, round(session_minutes(config)))
        told = {"minutes": minutes, "trials": trials_of_session(config), "practice": design.practice}
        texts = {language: shipped(type, language, **told) for language in config.languages}
        study = Study.create(folder, config, Items(whole.items), whole.images, texts)
    return study, whole.notes


def config_for(type: str, draft: Draft, plan: Plan) -> StudyConfig:
    """Settings of a study: the type's defaults under what the plan says.

    Raises:
        StudyError: a setting is wrong.
    """
    counts = [len(item.options) for item in draft.items]
    usual = max(set(counts), key=counts.count) if counts else 0
    given = dict(plan.settings or {})
    values = merged(default_settings(type, len(draft.items), usual), given)
    if type == "recall-and-vote":
        values["design"] = _recall_design(values["design"], given.get("design", {}), draft)
    if "needed" not in given.get("catch", {}):
        values["catch"] = _rule(values, usual)
    values["exclusion"] = {**values["exclusion"], "catch": bool(values["catch"])}
    languages = list(plan.languages)
    if "scale" in values:
        labels = {key: text for key, text in values["scale"]["labels"].items() if key in languages}
        values["scale"] = {**values["scale"], "labels": labels}
    head = {"name": plan.name, "title": plan.title, "type": type, "seed": plan.seed, "languages": languages}
    return StudyConfig.parse({**head, **values})


def _recall_design(design: Mapping[str, Any], given: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    """Nobody is asked twice about an image; where people can propose images, others vote on them, half of the time."""
    made = dict(design)
    if "trials_per_participant" not in given:
        images = len({item.fixed[0] for item in draft.items})
        made["trials_per_participant"] = max(1, min(made["trials_per_participant"], images))
    trials = made["trials_per_participant"]
    if "votes" not in given and trials > 1 and any(item.options for item in draft.items):
        made["votes"] = {"per_participant": min(10, trials // 2), "per_proposal": 5}
    return made


def _rule(values: Mapping[str, Any], options: int) -> dict[str, Any]:
    """The catch rule for another number of catch trials than usual: the same share of right ones, rounded up."""
    count, usual = values["design"]["catch"], values["catch"]
    if not count:
        return {}
    many, needed = catch_rule(1 / options) if options else (10, 8)
    return dict(usual) if count == many else {"needed": -(-count * needed // many)}


def study_name(folder: Path | str) -> str:
    """A name for the address from a folder's name: small letters, digits and hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", Path(folder).resolve().name.lower()).strip("-")[:60].strip("-")
    return words or "study"
