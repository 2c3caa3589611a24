"""Packages that only an extra brings: imported where they are used, or asked for before long work begins."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from lookalike.errors import MissingDependency

STATS = ("statsmodels", "matplotlib")
"""Packages of the extra ``stats`` that every whole run of a benchmark comes to need: its tests, and its figures."""


def import_extra(module: str, extra: str, purpose: str) -> Any:
    """The module, imported.

    Args:
        module: full name, such as ``statsmodels.stats.multitest``.
        extra: the extra of lookalike that brings its package.
        purpose: what needs it, as the message begins.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependency(module.partition(".")[0], extra, purpose) from error


def require_stats(purpose: str) -> None:
    """Make sure that the packages of the extra ``stats`` are there, without loading them.

    Raises:
        MissingDependency: one of them is not installed.
    """
    for package in STATS:
        if find_spec(package) is None:
            raise MissingDependency(package, "stats", purpose)
