"""`lookalike serve`: the web application."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output

if TYPE_CHECKING:
    from lookalike.web import WebSettings


def serve(
    galleries: Annotated[
        list[str] | None,
        typer.Option(
            "--gallery",
            "-g",
            help="Folder (or s3://... address) of a gallery, or NAME=FOLDER; may be repeated. With --root, a new "
            "folder becomes an empty gallery.",
            show_default=False,
        ),
    ] = None,
    studies: Annotated[
        list[Path] | None,
        typer.Option("--study", help="Folder that `study new` wrote; may be repeated.", show_default=False),
    ] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            "--results", help="Folder that `bench ... -o` wrote; may be repeated.", show_default=False
        ),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option("--pairs", help="Pairs or triplets to play on; may be repeated.", show_default=False),
    ] = None,
    roots: Annotated[
        list[Path] | None,
        typer.Option(
            "--root", help="Folder that may be indexed from the page; may be repeated.", show_default=False
        ),
    ] = None,
    aside: Annotated[
        Path | None,
        typer.Option(
            "--aside",
            help="Folder that duplicates may be moved to from the page; without it no file is moved.",
            show_default=False,
        ),
    ] = None,
    encoders: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder",
            "-e",
            help="Further encoder to compare and play with; may be repeated.",
            show_default=False,
        ),
    ] = None,
    comparators: Annotated[
        list[Path] | None,
        typer.Option("--comparator", help="Folder of a comparator; may be repeated.", show_default=False),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; any but this machine's own needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = 8320,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="LOOKALIKE_TOKEN",
            help="Who comes in needs it: 16 characters or more.",
            show_default=False,
        ),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            "--public-url",
            help="https://... where a proxy on this machine forwards to us.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve galleries, comparisons, games, results and studies as web pages and as a REST API, until Ctrl-C."""
    from lookalike.serving import Listening, allowed_hosts
    from lookalike.serving import serve as run
    from lookalike.web import WebSettings, create_app

    listening = Listening(host, port, public_url)
    require_token(host, public_url, token)
    settings = WebSettings(
        galleries=named_galleries(galleries or []),
        studies=tuple(studies or ()),
        results=tuple(results or ()),
        pairs=tuple(pairs or ()),
        encoders=tuple(encoders or ()),
        comparators=tuple(comparators or ()),
        token=token,
        roots=tuple(roots or ()),
        aside=aside,
        hosts=allowed_hosts(host, public_url),
        https=listening.https,
    )
    check_places(settings)
    app = create_app(settings)
    with output.working("opening the galleries"):
        app.state.context.warm()
    run(app, listening, ready=lambda bound: _announce(app, settings, listening.address(bound)))


def require_token(host: str, public_url: str | None, token: str | None) -> None:
    """Only people at this machine come in without a token.

    Raises:
        ServeError: others could reach the server and no token is set.
    """
    from lookalike.errors import ServeError
    from lookalike.serving.run import LOOPBACK

    if token is None and (host not in LOOPBACK or public_url is not None):
        raise ServeError(
            "others can reach this server: set --token (or LOOKALIKE_TOKEN) to 16 characters or more, for instance "
            "from `openssl rand -hex 16`"
        )


def named_galleries(given: list[str]) -> dict[str, Path | str]:
    """Name -> place, from ``NAME=FOLDER`` or a folder's own name.

    Raises:
        ServeError: two have one name.
    """
    from lookalike.errors import ServeError
    from lookalike.gallery.settings import is_remote
    from lookalike.web.settings import names_of

    found: dict[str, Path | str] = {}
    plain: list[Path] = []
    for one in given:
        name, equals, place = one.partition("=")
        if equals and "/" not in name:
            if name in found:
                raise ServeError(f"two galleries are called {name}; give them different names: NAME=FOLDER")
            found[name] = place if is_remote(place) else Path(place)
        elif is_remote(one):
            name = one.rstrip("/").rsplit("/", 1)[-1]
            if name in found:
                raise ServeError(f"two galleries are called {name}; give them different names: NAME=FOLDER")
            found[name] = one
        else:
            plain.append(Path(one))
    for name, folder in names_of(tuple(plain)).items():
        if name in found:
            raise ServeError(f"two galleries are called {name}; give them different names: NAME=FOLDER")
        found[name] = folder
    return found


def check_places(settings: WebSettings) -> None:
    """Find out at once what would fail later; a gallery that is not there is made where a folder can be indexed.

    Raises:
        LookalikeError: a gallery cannot be opened or made, a folder is not there.
    """
    from lookalike.errors import GalleryNotFound, ServeError, printable
    from lookalike.gallery import Gallery

    for place in (*settings.roots, *settings.results, *settings.studies, *settings.pairs):
        if not place.exists():
            raise ServeError(f"{printable(str(place))} is not there; name a folder or file that exists")
    for gallery in settings.galleries.values():
        try:
            Gallery.open(gallery)
        except GalleryNotFound:
            if not settings.roots:
                raise
            Gallery.create(gallery)
            output.note(f"made an empty gallery: {output.short_path(str(gallery))}")


def _announce(app: Any, settings: WebSettings, address: str) -> None:
    output.say(f"lookalike: {address}/")
    for study in [place.study.config.name for place in app.state.context.studies]:
        output.say(f"study: {address}/s/{study}/")
    if settings.studies:
        output.say(f"dashboard: {address}/admin")
        if not settings.token:
            from lookalike.web.mounted_studies import TOKEN_FILE

            output.say(f"its token is in {output.short_path(str(settings.studies[0] / TOKEN_FILE))}")
    if settings.token:
        output.say("the token that was set is asked for at the first visit")
    sys.stdout.flush()
