"""`lookalike demo`: the main job from end to end, on sample images or on a folder of one's own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.options import JsonOption
from lookalike.encoders import DEFAULT_ENCODER


def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A folder of images; none: sample images.", show_default=False),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the gallery and the pages.", show_default=False),
    ] = None,
    encoder: Annotated[
        str, typer.Option("--encoder", "-e", help="What turns images into vectors.")
    ] = DEFAULT_ENCODER,
    json_: JsonOption = False,
) -> None:
    """Index, search, compare, group, recognise and map images, and leave a page that shows it all."""
    from lookalike.cli.demo_steps import Demo
    from lookalike.errors import LookalikeError

    started = time.monotonic()
    place = target or Path("lookalike-demo" if folder is None else f"lookalike-demo-{folder.resolve().name}")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LookalikeError(f"cannot make folder {place}: {error.strerror}") from error
    run = Demo(place, folder, encoder, quiet=json_)
    page = run.all()
    seconds = round(time.monotonic() - started, 1)
    if json_:
        document: dict[str, Any] = {**run.results, "page": str(page), "seconds": seconds}
        output.print_json(document)
        return
    for answer in run.answers:
        wrong = f", {answer.wrong} wrong" if answer.wrong else ""
        output.say(f"known answers: {answer.what}: {answer.found} of {answer.expected} found{wrong}")
    output.say(f"done in {seconds:.0f} s; open {output.short_path(str(page.absolute()))} in a browser")
