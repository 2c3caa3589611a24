"""`lookalike bench`: the group of commands that compare machines with people."""

from __future__ import annotations

import typer

from lookalike.cli.bench_ablation import ablation
from lookalike.cli.bench_tll import pairs, tll
from lookalike.cli.bench_triplets import triplets
from lookalike.cli.bench_votes import bapps, nights, things

app = typer.Typer(
    help="How far a machine is from people's judgments: on pairs, triplets and votes.",
    no_args_is_help=True,
)
app.command("tll")(tll)
app.command("nights")(nights)
app.command("bapps")(bapps)
app.command("things")(things)
app.command("pairs")(pairs)
app.command("triplets")(triplets)
app.command("ablation")(ablation)
