"""`lookalike export`: a trained encoder as one ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lookalike.cli.options import JsonOption, WeightsOption
from lookalike.cli.output import human_bytes, note, print_json, say, short_path, working


def export(
    run: Annotated[str, typer.Argument(help="Folder of a finished run, or an encoder such as timm:NAME.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write: NAME.onnx.")],
    precision: Annotated[
        Literal["fp32", "fp16", "int8"],
        typer.Option("--precision", help="fp16 halves the file, int8 quarters it."),
    ] = "fp32",
    images: Annotated[
        str | None,
        typer.Option("--images", help="Folder, list or archive of images to calibrate and check on."),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", help="Table of pairs on which recall must stay within 0.5 points."),
    ] = None,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Write a trained encoder as ONNX, checked against the original: it then runs without PyTorch."""
    from lookalike.judgments import PairTable, open_judgments
    from lookalike.training.export import export_onnx
    from lookalike.training.export_images import some_images

    table = open_judgments(pairs, kind="pairs") if pairs is not None else None
    with working(f"exporting {run}"):
        report = export_onnx(
            run,
            output,
            precision=precision,
            images=None if images is None else some_images(images),
            pairs=table if isinstance(table, PairTable) else None,
            weights=weights,
        )
    if json:
        print_json(report.to_dict())
        return
    parity = report.parity
    say(f"{short_path(str(report.file))}: {report.method}, {human_bytes(report.bytes)}, opset {report.opset}")
    say(
        f"agreement on {parity.images} images: cosine {parity.cosine:.5f} (least {parity.least_cosine:.5f}), "
        f"same nearest neighbour {100 * parity.neighbours:.1f} %"
    )
    for rank, (before, after) in parity.recall.items():
        say(f"recall@{rank} on {parity.pairs} pairs: {before:.1f} % before, {after:.1f} % after")
    note(f"use it as onnx:{short_path(str(report.file))}")
