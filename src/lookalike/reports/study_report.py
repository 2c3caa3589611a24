"""The report of a study: what people answered, how far they agree, and how machines do on the same trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lookalike.reports import study_tables as tables
from lookalike.reports.local_paths import without_folders
from lookalike.reports.models import Picture
from lookalike.reports.study_figures import study_figures
from lookalike.reports.study_page import StudySection, study_page
from lookalike.reports.study_position import effects_sentence, position_sentence, position_table
from lookalike.reports.study_sheets import agreement_sheets, division_sheets
from lookalike.reports.text import plural
from lookalike.reports.vote_text import comparisons_table, percent, short_names, small_p
from lookalike.reports.votes import VotePlot, VoteTable

if TYPE_CHECKING:
    from lookalike.studies.analysis import Figures, StudyResult

SIMULATED = "Simulated participants: these figures say nothing about people."


def study_report(result: StudyResult, picture: Callable[[str], Picture], *, note: str = "") -> str:
    """The whole page.

    Args:
        result: the analysis.
        picture: content id -> the picture to show.
        note: one line below the heading.

    Returns:
        A complete HTML document that needs no network; participants appear by number only.

    Raises:
        MissingDependency: matplotlib is not installed.
    """
    figures = result.figures
    drawn = study_figures(result, standalone=False)
    sections = [_exclusions(result), _accuracy(result, drawn), _agreement(result, drawn)]
    if result.machines or result.failed:
        sections.append(_machines(result, drawn))
    sections += [agreement_sheets(result, picture), division_sheets(result, picture)]
    sections += [
        _position(figures),
        _same_different(result),
        _times(figures),
        _quality(result),
        _reading(result),
    ]
    facts = [
        (f"{figures.participants:,}", "participants"),
        (f"{figures.answers:,}", "answers"),
        (f"{figures.items:,}", "items"),
        (result.type, "study"),
    ]
    return study_page(
        result.title, [one for one in sections if one is not None], note=note, facts=facts, lead=lead(result),
        warning=SIMULATED if result.simulated else "",
    )  # fmt: skip


def lead(result: StudyResult) -> str:
    """The main results in words."""
    figures, said = result.figures, []
    if figures.accuracy:
        one = figures.accuracy[0]
        low, high = 100 * one.accuracy.low, 100 * one.accuracy.high
        said.append(
            f"People are right in {percent(one.accuracy.value)} of their answers (95 % interval {low:.1f} to {high:.1f}; "
            f"chance {percent(one.chance)})"
        )
    if figures.agreement is not None and figures.agreement.pairwise is not None:
        said.append(f"Two people agree in {percent(figures.agreement.pairwise.value)} of cases")
    if figures.alpha is not None:
        said.append(f"Krippendorff's alpha is {figures.alpha.value:.2f}")
    known = [(one.answers.value, one.name) for one in result.machines if one.answers is not None]
    if known:
        share, name = max(known)
        short = short_names([one.name for one in result.machines])[name]
        said.append(f"{short} gives the answer of a person in {percent(share)}")
    return ". ".join(said) + "." if said else ""


def late_sentence(result: StudyResult) -> str:
    """What became of answers over an item's number."""
    return (
        f"{plural(result.late, 'answer')} came after the time-out, when others had filled the item, and "
        f"{'count all the same, as was asked' if result.late_counted else 'are not counted'}."
    )


def _exclusions(result: StudyResult) -> StudySection:
    out = [one for one in result.people if one.excluded_by]
    rules = ", ".join(
        f"{count} by {rule}"
        for rule in ("catch", "speed", "straight-lining")
        if (count := sum(rule in one.excluded_by for one in out))
    )
    if not out:
        text = "No participant breaks the rules that the study stated beforehand, or it stated none."
    elif result.excluded:
        text = f"{plural(len(out), 'participant')} set aside by the study's own rules ({rules}); nothing was deleted."
    else:
        text = f"{plural(len(out), 'participant')} broke the study's rules ({rules}) and are kept here, as was asked."
    if result.late:
        text = f"{text} {late_sentence(result)}"
    return StudySection("Who is counted", text, tables=[tables.exclusion_table(result)])


def _accuracy(result: StudyResult, drawn: dict[str, str]) -> StudySection | None:
    if not result.figures.accuracy:
        return None
    caption = "Share of right answers with 95 % intervals over items and people; dashed: chance."
    return StudySection(
        "How often people are right",
        "As table 2b of the TLL paper. The first interval draws items and people anew (what other items and other people would "
        "give), the next one items only. Both are wider than if answers were independent, which they are not.",
        tables=[tables.accuracy_table(result)],
        plots=[VotePlot(drawn["accuracy"], caption)],
    )


def _agreement(result: StudyResult, drawn: dict[str, str]) -> StudySection | None:
    figures = result.figures
    ceiling = tables.ceiling_table(figures)
    if figures.agreement is None and ceiling is None:
        return None
    found = [tables.agreement_table(figures)] if figures.agreement is not None else []
    captions = {
        "agreement": "Items by the share of people who gave the most frequent answer (figure 5a of the TLL paper).",
        "agreement_correct": "Right answers by agreement, items in steps of 5 % (figure 5b of the TLL paper).",
    }
    return StudySection(
        "How far people agree",
        "Items answered at least twice. The noise ceilings in the second table are what a machine's figures are to be read "
        "against.",
        tables=[*found, *([ceiling] if ceiling is not None else [])],
        plots=[VotePlot(drawn[name], caption) for name, caption in captions.items() if name in drawn],
    )


def _machines(result: StudyResult, drawn: dict[str, str]) -> StudySection:
    found = [tables.machine_table(result)] if result.machines else []
    if result.comparisons:
        found.append(
            comparisons_table(result.comparisons, short_names([one.name for one in result.machines]))
        )
    failed = [f"{one.name}: {without_folders(one.error)}" for one in result.failed]
    own = [note for one in result.machines for note in one.notes]
    caption = "Share of people's single answers that each machine gives, with 95 % intervals over items; dashed: people."
    return StudySection(
        "People against machines",
        "Each machine answers the trials that people answered: it takes the option nearest to the query, or the image outside "
        "the closest pair. Equally near options share a choice.",
        tables=found,
        plots=[VotePlot(drawn["machines"], caption)] if "machines" in drawn else (),
        notes=[*failed, *(without_folders(note) for note in own)],
    )


def _position(figures: Figures) -> StudySection | None:
    found = figures.position
    if found is None:
        return None
    return StudySection(
        "Do people choose by place?",
        position_sentence(found),
        tables=[position_table(found)],
        notes=[effects_sentence(found.effects)] if found.effects is not None else (),
    )


def _same_different(result: StudyResult) -> StudySection | None:
    figures, rows = result.figures, []
    if figures.sensitivity is not None:
        found = figures.sensitivity
        rows.append(("Sensitivity d' (yes/no)", f"{found.d_prime:.2f}"))
        rows.append(("Criterion", f"{found.criterion:+.2f}"))
    curves = {"Levels of the study": figures.psychometric}
    curves |= {one.name: one.psychometric for one in result.machines}
    for name, curve in curves.items():
        if curve is not None:
            rows.append((f"Threshold on {name}", tables.plain_interval(curve.threshold)))
            rows.append((f"Lapse rate on {name}", percent(curve.lapse)))
    if not rows:
        return None
    text = "A threshold is the distance at which half of the answers are “different”; people are drawn for its interval."
    return StudySection("What can be told apart", text, tables=[VoteTable(("", "value"), rows)])


def _times(figures: Figures) -> StudySection | None:
    return (
        None
        if figures.times is None
        else StudySection("Response times", tables=[tables.times_table(figures.times)])
    )


def _quality(result: StudyResult) -> StudySection | None:
    quality, rule = result.quality, result.quality.catch
    text = ""
    if rule is not None:
        right = "" if rule.right is None else f"; {percent(rule.right)} of all catch answers are right"
        text = (
            f"Catch rule: {rule.needed} of {rule.trials} right. A guesser passes with p = {small_p(rule.guesser_passes)}, "
            f"somebody who is right 95 times in 100 with p = {rule.careful_passes:.3f}. "
            f"{rule.failed} of {rule.asked} people broke it{right}."
        )
    if not quality.workers:
        return StudySection("Participants", text) if text else None
    notes = [f"Not fitted: {quality.dawid_skene}"] if quality.dawid_skene else []
    return StudySection(
        "Participants",
        f"{text} Those who agree least with the others:".strip(),
        tables=[tables.worker_table(quality)],
        notes=notes,
    )


def _reading(result: StudyResult) -> StudySection:
    left = ", ".join(plural(n, f"{role} trial") for role, n in result.left_out.items() if n)
    notes = [*result.figures.notes]
    if left:
        notes.append(f"Not counted above: {left}.")
    notes += [
        f"Intervals are 95 % percentile bootstrap intervals (seed {result.seed}). Where items share their "
        "query, those of agreement and of machines draw queries with all their items.",
        "Free-marginal kappa takes 1 / options for chance. Fleiss' kappa and Krippendorff's alpha would depend on how each "
        "item's own options are numbered, so alpha is given for ratings and same/different only.",
        "The most frequent answer's share is too high with few votes (a coin thrown five times reads 69 %); pairwise agreement "
        "is not.",
    ]
    return StudySection("How to read this", notes=notes)
