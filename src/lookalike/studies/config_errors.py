"""One line for what pydantic finds wrong in a study.toml."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from lookalike.errors import printable


def first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """The first problem, an unknown key before a missing one (a typing mistake makes both); how many there are more."""
    problems = error.errors(include_url=False)
    problems.sort(key=lambda one: one["type"] != "extra_forbidden")
    others = len({str(one["loc"]) for one in problems}) - 1
    return _line(problems[0], model) + (f" (and {others} more)" if others else "")


def _line(problem: Any, model: type[BaseModel]) -> str:
    place = [str(part) for part in problem["loc"]]
    key = printable(".".join(place))
    if problem["type"] == "extra_forbidden":
        known = _keys(model, place[:-1])
        close = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}? " if close else ""
        section = f"[{'.'.join(place[:-1])}]" if place[:-1] else "a study"
        return f"unknown key {key}; {hint}{section} has: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{key} is missing"
    if problem["type"] == "value_error":
        return f"{key}: {problem['ctx']['error']}" if key else str(problem["ctx"]["error"])
    reason = problem["msg"]
    for start in ("Input should be ", "Input should "):
        reason = reason.replace(start, "must be " if start.endswith("be ") else "must ")
    return f"{key}: {reason[:1].lower()}{reason[1:]}, got {printable(repr(problem['input']))[:80]}"


def _keys(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """Keys of the section at ``place``."""
    for part in place:
        if part.isdigit():
            continue
        field = model.model_fields.get(part)
        inner = _model_in(field.annotation) if field is not None else None
        if inner is None:
            break
        model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, list):
        return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
    return None
