"""study.toml as people read it: every key with a comment that says what it does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from lookalike.studies.config import StudyConfig

_INTRO = "# A study of lookalike. Change what you like before the first answer; then run `lookalike study check`.\n"
_ABOUT = {
    "design": "Who answers what.",
    "design.unanimity": "Staged votes: an item is over at the first dissent. Every answer is kept.",
    "design.votes": "What participants propose is voted on by other participants, while the study runs.",
    "timing": "All in milliseconds.",
    "catch": "The rule for catch trials: fix it before anyone takes part.",
    "exclusion": "Whose answers the analysis sets aside. Nothing is deleted; figures are given with and without.",
    "panel": "Where people come from, and what they get.",
    "scale": "The scale of ratings.",
    "questions": "Questions after the trials: repeat this block for each.",
}
_COMMENT_AT = 44
_WIDTH = 120


def to_toml(config: StudyConfig) -> str:
    """The settings as TOML with comments; :meth:`StudyConfig.load` reads the same settings back."""
    lines = [_INTRO, *_keys(config)]
    for name in ("design", "timing", "catch", "exclusion", "panel", "scale"):
        section = getattr(config, name)
        if section is not None:
            lines += ["", f"# {_ABOUT[name]}", f"[{name}]", *_keys(section)]
        for part in ("unanimity", "votes") if name == "design" else ():
            inner = getattr(config.design, part)
            if inner is not None:
                lines += ["", f"# {_ABOUT[f'design.{part}']}", f"[design.{part}]", *_keys(inner)]
    for question in config.questions:
        lines += ["", f"# {_ABOUT['questions']}", "[[questions]]", *_keys(question)]
    return "\n".join(lines) + "\n"


def _keys(section: BaseModel) -> list[str]:
    """The keys of a section that are no sections themselves."""
    lines = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel) or (name == "questions" and isinstance(value, list)):
            continue
        if value is None:
            if field.description:  # an optional key without a value is shown, so that people know of it
                lines.append(f"# {name}: {field.description}")
            continue
        lines += _commented(f"{name} = {_value(value)}", field.description or "")
    return lines


def _commented(text: str, comment: str) -> list[str]:
    """The comment behind the key, or above it where the line would be too long."""
    if not comment:
        return [text]
    line = f"{text:<{_COMMENT_AT}}{' ' if len(text) >= _COMMENT_AT else ''}# {comment}"
    return (
        [line]
        if len(line) <= _WIDTH
        else [*wrap(comment, _WIDTH, initial_indent="# ", subsequent_indent="# "), text]
    )


def _value(value: Any) -> str:
    if isinstance(value, BaseModel):
        return _value({name: getattr(value, name) for name in type(value).model_fields})
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON escapes what TOML's basic strings escape; DEL is the one sign that JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{json.dumps(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)
