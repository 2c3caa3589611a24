"""The page of `lookalike bench triplets`: people's votes on triplets, and how far each encoder follows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lookalike.benchmarks.triplets_result import EncoderVotes, TripletsResult
from lookalike.reports.citation import citation
from lookalike.reports.forest import ForestLine, ForestRow, forest_plot
from lookalike.reports.local_paths import without_folders
from lookalike.reports.models import Picture
from lookalike.reports.text import plural
from lookalike.reports.vote_gallery import gallery_section
from lookalike.reports.vote_text import comparisons_table, percent, short_names, small_p, with_interval
from lookalike.reports.votes import VotePlot, VoteSection, VoteTable, votes_page

if TYPE_CHECKING:
    from lookalike.benchmarks.position_bias import PositionBias

ENOUGH = 30
"""Triplets that a vote margin needs for a point of the plot; margins.csv has them all."""


def triplets_page(
    result: TripletsResult, picture: Callable[[str], Picture], *, title: str, note: str = ""
) -> str:
    """The whole page.

    Args:
        result: the figures.
        picture: content id -> the picture to show.
        title: heading.
        note: one line below it: the data, and how they were chosen.

    Returns:
        A complete HTML document that needs no network.
    """
    sections = [_scores(result)]
    if result.comparisons:
        sections.append(_comparisons(result))
    names = short_names(list(result.encoders))
    distances = {names[one.name]: (one.d_a, one.d_b) for one in _ranked(result)}
    sections.append(gallery_section(result.table, distances, picture))
    if result.position is not None:
        sections.append(_position(result.position))
    sections.append(_reading(result))
    facts = [
        (f"{len(result.table):,}", "triplets"),
        (f"{result.answers:,}", "answers"),
        (f"{len(result.table.distinct_images()):,}", "images"),
        (f"{len(result.encoders):,}", "encoder" if len(result.encoders) == 1 else "encoders"),
    ]
    return votes_page(
        title, sections, note=note, facts=facts, lead=lead(result), citation=citation(result.provenance)
    )


def triplets_figures(result: TripletsResult, *, standalone: bool = True) -> dict[str, str]:
    """The plots by name: ``scores`` and, where votes differ in how clear they are, ``margins``."""
    figures = {"scores": _scores_plot(result, standalone)}
    if any(len(one.agreement.by_margin) > 1 for one in result.worked.values()):
        figures["margins"] = _margins_plot(result, standalone)
    return figures


def lead(result: TripletsResult) -> str:
    """The main result in words."""
    best = _ranked(result)[0]
    score = best.agreement.score
    many = len(result.worked)
    name = short_names(list(result.encoders))[best.name]
    who = f"{name} agrees" if many == 1 else f"The best of {many} encoders, {name}, agrees"
    ends = f"{100 * score.low:.1f} to {100 * score.high:.1f}"
    text = f"{who} with {percent(score.value)} of people's answers (95 % interval {ends})"
    every, repeated = result.ceiling, result.ceiling_repeated
    if every is None or repeated is None or best.explainable is None:
        return f"{text}. Nobody's answer was repeated, so how well people agree with each other is not known."
    where = "" if every is repeated else f", on the {every.repeated:,} triplets with two or more answers,"
    text += f". Always giving the majority's answer would agree{where} with {percent(repeated.majority_oracle.value)}: "
    text += f"the encoder reaches {percent(best.explainable.value)} of the agreement that can be explained"
    if repeated.leave_one_out is not None:
        text += (
            f". One person agrees with the majority of the others in {percent(repeated.leave_one_out.value)}"
        )
    return text + "."


def score_table(result: TripletsResult) -> VoteTable:
    """Encoders, best first, then those that could not be had, then the human ceilings."""
    rows: list[tuple[str, ...]] = []
    names = short_names(list(result.encoders))
    for one in _ranked(result):
        two = one.agreement
        rows.append(
            (
                names[one.name], with_interval(two.score), with_interval(two.score_by_item),
                with_interval(two.majority), with_interval(one.explainable),
            )
        )  # fmt: skip
    rows += [(names[failed.name], without_folders(failed.error)) for failed in result.failed.values()]
    first_quiet = len(rows)
    rows += _ceiling_rows(result)
    header = ("", "single answers", "each triplet once", "majorities", "of the explainable")
    return VoteTable(header, rows, quiet=frozenset(range(first_quiet, len(rows))))


def _ceiling_rows(result: TripletsResult) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    every, repeated = result.ceiling, result.ceiling_repeated
    if every is not None and repeated is not None:
        oracle, by_item = every.majority_oracle, every.majority_oracle_by_item
        rows.append(
            ("Always the majority's answer", with_interval(oracle), with_interval(by_item), "100 %", "100 %")
        )
        if every is not repeated:
            name = f"the same, on the {every.repeated:,} triplets with two or more answers"
            both = repeated.majority_oracle, repeated.majority_oracle_by_item
            rows.append((name, *(with_interval(one) for one in both), "100 %", "100 %"))
        rows.append(
            ("One person, against the others' majority", with_interval(every.leave_one_out), "–", "–", "–")
        )
        rows.append(("Two people agree", "–", with_interval(every.pairwise_agreement), "–", "–"))
    rows.append(("Chance", "50.0 %", "50.0 %", "50.0 %", "0.0 %"))
    return rows


def _scores(result: TripletsResult) -> VoteSection:
    figures = triplets_figures(result, standalone=False)
    captions = {
        "scores": "Share of single answers that each encoder agrees with, with 95 % intervals; dashed: what people reach.",
        "margins": "Agreement with the majority by how many votes the two sides differ; bands are 95 % intervals. "
        f"Margins of fewer than {ENOUGH} triplets are not drawn.",
    }
    return VoteSection(
        "How often a machine sides with people",
        "For each triplet, the encoder chooses the image that is nearer to the reference. Figures are shares with 95 % "
        "intervals; where an encoder cannot choose, half a triplet counts.",
        tables=[score_table(result)],
        plots=[VotePlot(svg, captions[name]) for name, svg in figures.items()],
    )


def _scores_plot(result: TripletsResult, standalone: bool) -> str:
    rows, short = [], short_names(list(result.encoders))
    for one in _ranked(result):
        score = one.agreement.score
        rows.append(
            ForestRow(f"{short[one.name]}  {percent(score.value)}", score.value, score.low, score.high)
        )
    lines = [ForestLine("chance", 0.5)]
    repeated = result.ceiling_repeated
    if repeated is not None:
        lines.append(ForestLine("always the majority", repeated.majority_oracle.value))
        if repeated.leave_one_out is not None:
            lines.append(ForestLine("one person", repeated.leave_one_out.value))
        if repeated.pairwise_agreement is not None:
            lines.append(ForestLine("two people agree", repeated.pairwise_agreement.value))
    names = ", ".join(row.name for row in rows)
    description = f"Share of single answers that each encoder agrees with: {names}"
    return forest_plot(rows, lines, description=description, standalone=standalone)


def _margins_plot(result: TripletsResult, standalone: bool) -> str:
    from lookalike.reports.plots import Line, line_plot

    lines, names = [], short_names(list(result.encoders))
    ticks: set[int] = set()
    for one in _ranked(result):
        every = one.agreement.by_margin
        rows = [row for row in every if row.triplets >= ENOUGH] or every
        ticks.update(row.margin for row in rows)
        shares = [row.agreement for row in rows]
        lines.append(
            Line(
                names[one.name], [row.margin for row in rows], [100 * s.value for s in shares],
                [100 * s.low for s in shares], [100 * s.high for s in shares], marks=True,
            )
        )  # fmt: skip
    return line_plot(
        lines, x_label="votes for the majority minus votes for the other", y_label="agreement with the majority, %",
        description="Agreement with the majority by vote margin, one line for each encoder",
        ticks=sorted(ticks), baseline=50, standalone=standalone,
        size=(6.4, 3.6 + 0.2 * len(lines)),  # the legend takes a line for each encoder
    )  # fmt: skip


def _comparisons(result: TripletsResult) -> VoteSection:
    return VoteSection(
        "Which encoder is better",
        "Every two encoders on the same triplets and the same answers: bootstrap interval of the difference, permutation "
        "test, both over whole reference images where they repeat, p corrected for the number of comparisons (Holm).",
        tables=[comparisons_table(result.comparisons, short_names(list(result.encoders)))],
    )


def _position(bias: PositionBias) -> VoteSection:
    rows = [
        ("left", f"{bias.counts[0]:,}", with_interval(bias.first)),
        ("right", f"{bias.counts[1]:,}", percent(bias.shares[1])),
    ]
    people = f" of {plural(bias.participants, 'participant')}" if bias.participants else ""
    whole = "; whole participants are resampled for the interval" if bias.participants else ""
    return VoteSection(
        "Do people choose by place?",
        f"{sum(bias.counts):,} answers{people}: chi-square {bias.chi_square:.2f}, {bias.df} degree of freedom, "
        f"p = {small_p(bias.p)} against an even split{whole}.",
        tables=[VoteTable(("place", "answers", "share"), rows)],
    )


def _reading(result: TripletsResult) -> VoteSection:
    notes = [
        "Single answers: the share of all answers that the encoder agrees with, so a triplet counts as often as it was answered. "
        "Each triplet once: the mean over triplets of the share of people on the encoder's side (LPIPS, DreamSim). "
        "Majorities: the share of triplets on which it chooses as most people do; tied votes are left out.",
        "Of the explainable: (score – 50 %) / (always the majority – 50 %), over the triplets with two or more answers. 0 % is "
        "chance, 100 % is as good as anyone who gives each triplet one answer can be.",
        "Always giving the majority's answer is judged on the very answers that made the majority: with few answers a triplet it "
        "promises too much. One person against the others' majority is what a typical person reaches.",
        _how(result),
    ]
    return VoteSection("How to read this", notes=[*result.notes, *notes])


def _how(result: TripletsResult) -> str:
    """How the intervals were made, in plain words."""
    method = _ranked(result)[0].agreement.score.method
    if " over " not in method:
        one = len(set(result.table.column("reference"))) == 1 < len(result.table)
        why = (
            "All triplets have one reference image: what holds for it need not hold for others, and no interval here says so."
            if one
            else "Each triplet has a reference image of its own, so triplets are taken for independent."
        )
        return f"Intervals: percentile bootstrap over triplets (seed {result.seed}); Wilson for majorities. {why}"
    drawn = method.partition(" over ")[2].partition(",")[0]
    known = _ranked(result)[0].score_over_people is not None
    people = " interval_participants is a third one, with whole participants drawn." if known else ""
    return (
        f"Intervals and tests: triplets with one reference image are not independent, so the {drawn} are drawn (or their signs "
        f"flipped) as wholes, each with all its triplets (percentile bootstrap, seed {result.seed}). results.json also has the "
        f"narrower interval that takes triplets for independent (interval_items).{people} That a and b, too, come in several "
        "triplets is not allowed for."
    )


def _ranked(result: TripletsResult) -> list[EncoderVotes]:
    return sorted(result.worked.values(), key=lambda one: -one.agreement.score.value)
