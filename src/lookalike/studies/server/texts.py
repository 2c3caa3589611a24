"""The study's Markdown as HTML that can do nothing but be read, and the checks of the last questions."""

from __future__ import annotations

from math import isfinite
from typing import Any

from lookalike.errors import MissingDependency
from lookalike.studies.config import StudyConfig
from lookalike.studies.store.refusals import Refused
from lookalike.studies.study import PARTS, Study

MOST_TEXT = 2_000
"""Characters of one free answer."""


def html_texts(study: Study) -> dict[str, dict[str, str]]:
    """Language -> ``consent_html``, ``instructions_html``, ``debriefing_html``.

    HTML inside the Markdown is shown as text, images are left out, links lead to http, https and mailto only.

    Raises:
        StudyError: a text is missing.
        MissingDependency: markdown-it-py is not installed.
    """
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise MissingDependency("markdown-it-py", "web", "showing a study's texts") from error
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return {
        language: {f"{part}_html": str(reader.render(study.text(language, part))) for part in PARTS}
        for language in study.config.languages
    }


def checked_questions(config: StudyConfig, given: dict[str, Any]) -> dict[str, Any]:
    """The answers to the questions after the trials, each of its kind.

    Raises:
        Refused: 422 an unknown question, a wrong kind of answer, or a required one is missing.
    """
    known = {question.name: question for question in config.questions}
    for name in given:
        if name not in known:
            raise Refused(422, "there is no such question")
    found: dict[str, Any] = {}
    for name, question in known.items():
        value = given.get(name)
        if value is None or value == "":
            if question.required:
                raise Refused(422, f"the question {name} needs an answer")
            continue
        if question.kind == "number":
            value = _number(value)
            good = value is not None
        elif question.kind == "choice":
            good = any(value == choice.value for choice in question.choices)
        else:
            good = isinstance(value, str) and len(value) <= MOST_TEXT
        if not good:
            raise Refused(422, f"the answer to the question {name} is not a {question.kind}")
        found[name] = value
    return found


def _number(value: Any) -> float | None:
    """A number, also as it was typed into a field."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None
