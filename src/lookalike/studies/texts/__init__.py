"""Texts for participants that ship with lookalike: one folder for each language, Markdown.

A third language is a third folder with the same files. ``{minutes}`` and ``{trials}`` are filled in when a study is made.
``{institution}`` and ``{contact}`` stay in its texts: what study.toml says stands there when people read them, and a line
with one that study.toml leaves empty is left out. Researchers mark what is still to be written by ``[[double brackets]]``;
``lookalike study check`` refuses a study that has any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

from lookalike.errors import StudyError, printable

UNFINISHED = re.compile(r"\[\[.*?\]\]|\[\[")
"""What is still to be written."""
_PRACTICE = "{practice}"
_PARTS = ("consent", "instructions", "debriefing")


def filled(text: str, values: Mapping[str, str]) -> str:
    """A study's text as people read it: ``{name}`` is the value of that name; lines with an empty one are left out."""
    marks = {f"{{{name}}}": value for name, value in values.items()}
    lines = [
        line for line in text.splitlines() if not any(mark in line for mark, v in marks.items() if not v)
    ]
    found = "\n".join(lines) + "\n"
    for mark, value in marks.items():
        found = found.replace(mark, value)
    return found


def languages() -> list[str]:
    """Languages that texts ship in."""
    return sorted(
        entry.name for entry in files(__package__).iterdir() if entry.joinpath("consent.md").is_file()
    )


def shipped(type: str, language: str, *, minutes: int, trials: int, practice: int) -> dict[str, str]:
    """The texts of a study: part -> Markdown.

    Args:
        type: of the study.
        language: one of :func:`languages`.
        minutes: expected length of a session.
        trials: of a session, practice and catch trials counted.
        practice: how many practice trials there are; 0 leaves out the sentence about them.

    Raises:
        StudyError: there are no texts in that language.
    """
    if language not in languages():
        raise StudyError(
            f"no texts ship in {printable(language)[:20]}; there are {', '.join(languages())}. Make the study with one "
            "of these, then translate its texts folder and add the language to study.toml"
        )
    found = {}
    for part in _PARTS:
        file = (
            files(__package__) / language / (f"{part}-{type}.md" if part == "instructions" else f"{part}.md")
        )
        text = file.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if practice or not line.startswith(_PRACTICE)]
        text = "\n".join(lines).replace(_PRACTICE, "").rstrip() + "\n"
        found[part] = text.replace("{minutes}", str(minutes)).replace("{trials}", str(trials))
    return found
