"""The `lookalike` command: its sub-commands, and how errors reach people."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lookalike._version import __version__
from lookalike.cli.bench import app as bench_app
from lookalike.cli.clusters import clusters
from lookalike.cli.comparator import app as comparator_app
from lookalike.cli.compare import compare
from lookalike.cli.data import app as data_app
from lookalike.cli.demo import demo
from lookalike.cli.doctor import doctor
from lookalike.cli.duplicates import duplicates
from lookalike.cli.encoders import app as encoders_app
from lookalike.cli.explain import explain
from lookalike.cli.export import export
from lookalike.cli.index import index
from lookalike.cli.label import label
from lookalike.cli.map import map_command
from lookalike.cli.search import search
from lookalike.cli.serve import serve
from lookalike.cli.study import app as study_app
from lookalike.cli.train import train
from lookalike.errors import LookalikeError

app = typer.Typer(
    help="Image similarity as people see it: index images, find what looks alike, group, cluster, map and label them.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(index)
app.command()(search)
app.command()(compare)
app.command()(explain)
app.command()(duplicates)
app.command()(clusters)
app.command("map")(map_command)
app.command()(label)
app.command()(train)
app.command()(export)
app.command()(serve)
app.add_typer(encoders_app, name="encoders")
app.add_typer(bench_app, name="bench")
app.add_typer(comparator_app, name="comparator")
app.add_typer(data_app, name="data")
app.add_typer(study_app, name="study")
app.command()(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"lookalike {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    del version


def run() -> None:
    """Entry point: exit 0 when it worked, 1 with one line on stderr when it failed, 2 on wrong usage."""
    try:
        app()
        sys.stdout.flush()
    except LookalikeError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail(_stopped(sys.argv[1:]), 130)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is wrong, and the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("LOOKALIKE_DEBUG"):
            raise
        text = " ".join(str(error).split())[:300]
        _fail(f"unexpected {type(error).__name__}: {text} (LOOKALIKE_DEBUG=1 shows where; please report it)")


def _stopped(arguments: Sequence[str]) -> str:
    """What Ctrl-C leaves behind, by command."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command == "train":
        return "stopped; the run goes on from its last checkpoint with the same command and --resume"
    if command == "index":
        return "stopped; what was reported as indexed is kept, run the same command again to go on"
    return "stopped; run the same command again"


def _fail(text: str, status: int = 1) -> None:
    sys.stderr.write(f"lookalike: {' '.join(text.split())}\n")
    sys.exit(status)
