"""The pages of `lookalike bench nights`, `bapps` and `things`: published sets of people's judgments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from lookalike.benchmarks.bapps import BappsResult, BappsScore
from lookalike.benchmarks.nights import PARTS, PUBLISHED, NightsResult, NightsScore
from lookalike.benchmarks.odd_one_out import OddOneOut
from lookalike.benchmarks.statistics import Estimate, PairedTest
from lookalike.benchmarks.things import ThingsResult
from lookalike.benchmarks.triplets_encoders import Failed
from lookalike.reports.citation import citation
from lookalike.reports.forest import ForestLine, ForestRow, forest_plot
from lookalike.reports.local_paths import without_folders
from lookalike.reports.models import Picture
from lookalike.reports.vote_gallery import gallery_section
from lookalike.reports.vote_text import comparisons_table, percent, short_names, with_interval
from lookalike.reports.votes import VotePlot, VoteSection, VoteTable, votes_page

Score = TypeVar("Score")
Pictures = Callable[[str], Picture]


def nights_page(result: NightsResult, picture: Pictures, *, title: str = "NIGHTS", note: str = "") -> str:
    """The page of NIGHTS: the published figures stand below ours."""
    scores = _sorted(result.encoders, NightsScore, lambda one: one.score.score_by_item.value)
    header = ("", "2AFC", *(f"{part.replace('_', ' ')} part" for part in PARTS), "JND (area)")
    rows: list[tuple[str, ...]] = [
        (
            name, with_interval(one.score.score_by_item),
            *(with_interval(one.parts[part].score_by_item if part in one.parts else None) for part in PARTS),
            with_interval(one.jnd.score if one.jnd else None),
        )
        for name, one in scores.items()
    ]  # fmt: skip
    table = _table(header, rows, result.encoders, [])
    published = VoteTable(
        ("published, whole test split", "2AFC"),
        [(name, percent(share)) for name, share in PUBLISHED],
        quiet=frozenset(range(len(PUBLISHED))),
    )
    notes = [
        "2AFC: mean over triplets of the share of votes on the encoder's side, so that the two parts are weighted by size.",
        "Votes of the published filter are unanimous (an item left at the first dissent), which keeps easy items: do not compare "
        "with figures on unfiltered votes.",
        "JND: area under precision and recall of distance against the majority's “same”, over triplets of which exactly one pair "
        "reads as the same.",
    ]
    text = f"{len(result.table):,} triplets of the split {result.split}; published figures are on the whole test split."
    sections = [
        VoteSection(
            "Machine against people", text, [table, published], _plots({"scores": nights_plot(result)})
        ),
        *_comparisons(result.comparisons, result.encoders),
        gallery_section(result.table, {name: (one.d_a, one.d_b) for name, one in scores.items()}, picture),
        VoteSection("How to read this", notes=[*result.notes, *notes]),
    ]
    facts = [(f"{len(result.table):,}", "triplets"), (f"{result.jnd_pairs:,}", "pairs with JND votes")]
    return votes_page(title, sections, note=note, facts=facts, citation=citation(result.provenance))


def bapps_page(result: BappsResult, picture: Pictures, *, title: str = "BAPPS", note: str = "") -> str:
    """The page of BAPPS: by subset as LPIPS reports, pooled as DreamSim does."""
    scores = _sorted(result.encoders, BappsScore, lambda one: one.pooled.score_by_item.value)
    subsets = [name for name in result.ceilings if name != "all"]
    rows: list[tuple[str, ...]] = [
        (
            name, with_interval(one.pooled.score_by_item), percent(one.group_means()["all"]),
            *(with_interval(one.subsets[s].score_by_item) for s in subsets),
        )
        for name, one in scores.items()
    ]  # fmt: skip
    oracles = {name: c.majority_oracle_by_item for name, c in result.ceilings.items()}
    agreement = {name: c.pairwise_agreement for name, c in result.ceilings.items()}
    people = [
        (label, with_interval(found["all"]), "–", *(with_interval(found[s]) for s in subsets))
        for label, found in (("always the majority", oracles), ("two people agree", agreement))
    ]
    header = ("2AFC", "all images pooled", "mean of subsets", *subsets)
    tables = [_table(header, rows, result.encoders, people)]
    if result.jnd_pairs:
        tables.append(_jnd_table(scores))
    notes = [
        "Each subset, and the mean of subsets: as LPIPS reports. All images pooled: as DreamSim does. They differ.",
        "2AFC: mean over triplets of the share of people on the encoder's side. JND: area under precision and recall of distance "
        "against the share of people who said that two images are the same.",
    ]
    sections = [
        VoteSection("Machine against people", "", tables, _plots({"scores": bapps_plot(result)})),
        *_comparisons(result.comparisons, result.encoders),
        gallery_section(result.table, {name: (one.d_a, one.d_b) for name, one in scores.items()}, picture),
        VoteSection("How to read this", notes=[*result.notes, *notes]),
    ]
    facts = [(f"{len(result.table):,}", "triplets"), (f"{result.jnd_pairs:,}", "pairs with JND votes")]
    return votes_page(title, sections, note=note, facts=facts, citation=citation(result.provenance))


def things_page(result: ThingsResult, *, title: str = "Odd one out", note: str = "") -> str:
    """The page of THINGS."""
    scores = _sorted(result.encoders, OddOneOut, lambda one: one.accuracy.value)
    rows: list[tuple[str, ...]] = [
        (name, with_interval(one.accuracy), with_interval(one.majority), f"{one.tied:,}")
        for name, one in scores.items()
    ]
    people: list[tuple[str, ...]] = []
    if result.ceiling is not None:
        name = f"always the majority, on the {result.ceiling.repeated:,} trials with two or more answers"
        people.append((name, with_interval(result.ceiling.majority_oracle), "100 %", "–"))
        people.append(("two people agree", with_interval(result.ceiling.pairwise_agreement), "–", "–"))
    people.append(("chance", "33.3 %", "33.3 %", "–"))
    table = _table(("", "single answers", "majorities", "ties"), rows, result.encoders, people)
    notes = [
        "The encoder's odd one is outside its closest pair; of two equally close pairs each counts half, of three a third.",
        "Published figures that count ties as right are higher where an encoder ties.",
    ]
    sections = [
        VoteSection("Machine against people", "", [table], _plots({"scores": things_plot(result)})),
        *_comparisons(result.comparisons, result.encoders),
        VoteSection("How to read this", notes=[*result.notes, *notes]),
    ]
    facts = [
        (f"{len(result.trios):,}", "trials"),
        (f"{int(result.votes.sum()):,}", "answers"),
        (f"{result.images:,}", "images"),
    ]
    return votes_page(title, sections, note=note, facts=facts, citation=citation(result.provenance))


def nights_plot(result: NightsResult, *, standalone: bool = False) -> str:
    """2AFC scores, against chance and the best published figure."""
    scores = _sorted(result.encoders, NightsScore, lambda one: one.score.score_by_item.value)
    lines = [ForestLine("chance", 0.5), ForestLine("DreamSim, published", PUBLISHED[0][1])]
    return _forest({n: one.score.score_by_item for n, one in scores.items()}, lines, "2AFC", standalone)


def bapps_plot(result: BappsResult, *, standalone: bool = False) -> str:
    """Pooled 2AFC scores, against what people reach."""
    scores = _sorted(result.encoders, BappsScore, lambda one: one.pooled.score_by_item.value)
    people = result.ceilings["all"]
    lines = [
        ForestLine("chance", 0.5),
        ForestLine("always the majority", people.majority_oracle_by_item.value),
    ]
    if people.pairwise_agreement is not None:
        lines.append(ForestLine("two people agree", people.pairwise_agreement.value))
    return _forest({n: one.pooled.score_by_item for n, one in scores.items()}, lines, "2AFC", standalone)


def things_plot(result: ThingsResult, *, standalone: bool = False) -> str:
    """Accuracies, against what people reach."""
    scores = _sorted(result.encoders, OddOneOut, lambda one: one.accuracy.value)
    lines = [ForestLine("chance", 1 / 3)]
    if result.ceiling is not None:
        lines.append(ForestLine("always the majority", result.ceiling.majority_oracle.value))
    return _forest({n: one.accuracy for n, one in scores.items()}, lines, "Odd-one-out accuracy", standalone)


def _forest(found: Mapping[str, Estimate], lines: Sequence[ForestLine], what: str, standalone: bool) -> str:
    rows = [ForestRow(f"{n}  {percent(one.value)}", one.value, one.low, one.high) for n, one in found.items()]
    names = ", ".join(row.name for row in rows)
    return forest_plot(rows, lines, description=f"{what}: {names}", standalone=standalone)


def _sorted(
    encoders: Mapping[str, Score | Failed], kind: type[Score], value: Callable[[Score], float]
) -> dict[str, Score]:
    """The encoders that worked, best first, by the name that a page shows."""
    short = short_names(list(encoders))
    worked = [(short[name], one) for name, one in encoders.items() if isinstance(one, kind)]
    return dict(sorted(worked, key=lambda item: -value(item[1])))


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    encoders: Mapping[str, object],
    people: Sequence[Sequence[str]],
) -> VoteTable:
    short = short_names(list(encoders))
    failed = [
        (short[name], without_folders(one.error)) for name, one in encoders.items() if isinstance(one, Failed)
    ]
    every = [*rows, *failed, *people]
    return VoteTable(header, every, quiet=frozenset(range(len(every) - len(people), len(every))))


def _jnd_table(scores: Mapping[str, BappsScore]) -> VoteTable:
    subsets = sorted({subset for one in scores.values() for subset in one.jnd})
    rows = []
    for name, one in scores.items():
        parts = [with_interval(one.jnd[s].score if s in one.jnd else None) for s in subsets]
        values = [found.score.value for found in one.jnd.values()]
        mean = sum(values) / len(values) if values else math.nan
        rows.append(
            (name, with_interval(one.jnd_pooled.score if one.jnd_pooled else None), percent(mean), *parts)
        )
    return VoteTable(("JND (area)", "all pairs pooled", "mean of subsets", *subsets), rows)


def _plots(svgs: Mapping[str, str]) -> list[VotePlot]:
    return [
        VotePlot(svg, "With 95 % intervals; dashed: what it is to be read against.") for svg in svgs.values()
    ]


def _comparisons(tests: Sequence[PairedTest], encoders: Mapping[str, object]) -> list[VoteSection]:
    if not tests:
        return []
    text = (
        "Every two encoders on the same items: bootstrap interval of the difference, permutation test, p corrected for the "
        "number of comparisons (Holm)."
    )
    return [
        VoteSection("Which encoder is better", text, [comparisons_table(tests, short_names(list(encoders)))])
    ]
