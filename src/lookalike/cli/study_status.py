"""`lookalike study status`: how a study stands, also while it is being served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.options import JsonOption
from lookalike.cli.study_serve import DatabaseOption, open_store


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder.")],
    database: DatabaseOption = None,
    json_: JsonOption = False,
) -> None:
    """Progress, people, answers a minute, dropout, catch trials, time left."""
    from lookalike.studies import Study

    study = Study.open(folder)
    with open_store(study, database) as store:
        found = store.status(study)
    if json_:
        output.print_json(found)
        return
    output.print_table(found["title"], ("", ""), _rows(found), right=())


def _rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    people, items, catch = found["participants"], found["items"], found["catch"]
    wanted, missing, left = found["answers_wanted"], found["answers_missing"], found["minutes_left"]
    share = 1 - missing / wanted if wanted else 1.0
    rule = "" if catch["failed_people"] is None else f"; {catch['failed_people']} people failed the rule"
    away = ", ".join(f"{row['people']} at {row['percent']} %" for row in found["dropout"] if row["people"])
    rows = [
        ("main answers", f"{wanted - missing} of {wanted} ({share:.1%})"),
        ("answers in all", str(found["answers"])),
        ("answers a minute", f"{found['answers_per_minute']:g}"),
        ("time left", _left(missing, left)),
        (
            "people",
            f"{people['started']} started, {people['active']} at it, {people['waiting']} away, "
            f"{people['finished']} finished, {people['withdrawn']} withdrew",
        ),
        ("away at", away or "nobody"),
        (
            "items",
            f"{items['full']} of {items['total']} full; {items['fewest']} to {items['most']} answers each",
        ),
        ("catch trials", f"{catch['failures']} of {catch['answers']} failed{rule}"),
    ]
    if items["settled"] or items["split"]:
        rows.append(("staged votes", f"{items['settled']} unanimous, {items['split']} split"))
    if items["votes"]:
        rows.append(("votes", f"{items['votes']} of the items are votes on proposals"))
    if people["simulated"]:
        rows.append(("simulated", f"{people['simulated']} participants, counted apart"))
    return rows


def _left(missing: int, minutes: float | None) -> str:
    if missing == 0:
        return "complete"
    return "unknown: nobody answers" if minutes is None else f"about {minutes:.0f} min at this rate"
