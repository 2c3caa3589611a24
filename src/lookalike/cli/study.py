"""`lookalike study`: ask people. Each subcommand is thin and loads what it needs when it runs."""

from __future__ import annotations

import typer

from lookalike.cli.study_check import check
from lookalike.cli.study_export import export
from lookalike.cli.study_new import new
from lookalike.cli.study_report import report
from lookalike.cli.study_serve import serve
from lookalike.cli.study_simulate import simulate
from lookalike.cli.study_status import status

app = typer.Typer(
    help="Ask people: design a study of similarity, serve it, analyse it and set people against machines.",
    no_args_is_help=True,
)
app.command()(new)
app.command()(check)
app.command()(serve)
app.command()(status)
app.command()(report)
app.command()(export)
app.command()(simulate)
