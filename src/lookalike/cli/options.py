"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lookalike.encoders import EncoderOptions

GalleryOption = Annotated[
    str,
    typer.Option("--gallery", "-g", help="Folder (or s3://... address) of the gallery.", show_default=False),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; progress goes to stderr.")
]
WhereOption = Annotated[
    str | None,
    typer.Option("--where", help="SQL over the metadata, such as \"label = 'cup' AND width > 500\"."),
]
PageOption = Annotated[Path | None, typer.Option("--output", "-o", help="Write a self-contained HTML page.")]
DeviceOption = Annotated[
    Literal["auto", "cpu", "cuda", "mps"], typer.Option("--device", help="Where the network runs.")
]
PrecisionOption = Annotated[
    Literal["fp32", "bf16"], typer.Option("--precision", help="Numbers the network computes with.")
]
ThreadsOption = Annotated[int | None, typer.Option("--threads", help="Threads of one network call.", min=1)]
WeightsOption = Annotated[
    Path | None, typer.Option("--weights", help="Local weights (.safetensors or .pth) instead of a download.")
]
WaitOption = Annotated[
    float, typer.Option("--wait", help="Seconds to wait while another process writes to the gallery.", min=0)
]


def encoder_options(
    device: str = "auto", precision: str = "fp32", threads: int | None = None, weights: Path | None = None
) -> EncoderOptions:
    """The options of the command line as the library takes them."""
    return EncoderOptions(weights=weights, device=device, precision=precision, threads=threads)
