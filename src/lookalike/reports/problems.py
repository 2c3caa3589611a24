"""The table of files that could not be used, which any page may carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lookalike.reports.models import ProblemView

PROBLEMS_SHOWN = 500
"""A page lists so many problems and counts the rest."""


def shorten(problems: Sequence[ProblemView]) -> dict[str, Any]:
    """The template's ``problems`` (at most :data:`PROBLEMS_SHOWN`) and ``problem_count``."""
    return {"problems": list(problems[:PROBLEMS_SHOWN]), "problem_count": len(problems)}
