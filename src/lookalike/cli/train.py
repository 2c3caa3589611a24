"""``lookalike train``: learn from judgments by a recipe."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli import output
from lookalike.cli.options import DeviceOption, JsonOption
from lookalike.cli.progress import stage_progress
from lookalike.errors import InvalidArgument

if TYPE_CHECKING:
    from lookalike.training.fitting import Run


def train(
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="RECIPE",
            help="A recipe file, or the name of one that comes with lookalike.",
            show_default=False,
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a setting: optimizer.epochs=2; may be repeated.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "--output",
            "-o",
            help="Folder of the run; else the recipe's name here.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted.")] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Show the recipes that come with lookalike.")
    ] = False,
    device: DeviceOption = "auto",
    json_: JsonOption = False,
) -> None:
    """Train an encoder by a recipe; use it afterwards with --encoder FOLDER."""
    if listing:
        _list(json_)
        return
    if recipe is None:
        raise InvalidArgument("name a recipe file, or one of those that `lookalike train --list` shows")
    from lookalike.training.fitting import fit
    from lookalike.training.recipe import Recipe

    chosen = Recipe.load(recipe, changes or ())
    with stage_progress() as progress:
        run = fit(chosen, out=out, resume=resume, device=device, progress=progress)
    if json_:
        document = {
            **run.to_dict(),
            "folder": str(run.folder),
            "command": shlex.join(["lookalike", *sys.argv[1:]]),
        }
        output.print_json(document)
        return
    _show(run)


def _list(json_: bool) -> None:
    from lookalike.training.recipe_shipped import list_recipes

    found = list_recipes()
    if json_:
        output.print_json([{"name": one.name, "description": one.description} for one in found])
        return
    output.print_table("", ["recipe", "what it does"], [[one.name, one.description] for one in found])


def _show(run: Run) -> None:
    compared, change = run.comparison, run.comparison.difference
    rows = []
    for name, score in (("untouched", compared.untouched), ("trained", compared.trained)):
        interval = f"{score.estimate.low:.4f} to {score.estimate.high:.4f}"
        rows.append([name, f"{score.value:.4f}", interval])
    title = f"{compared.trained.name} on {compared.trained.estimate.n:,} {compared.rows} rows"
    output.print_table(title, ["encoder", "figure", "95 %"], rows, right=["figure"])
    d = change.difference
    output.say(
        f"difference {d.value:+.4f} ({d.low:+.4f} to {d.high:+.4f}), p = {change.p:.2g} ({change.test})"
    )
    if run.best_epoch == 0:
        output.say("no epoch was better than the beginning, so the weights are those before training")
    best = run.best_epoch if run.recipe.stop.restore_best else 0
    kept = f"kept epoch {best} of {run.epochs}" if best else f"{run.epochs} epochs, the last weights kept"
    for line in run.data.get("notes", []):
        output.say(str(line))
    folder = output.short_path(str(run.folder))
    output.say(
        f"{kept}, {run.steps:,} steps, {run.seconds:.0f} s; use it with --encoder {shlex.quote(folder)}"
    )
