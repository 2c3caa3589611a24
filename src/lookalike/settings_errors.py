"""One line for what pydantic finds wrong in a file of settings (a recipe, a study)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from lookalike.errors import printable


def first_problem(
    error: ValidationError,
    model: type[BaseModel],
    *,
    what: str,
    missing: str = "",
    union_parts: tuple[str, ...] = (),
) -> str:
    """The first problem, such as ``optimizer.lr: must be greater than 0, got -1``, and how many others there are.

    Args:
        error: what pydantic raised.
        model: of the whole file.
        what: how the file is called in a sentence: ``a recipe``.
        missing: added where a key is missing, with KEY in its place.
        union_parts: how pydantic's names for a union's alternatives begin, which are no part of a place.
    """
    problems = error.errors(include_url=False)
    # An unknown key explains a missing one (a typing mistake makes both), so it is said first.
    problems.sort(key=lambda one: one["type"] != "extra_forbidden")
    others = len({str(one["loc"]) for one in problems}) - 1
    more = f" (and {others} more)" if others and problems[0]["type"] != "union" else ""
    problem = problems[0]
    place = [str(part) for part in problem["loc"] if not (union_parts and str(part).startswith(union_parts))]
    return _line(problem, model, place, what, missing) + more


def _line(problem: Any, model: type[BaseModel], place: list[str], what: str, missing: str) -> str:
    key = printable(".".join(place))
    if problem["type"] == "extra_forbidden":
        known = _keys(model, place[:-1])
        close = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}? " if close else ""
        section = f"[{'.'.join(place[:-1])}]" if place[:-1] else what
        return f"unknown key {key}; {hint}{section} has: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{key} is missing{missing.replace('KEY', key)}"
    if problem["type"] == "value_error":
        return f"{key}: {problem['ctx']['error']}" if key else str(problem["ctx"]["error"])
    reason = problem["msg"]
    for start in ("Input should be ", "Input should "):
        reason = reason.replace(start, "must be " if start.endswith("be ") else "must ")
    return f"{key}: {reason[:1].lower()}{reason[1:]}, got {printable(repr(problem['input']))[:80]}"


def _keys(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """Keys of the section at ``place``; the number of a list's item is no key."""
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
