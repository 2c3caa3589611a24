"""`lookalike compare`: how far apart two images are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
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
    comparator: Annotated[
        list[Path] | None,
        typer.Option(
            "--comparator", "-c", help="Folder of a comparator; may be repeated.", show_default=False
        ),
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
    compared = {str(folder): _by_comparator(folder, a, b) for folder in comparator or ()}
    if json_:
        document = result.to_dict()
        document["distances"] |= {name: found["distance"] for name, found in compared.items()}
        output.print_json({**document, **({"comparators": compared} if compared else {})})
        return
    rows = []
    for name, distance in result.distances.items():
        rows.append([name, f"{distance:.4f}"])
        rows.extend([f"  {part}", f"{d:.4f}"] for part, d in result.parts.get(name, {}).items())
    output.print_table("", ["encoder", f"{metric} distance"], rows, right=[f"{metric} distance"])
    for name, found in compared.items():
        parts = sorted(found["contributions"].items(), key=lambda part: -part[1])
        lines = [[cue, f"{added:+.2f}"] for cue, added in parts] + [["start", f"{found['intercept']:+.2f}"]]
        output.print_table(
            f"{name}: a person would pair them with probability {found['probability']:.2f} (even odds)",
            ["cue", "log odds"], lines, right=["log odds"],
        )  # fmt: skip


def _by_comparator(folder: Path, a: Path, b: Path) -> dict[str, Any]:
    """Score, probability at even odds, 1 - probability as a distance, and what each cue added."""
    from lookalike.similarity.comparator import Comparator
    from lookalike.similarity.comparator_model import to_probability

    loaded = Comparator.load(folder)
    ready = loaded.prepare([str(a), str(b)])
    first, second = ready.take(slice(0, 1)), ready.take(slice(1, 2))
    score = float(loaded.matrix(first, second)[0, 0])
    probability = float(to_probability(np.array(score)))
    return {
        "score": score,
        "probability": probability,
        "distance": 1.0 - probability,
        "intercept": loaded.intercept,
        "contributions": loaded.contributions_of(first, second),
    }
