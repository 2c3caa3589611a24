"""What a study's report says about places: the counts, the tests, and how far each place is from chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lookalike.reports.vote_text import percent, small_p
from lookalike.reports.votes import VoteTable

if TYPE_CHECKING:
    from lookalike.benchmarks.statistics import Estimate
    from lookalike.studies.analysis import PositionEffects, PositionResult
    from lookalike.studies.analysis.position_gee import ClusteredTest

LEVEL = 0.05


def position_table(found: PositionResult) -> VoteTable:
    """Answers by place."""
    header = ["place", "answers", "share"]
    if found.residuals:
        header.append("adjusted residual")
    if found.effects is not None:
        header.append("points from chance (95 %)")
    rows = []
    for n, (count, share) in enumerate(zip(found.counts, found.shares, strict=True)):
        row = [f"place {n + 1}", f"{count:,}", percent(share)]
        if found.residuals:
            row.append(f"{found.residuals[n]:+.2f}")
        if found.effects is not None:
            row.append(_points(found.effects.places[n]))
        rows.append(row)
    return VoteTable(header, rows)


def position_sentence(found: PositionResult) -> str:
    """The test in words, the verdict first."""
    n = sum(found.counts)
    verdict = "No sign that people chose by place."
    if found.p < LEVEL:
        most = max(range(len(found.counts)), key=found.counts.__getitem__)
        share, chance = percent(found.shares[most]), percent(1 / len(found.counts))
        verdict = f"Places were not chosen alike: place {most + 1} most, {share} (chance {chance})."
    if found.test == "chi-square":
        said = f"Chi-square({found.df}, n = {n:,}) = {found.chi_square:.2f}, p = {small_p(found.p)}, Cohen's w = {found.w:.3f}."
    else:
        said = f"Permutation test, n = {n:,}: p = {small_p(found.p)}."
    again = ""
    if found.repeats is not None:
        again = (
            f" The place of the answer before was chosen again in {percent(found.repeats)} of answers "
            f"(chance {percent(found.repeats_expected)})."
        )
    return f"{verdict} {said} {found.why}{again}"


def effects_sentence(found: PositionEffects) -> str:
    """Whether it would be so with other people and other items."""
    if found.p is None:
        return f"Whether other people and other items would show the same was not tested: {found.note}."
    tests = ((found.over_people, "participants"), (found.over_items, "items"))
    said = "; ".join(_test(test, what) for test, what in tests if test is not None)
    if found.p >= LEVEL:
        verdict = "a preference for places that would hold for other people and other items is not shown"
    else:
        verdict = "other people and other items would be expected to show it, too"
    return (
        f"Beyond these people and items (GEE, answers clustered): {said}. The larger p counts, {small_p(found.p)}: {verdict}. "
        "Chi-square speaks of these answers only: a few people with habits of their own are enough for it."
    )


def _test(test: ClusteredTest, what: str) -> str:
    return (
        f"F({test.df[0]}, {test.df[1]:,}) = {test.f:.2f}, p = {small_p(test.p)} over {test.clusters:,} {what}"
    )


def _points(estimate: Estimate) -> str:
    value, low, high = (
        f"{round(100 * end, 1) + 0.0:+.1f}" for end in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"
