"""`lookalike study check`: what is wrong, what it will take, and what it can find, before anyone is paid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.options import JsonOption
from lookalike.cli.progress import stage_progress

if TYPE_CHECKING:
    from lookalike.studies.design_check import Check


def check(
    folder: Annotated[Path, typer.Argument(help="The study.", show_default=False)],
    difference: Annotated[
        float | None,
        typer.Option(
            "--difference",
            help="Of accuracies, that should be found: 0.05 is 5 points.",
            min=0.0001,
            max=0.9999,
            show_default=False,
        ),
    ] = None,
    accuracy: Annotated[
        float,
        typer.Option(
            "--accuracy", help="Expected of people (of votes: share of the commoner answer).", min=0, max=1
        ),
    ] = 0.75,
    icc: Annotated[
        float, typer.Option("--icc", help="Intraclass correlation of answers to one item.", min=0, max=1)
    ] = 0.22,
    discordance: Annotated[
        float | None,
        typer.Option(
            "--discordance",
            help="Share of items on which two models differ.",
            min=0,
            max=1,
            show_default=False,
        ),
    ] = None,
    pay: Annotated[
        float | None,
        typer.Option("--pay", help="For one session, instead of study.toml's.", min=0, show_default=False),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds-per-trial", help="Instead of the usual ones.", min=0.1, show_default=False),
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Missing images, unbalanced designs, duplicate options; minutes, people, cost; precision and power.

    Ends with exit status 1 when there is a problem; warnings do not count as problems.
    """
    from lookalike.studies import Study
    from lookalike.studies.design_check import check_study
    from lookalike.studies.design_figures import Expectation

    expected = Expectation(accuracy, icc, difference, discordance, pay, seconds)
    with stage_progress() as progress:
        found = check_study(Study.open(folder), expected, progress=progress)
    if json_:
        output.print_json({"folder": str(folder), **found.to_dict()})
    else:
        _say(found)
    if not found.ok:
        raise typer.Exit(1)


def _say(found: Check) -> None:
    facts = found.figures
    output.print_table("", ["fact", "value"], _facts(facts))
    if facts["power"]:
        output.print_table("", ["to be found", "value"], _power(facts["power"]))
    for sentence in found.warnings:
        output.say(f"warning: {sentence}")
    for sentence in found.problems:
        output.say(f"problem: {sentence}")
    problems, warnings = len(found.problems), len(found.warnings)
    output.say(
        f"{problems} problems, {warnings} warnings"
        if problems
        else f"ready to be served ({warnings} warnings)"
    )


def _facts(facts: dict[str, Any]) -> list[list[str]]:
    items, cost, catch, precision = facts["items"], facts["cost"], facts["catch"], facts["precision"]
    groups = ", ".join(f"{name} {count:,}" for name, count in facts["sets"].items() if name)
    rows = [
        ["study", f"{facts['name']} ({facts['type']})"],
        ["main items", f"{items['main']:,}" + (f": {groups}" if groups else "")],
        ["practice and catch items", f"{items['practice']:,} and {items['catch']:,}"],
        ["images", f"{facts['images']:,}"],
        [
            "one session",
            f"{facts['trials_per_session']:,} trials, about {facts['minutes_per_session']:.0f} minutes",
        ],
        ["participants who finish", f"{facts['participants']:,}"],
        ["answers", f"{facts['answers']:,.0f} ({facts['answers_per_item']:.3g} an item)"],
    ]
    if cost["pay_per_participant"]:
        money = f"{cost['currency']} {cost['total']:,.2f}, that is {cost['per_hour']:.2f} an hour; fees not counted"
        rows.append(["cost", money])
    if catch:
        rows.append(
            [
                f"catch rule: {catch['needed']} of {catch['count']}",
                f"{catch['guessers_pass']:.1%} of guessers pass, {catch['careful_pass']:.1%} of careful people",
            ]
        )
    if precision:
        rows.append(["half-width of accuracy", f"{100 * precision['half_width']:.1f} points (95 %)"])
        widest = max(precision["half_width_by_set"].values(), default=None)
        if widest is not None:
            rows.append(["of the smallest group", f"{100 * widest:.1f} points"])
    return rows


def _power(power: dict[str, Any]) -> list[list[str]]:
    groups, models, bias = power["between_groups"], power["between_models"], power["position_bias"]
    points = f"{100 * power['difference']:g} points"
    rows = [
        [f"{points} between groups of {groups['items_each']:,} items", f"power {groups['power']:.0%}"],
        [
            f"{points} between two models that differ on {models['discordance']:.0%} of items",
            f"power {models['power']:.0%}; 80 % takes {models['items_for_80_percent']:,} items",
        ],
    ]
    if bias:
        rows.append(
            [
                f"position bias of w = {bias['effect_w']:g}",
                f"80 % takes {bias['answers_for_80_percent']:,} answers; {bias['answers']:,.0f} are planned",
            ]
        )
    return rows
