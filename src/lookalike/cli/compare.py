"""`lookalike compare`: how far apart two images are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import output
from lookalike.cli.options import (
    DeviceOption,
    JsonOption,
    PrecisionOption,
    ThreadsOption,
    WeightsOption,
    encoder_options,
)
from lookalike.encoders import DEFAULT_ENCODER
from lookalike.similarity.vectors import Metric


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="One image.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other.", show_default=False)],
    encoder: Annotated[
        list[str] | None, typer.Option("--encoder", "-e", help=f"May be repeated; default {DEFAULT_ENCODER}.")
    ] = None,
    metric: Annotated[Metric, typer.Option("--metric", help="Of the distance.")] = "cosine",
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """One distance for every encoder: 0 is the same, 1 is unrelated (cosine)."""
    from lookalike.similarity import compare as compare_images

    result = compare_images(
        str(a),
        str(b),
        encoder or [DEFAULT_ENCODER],
        metric=metric,
        options=encoder_options(device, precision, threads, weights),
    )
    if json_:
        output.print_json(result.to_dict())
        return
    rows = []
    for name, distance in result.distances.items():
        rows.append([name, f"{distance:.4f}"])
        rows.extend([f"  {part}", f"{d:.4f}"] for part, d in result.parts.get(name, {}).items())
    output.print_table("", ["encoder", f"{metric} distance"], rows, right=[f"{metric} distance"])
