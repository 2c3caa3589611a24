"""Tables of a study's report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lookalike.reports.vote_text import percent, short_names, with_interval
from lookalike.reports.votes import VoteTable

if TYPE_CHECKING:
    from lookalike.benchmarks.statistics import Estimate
    from lookalike.studies.analysis import Figures, Quality, StudyResult, Times
    from lookalike.studies.analysis.machines import MachineResult

WORST_SHOWN = 15
_FIRST_MACHINE = 6
"""Columns of the table of accuracies in front of the machines'."""


def brief_accuracy_table(result: StudyResult) -> VoteTable:
    """As :func:`accuracy_table`, for a terminal: shares only, people's with their interval over items and people."""
    whole = accuracy_table(result)
    machines = range(_FIRST_MACHINE, len(whole.header))
    header = ["group", "items", "people", *(whole.header[n] for n in machines)]
    rows = [[row[0], row[1], row[3], *(row[n].partition(" (")[0] for n in machines)] for row in whole.rows]
    return VoteTable(header, rows)


def accuracy_table(result: StudyResult) -> VoteTable:
    """Table 2b: a row for each group of items, people first, then each machine."""
    machines = [one for one in result.machines if one.accuracy is not None]
    names = short_names([one.name for one in machines])
    header = ["group", "items", "answers", "people, % right", "over items only", "chance"]
    rows = []
    for group in result.figures.accuracy:
        row = [
            group.name or "(no group)", f"{group.items:,}", f"{group.answers:,}", with_interval(group.accuracy),
            with_interval(group.over_items), percent(group.chance),
        ]  # fmt: skip
        for one in machines:
            if group.name == "all" and one.accuracy is not None:
                row.append(with_interval(one.accuracy))
            else:
                row.append(percent(one.by_group[group.name][0]) if group.name in one.by_group else "–")
        rows.append(row)
    return VoteTable([*header, *(names[one.name] for one in machines)], rows)


def agreement_table(figures: Figures) -> VoteTable:
    """What people have in common."""
    found = figures.agreement
    assert found is not None
    rows = [
        ("Share of the most frequent answer, mean over items", with_interval(found.modal_share)),
        ("Items with an absolute majority", with_interval(found.majority)),
        ("Items answered by all alike", with_interval(found.unanimous)),
        ("Two people agree (pairwise agreement)", with_interval(found.pairwise)),
        ("Free-marginal kappa (Randolph)", plain_interval(found.kappa)),
    ]
    if figures.agreement_correct is not None:
        rows.append(
            (
                "Agreement against correctness over items, Pearson's r",
                plain_interval(figures.agreement_correct),
            )
        )
    return VoteTable(("", "value (95 % interval)"), rows)


def ceiling_table(figures: Figures) -> VoteTable | None:
    """What a machine is to be read against."""
    found = figures.ceilings
    if found is None:
        return None
    rows = [
        ("One person, against the mode of the others", with_interval(found.leave_one_out)),
        ("Two people agree", with_interval(found.pairwise)),
        ("Always the most frequent answer (too high with few votes)", with_interval(found.modal)),
        ("Reliability of vote shares or mean ratings (split half)", plain_interval(found.split_half)),
    ]
    return VoteTable(("", "value (95 % interval)"), rows)


def times_table(times: Times) -> VoteTable:
    """Response times in seconds."""

    def seconds(value: float | None) -> str:
        return "–" if value is None else f"{value / 1000:.2f} s"

    median = times.median
    whole = f"{seconds(median.value)} ({median.low / 1000:.2f} to {median.high / 1000:.2f})"
    rows = [
        ("Median of participants' medians", whole),
        ("Middle half of answers", f"{seconds(times.quartiles[0])} to {seconds(times.quartiles[1])}"),
        ("Right answers, wrong answers (medians)", f"{seconds(times.right)}, {seconds(times.wrong)}"),
        ("First, second, last third of a session (medians)", ", ".join(seconds(one) for one in times.course)),
        ("Answers within 0.2 s", percent(times.fast)),
    ]
    if len(times.by_group) > 1:
        rows += [
            (f"Group {name or '(none)'} (median)", seconds(value)) for name, value in times.by_group.items()
        ]
    return VoteTable(("", "value"), rows)


def exclusion_table(result: StudyResult) -> VoteTable:
    """The main figures with and without those whom the rules set aside."""
    columns = {"without those excluded" if result.everybody else "everybody": result.figures}
    if result.everybody is not None:
        columns["everybody"] = result.everybody
    rows = [
        ("Participants", *(f"{one.participants:,}" for one in columns.values())),
        ("Answers", *(f"{one.answers:,}" for one in columns.values())),
        (
            "Accuracy",
            *(with_interval(one.accuracy[0].accuracy if one.accuracy else None) for one in columns.values()),
        ),
        (
            "Share of the most frequent answer",
            *(
                with_interval(one.agreement.modal_share if one.agreement else None)
                for one in columns.values()
            ),
        ),
        (
            "Two people agree",
            *(with_interval(one.agreement.pairwise if one.agreement else None) for one in columns.values()),
        ),
        ("Krippendorff's alpha", *(plain_interval(one.alpha) for one in columns.values())),
    ]
    kept = [row for row in rows if any(cell != "–" for cell in row[1:])]
    return VoteTable(("", *columns), kept)


def worker_table(quality: Quality) -> VoteTable:
    """Those who agree least with the others, by number: no ids on a page that is handed on."""
    numbered = sorted(
        enumerate(quality.workers, 1), key=lambda one: (one[1].agreement is None, one[1].agreement or 0.0)
    )
    header = ["participant", "agrees with the others", "reliability (one coin)"]
    rated = any(row.true_rate is not None for _, row in numbered)
    rows = []
    for number, row in numbered[:WORST_SHOWN]:
        cells = [f"no. {number}", _share(row.agreement), _share(row.reliability)]
        rows.append([*cells, _share(row.true_rate)] if rated else cells)
    return VoteTable([*header, "says the true label (Dawid-Skene)"] if rated else header, rows)


def machine_table(result: StudyResult, *, brief: bool = False) -> VoteTable:
    """Each machine against people, item by item; people's own figures below; ``brief`` fits a terminal."""
    names = short_names([one.name for one in result.machines])
    rows: list[Sequence[str]] = []
    for one in sorted(result.machines, key=_rank):
        rows.append(
            (
                names[one.name], with_interval(one.answers), with_interval(one.majority), plain_interval(one.with_people),
                plain_interval(one.ratings), with_interval(one.jnd_score), f"{len(one.divisions):,}",
            )
        )  # fmt: skip
    quiet = len(rows)
    found = result.figures.ceilings
    if found is not None and found.leave_one_out is not None:
        rows.append(
            (
                "One person, against the others' mode",
                with_interval(found.leave_one_out),
                "–",
                "–",
                "–",
                "–",
                "–",
            )
        )
        rows.append(
            ("Always the most frequent answer", with_interval(found.modal), "100 %", "–", "–", "–", "–")
        )
    header = (
        "", "single answers", "majorities", "margin and agreement, rho", "nearness and people, rho", "JND score", "items divided",
    )  # fmt: skip
    columns = (0, 1, 2, 5) if brief and any(one.answers for one in result.machines) else range(len(header))
    used = [n for n in columns if n == 0 or any(row[n] not in ("–", "0") for row in rows)]
    return VoteTable(
        [header[n] for n in used],
        [[row[n] for n in used] for row in rows],
        quiet=frozenset(range(quiet, len(rows))),
    )


def plain_interval(estimate: Estimate | None) -> str:
    """``0.94 (0.91 to 0.96)``."""
    return "–" if estimate is None else f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _rank(one: MachineResult) -> float:
    main = one.answers or one.ratings or one.jnd_score
    return -main.value if main is not None else 1.0


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
