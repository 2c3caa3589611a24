"""`lookalike study simulate`: simulated participants through the real server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.options import JsonOption
from lookalike.cli.study_serve import DatabaseOption

if TYPE_CHECKING:
    from lookalike.studies.simulate import Simulation


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder.")],
    people: Annotated[int, typer.Option("-n", "--people", help="Participants.", min=1)] = 60,
    accuracy: Annotated[
        float, typer.Option("--accuracy", help="Share of right answers of who looks.", min=0, max=1)
    ] = 0.75,
    spread: Annotated[
        float, typer.Option("--spread", help="Its standard deviation between items.", min=0)
    ] = 0.15,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            "-e",
            help="Choose by this encoder's similarities instead (softmax).",
            show_default=False,
        ),
    ] = None,
    noise: Annotated[
        float, typer.Option("--noise", help="Of choices by an encoder, in units of its distance.")
    ] = 0.05,
    bias: Annotated[
        float, typer.Option("--bias", help="Share of answers that go to the first place.", min=0, max=1)
    ] = 0.0,
    lapse: Annotated[
        float, typer.Option("--lapse", help="Share of answers given at random.", min=0, max=1)
    ] = 0.02,
    careless: Annotated[
        float,
        typer.Option(
            "--careless", help="Share of people who click at random and fail catch trials.", min=0, max=1
        ),
    ] = 0.0,
    dropout: Annotated[
        float, typer.Option("--dropout", help="Share of people who leave before the end.", min=0, max=1)
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Of all that they do.", min=0)] = 0,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            help="Of a running `study serve` of this folder; default: a server inside this process.",
            show_default=False,
        ),
    ] = None,
    database: DatabaseOption = None,
    images: Annotated[
        bool, typer.Option("--images", help="Get and check every picture, as a page does.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Simulated participants take the study, each answer marked; reports refuse them unless asked for."""
    from lookalike.studies import Study
    from lookalike.studies.simulate import simulate as run
    from lookalike.studies.simulate_people import Behaviour
    from lookalike.studies.simulate_tastes import machine_tastes

    study = Study.open(folder)
    how = Behaviour(
        accuracy=accuracy,
        spread=spread,
        lapse=lapse,
        bias=bias,
        careless=careless,
        dropout=dropout,
        noise=noise,
    )
    tastes = None if encoder is None else machine_tastes(study, encoder, noise)
    found = run(
        study,
        people,
        how,
        tastes=tastes,
        seed=seed,
        url=url,
        database=None if url else database,
        fetch_images=images,
        progress=_show_progress,
    )
    if json_:
        output.print_json(found.to_dict())
    else:
        output.print_table(study.config.title, ("", ""), _rows(found), right=())
        output.say("every answer is marked as simulated: report them with --include-simulated")
    for error in found.errors[:5]:
        output.note(error)
    if found.errors:
        raise typer.Exit(1)


def _show_progress(done: int, total: int) -> None:
    """Says on a terminal how many are through; quiet otherwise."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        sys.stderr.write(f"\rsimulated participants: {done}/{total}{end}")
        sys.stderr.flush()


def _rows(found: Simulation) -> list[tuple[str, str]]:
    document: dict[str, Any] = found.to_dict()
    rows = [
        (
            "simulated participants",
            f"{found.people}: {found.finished} finished, {found.left} left, {found.turned_away} found every trial taken",
        ),
        (
            "answers stored",
            f"{found.answers:,} in {found.seconds:.1f} s ({document['answers_per_second']:.0f} a second)",
        ),
    ]
    if found.latency_ms is not None:
        rows.append(
            ("until acknowledged", "median {:.0f} ms, 99 % within {:.0f} ms".format(*found.latency_ms))
        )
    rows.append(("they choose by", found.tastes))
    for name, value in (
        ("expected: right answers", found.expected.accuracy),
        ("expected: two people agree", found.expected.agreement),
        ("expected: first place", found.expected.first_place),
    ):
        if value is not None:
            rows.append((name, f"{value:.1%}"))
    if found.errors:
        rows.append(("errors", f"{len(found.errors)}"))
    return rows
