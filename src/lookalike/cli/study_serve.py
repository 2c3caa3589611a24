"""`lookalike study serve`: let people take part."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output

if TYPE_CHECKING:
    from lookalike.studies import Study
    from lookalike.studies.store import Store

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="LOOKALIKE_DATABASE",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME; default: answers.sqlite in the study's folder.",
        show_default=False,
    ),
]
TOKEN_FILE = "admin-token"


def serve(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders that `study new` wrote.")],
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = 8321,
    database: DatabaseOption = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            "--public-url",
            help="https://... where a proxy on this machine forwards to us.",
            show_default=False,
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="LOOKALIKE_ADMIN_TOKEN",
            help="The dashboard's token; default: made once and kept in the first folder's admin-token.",
            show_default=False,
        ),
    ] = None,
    allow_unfinished: Annotated[
        bool,
        typer.Option("--allow-unfinished", help="Serve texts that still hold [[brackets]], to look at them."),
    ] = False,
) -> None:
    """Serve studies until Ctrl-C: prints the participants' addresses, the dashboard's, and its token."""
    from lookalike.serving import Listening, allowed_hosts, read_or_make_token
    from lookalike.serving import serve as run
    from lookalike.studies import Study
    from lookalike.studies.server import create_study_app

    listening = Listening(host, port, public_url)
    studies = [Study.open(folder) for folder in folders]
    if not allow_unfinished:
        _refuse_unfinished(studies)
    secret = token or read_or_make_token(studies[0].folder / TOKEN_FILE)
    with ExitStack() as stack:
        app = create_study_app(
            studies,
            _stores(stack, database),
            admin_token=secret,
            hosts=allowed_hosts(host, public_url),
            https=listening.https,
            progress=_show_progress,
        )
        run(app, listening, ready=lambda bound: _announce(studies, listening.address(bound), secret))
    output.note("stopped; every acknowledged answer is in the database, the same command goes on")


def _refuse_unfinished(studies: list[Study]) -> None:
    """Nobody is asked to agree to a text that is not written.

    Raises:
        StudyError: a text still holds brackets.
    """
    from lookalike.errors import StudyError, printable
    from lookalike.studies.design_check import unfinished

    for study in studies:
        found = unfinished(study)
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise StudyError(
                f"{printable(str(study.folder))}/{found[0]}{more}; write it, or serve with --allow-unfinished to look at it"
            )


def _stores(stack: ExitStack, database: str | None) -> Callable[[Study], Store]:
    """One store for all studies, or one in each folder; closed with the stack."""
    from lookalike.studies.store import Store, default_url

    opened: dict[str, Store] = {}

    def store_for(study: Study) -> Store:
        url = database or default_url(study)
        if url not in opened:
            opened[url] = stack.enter_context(Store(url))
        return opened[url]

    return store_for


def _show_progress(done: int, total: int) -> None:
    """Says on a terminal how far the images are; quiet otherwise."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        sys.stderr.write(f"\rmaking images ready: {done}/{total}{end}")
        sys.stderr.flush()


def _announce(studies: list[Study], address: str, token: str) -> None:
    for study in studies:
        output.say(f"study: {address}/s/{study.config.name}/")
    output.say(f"admin: {address}/admin")
    output.say(f"token: {token}")
    sys.stdout.flush()


def open_store(study: Study, database: str | None) -> Any:
    """The store of a study that has been served.

    Raises:
        StudyError: it has not been.
    """
    from lookalike.errors import StudyError, printable
    from lookalike.studies.store import Store, default_url
    from lookalike.studies.store.engine import DATABASE_FILE

    file = study.folder / DATABASE_FILE
    if database is None and not file.is_file():
        raise StudyError(
            f"{printable(str(file))} is not there: the study has not been served from this folder yet"
        )
    return Store(database or default_url(study))
