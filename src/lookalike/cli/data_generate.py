"""`lookalike data generate`: triplets drawn by a diffusion model, for a study to ask people about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli import output
from lookalike.cli.options import DeviceOption, JsonOption, PrecisionOption
from lookalike.cli.progress import stage_progress

if TYPE_CHECKING:
    from lookalike.judgments.generate import Generated

_SHOWN = 10


def generate(
    categories: Annotated[
        Path, typer.Option("--categories", help="Text file: one category a line.", show_default=False)
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="Folder of a diffusion model (diffusers' layout, safetensors), or owner/name on the hub.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        Path,
        typer.Option("--output", "-o", help="New folder, or one to go on with.", show_default=False),
    ],
    n: Annotated[int, typer.Option("-n", "--per-category", help="Triplets of each category.", min=1)] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.", min=0)] = 0,
    steps: Annotated[int, typer.Option("--steps", help="Of denoising.", min=1)] = 50,
    guidance: Annotated[
        float, typer.Option("--guidance", help="How strictly the prompt is followed.", min=0)
    ] = 7.5,
    size: Annotated[
        int | None,
        typer.Option("--size", help="Side in pixels, a multiple of 8; default: the model's own.", min=8),
    ] = None,
    prompt: Annotated[
        str, typer.Option("--prompt", help="With <category> in it.")
    ] = "An image of a <category>",
    safety: Annotated[
        bool,
        typer.Option(
            "--safety-checker/--no-safety-checker", help="Have every image looked at by the model's own."
        ),
    ] = True,
    attempts: Annotated[
        int, typer.Option("--attempts", help="Seeds tried for an image that is refused.", min=1)
    ] = 5,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Of a model on the hub.", show_default=False)
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    json_: JsonOption = False,
) -> None:
    """Draw a reference and two variants of each category, as a table of triplets without votes.

    Interrupted, the same command goes on. Then: lookalike study new --type 2afc --data FOLDER.
    """
    from lookalike.judgments.generate import GenerateOptions, generate_triplets, read_categories

    options = GenerateOptions(
        n=n,
        seed=seed,
        steps=steps,
        guidance=guidance,
        size=size,
        prompt=prompt,
        safety=safety,
        attempts=attempts,
        revision=revision,
        device=device,
        precision=precision,
    )
    names = read_categories(categories)
    with stage_progress() as progress:
        made = generate_triplets(names, model, folder, options, progress=progress)
    if json_:
        output.print_json(made.to_dict())
        return
    _tell(made)


def _tell(made: Generated) -> None:
    for category, number, why in made.failed[:_SHOWN]:
        output.note(f"left out {category}, triplet {number}: every attempt was {why}")
    if len(made.failed) > _SHOWN:
        output.note(f"and {len(made.failed) - _SHOWN} more were left out; --json lists them all")
    if made.refusals:
        counted = ", ".join(f"{count:,} {why}" for why, count in sorted(made.refusals.items()))
        output.note(f"drawings thrown away: {counted}")
    if not made.facts["safety_checker"]:
        output.note("no safety checker looked at these images: look at every one before you show them")
    shown = output.short_path(str(made.folder))
    before = f" ({made.kept:,} images were there before)" if made.kept else ""
    output.say(f"{made.triplets:,} triplets of {made.categories:,} categories in {shown}{before}")
    output.say(f"next: lookalike study new --type 2afc --data {shown} -o my-study")
