"""`lookalike data twins`: rendered pairs or triplets to try things out on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import output
from lookalike.cli.options import JsonOption


def twins(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="New folder.", show_default=False)],
    triplets: Annotated[
        bool, typer.Option("--triplets", help="Triplets with drawn votes instead of pairs.")
    ] = False,
    n: Annotated[int, typer.Option("-n", "--rows", help="Pairs or triplets.", min=1)] = 40,
    shared: Annotated[
        str, typer.Option("--shared", help="Factors that two alike images share, comma-separated.")
    ] = "shape,color,layout",
    size: Annotated[int, typer.Option("--size", help="Side of an image in pixels.", min=24, max=1024)] = 96,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.", min=0)] = 0,
    json_: JsonOption = False,
) -> None:
    """Draw pictures that share chosen factors, as a folder of pairs or of votes: for trying things out."""
    from lookalike.judgments.twins_folder import write_pairs, write_votes

    factors = [name.strip() for name in shared.split(",") if name.strip()]
    write = write_votes if triplets else write_pairs
    table = write(folder, n, factors, size=size, seed=seed)
    if json_:
        output.print_json({"table": str(table), "rows": n, "shared": factors, "seed": seed})
        return
    kind = "triplets with drawn votes" if triplets else "pairs"
    output.say(f"{n} {kind} of rendered images: {table}")
