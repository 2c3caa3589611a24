"""How figures of votes are written: percent, intervals, p-values, and the tables that several pages share."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from lookalike.benchmarks.statistics import Estimate, PairedTest
from lookalike.reports.votes import VoteTable


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Encoders as a page calls them: folders in front of a model's file are dropped, unless two then were alike."""
    short = {name: re.sub(r"(?<=onnx:)[^+|]*/(?=[^/+|]+)", "", name) for name in names}
    kept = list(short.values())
    return {name: brief if kept.count(brief) == 1 else name for name, brief in short.items()}


def percent(share: float, digits: int = 1) -> str:
    """``0.7316`` -> ``73.2 %``; a dash for what is not known."""
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def with_interval(estimate: Estimate | None, digits: int = 1) -> str:
    """``73.2 % (72.8 to 73.6)``."""
    if estimate is None:
        return "–"
    low, high = (f"{round(100 * end, digits) + 0.0:.{digits}f}" for end in (estimate.low, estimate.high))
    return f"{percent(estimate.value, digits)} ({low} to {high})"


def p_value(p: float) -> str:
    """Three decimals, or ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def small_p(p: float) -> str:
    """Three decimals, or a power of ten for a p-value of a test that is exact that far down."""
    return p_value(p) if p >= 0.001 else f"{p:.1e}" if p > 0 else "< 1e-300"


def comparisons_table(tests: Sequence[PairedTest], names: Mapping[str, str]) -> VoteTable:
    """Every two encoders: difference in points with its interval, corrected p, and what it means."""
    rows = []
    for test in tests:
        d = test.difference
        value, low, high = (f"{round(100 * end, 1) + 0.0:+.1f}" for end in (d.value, d.low, d.high))
        points = f"{value} ({low} to {high})"
        verdict = "not told apart" if test.p_holm >= 0.05 else "the first" if d.value > 0 else "the second"
        rows.append((f"{names[test.a]} – {names[test.b]}", points, p_value(test.p_holm), verdict))
    return VoteTable(
        ("first – second", "difference in points (95 %)", "p (Holm)", "better"), rows, text_columns=frozenset({0, 3})
    )  # fmt: skip
