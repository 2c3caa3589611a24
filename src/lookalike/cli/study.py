"""`lookalike study`: ask people. Design, check, serve, watch, simulate, report, export."""

from __future__ import annotations

import typer

from lookalike.cli.study_check import check
from lookalike.cli.study_new import new

app = typer.Typer(
    help="Ask people: design a study of similarity, serve it, analyse it and set people against machines.",
    no_args_is_help=True,
)
app.command()(new)
app.command()(check)
