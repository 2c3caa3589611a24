"""Options of the benchmarks of votes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lookalike.cli.bench_output import StrictOption
from lookalike.cli.data_bad import SkipBadOption
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

EncodersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--encoder",
        "-e",
        help=f"May be repeated; default {DEFAULT_ENCODER}. `pixels` is the baseline: L2 of 32 x 32 thumbnails.",
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Write report.html, results.json, CSVs and figures."),
]
MetricOption = Annotated[
    Metric | None,
    typer.Option("--metric", help="Of the distances; default cosine, and euclidean for pixels."),
]
TransformOption = Annotated[
    Literal["whiten"] | None,
    typer.Option("--transform", help="Add a row `NAME | whiten` for each encoder, fitted on these images."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of the bootstrap.", min=0)]


@dataclass(frozen=True)
class VoteOptions:
    """What `bench triplets`, `nights`, `bapps` and `things` all take, after what is their own."""

    transform: TransformOption = None
    metric: MetricOption = None
    skip_bad: SkipBadOption = False
    strict: StrictOption = False
    seed: SeedOption = 0
    folder: FolderOption = None
    device: DeviceOption = "auto"
    precision: PrecisionOption = "fp32"
    threads: ThreadsOption = None
    weights: WeightsOption = None
    json_: JsonOption = False

    def settings(self) -> dict[str, Any]:
        """Those that the library takes, by its names."""
        return {
            "transform": self.transform,
            "metric": self.metric,
            "skip_bad": self.skip_bad,
            "seed": self.seed,
            "options": encoder_options(self.device, self.precision, self.threads, self.weights),
        }
