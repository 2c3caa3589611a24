"""`lookalike bench tll` and `lookalike bench pairs`: does the machine find the image that a person paired?"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lookalike.cli import output
from lookalike.cli.bench_output import check_ready
from lookalike.cli.data_bad import note_repeats
from lookalike.cli.options import (
    DeviceOption,
    JsonOption,
    PrecisionOption,
    ThreadsOption,
    encoder_options,
)
from lookalike.cli.progress import finite, stage_progress
from lookalike.encoders import DEFAULT_ENCODER
from lookalike.errors import printable

if TYPE_CHECKING:
    from lookalike.benchmarks.tll_result import PairsResult

THUMBNAIL_SIDE = 170
BAD_SHOWN = 10

Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Folder or CSV of pairs (left,right[,up_votes,down_votes]), or a saved table.",
        show_default=False,
    ),
]
Encoders = Annotated[
    list[str] | None,
    typer.Option(
        "--encoder", "-e",
        help=f"May be repeated; paper: the paper's eight networks, pixels: 32 x 32 thumbnails; default {DEFAULT_ENCODER}.",
        show_default=False,
    ),
]  # fmt: skip
Faces = Annotated[
    bool, typer.Option("--faces", help="Also compare faces, and each encoder together with faces.")
]
GenericFaces = Annotated[
    bool, typer.Option("--generic-faces", help="Also each encoder on face crops; needs --faces.")
]
Transform = Annotated[
    Literal["whiten"] | None,
    typer.Option("--transform", help="Each encoder once more, whitened on these images.", show_default=False),
]
Comparators = Annotated[
    list[Path] | None,
    typer.Option("--comparator", help="Folder of a comparator to score too; may be repeated.", show_default=False),
]  # fmt: skip
Images = Annotated[
    Path | None,
    typer.Option("--images", help="Folder of the images, when DATA does not hold them.", show_default=False),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder for report.html, results.json, CSV tables and figures.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random.", min=0)]
Limit = Annotated[
    int | None, typer.Option("--limit", help="Only the first so many pairs.", min=2, show_default=False)
]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad", help="Leave out pairs with a missing, empty or unreadable image, and list them."
    ),
]
Cache = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Keep embeddings and faces for the next run.")
]


def tll(
    data: Data,
    encoder: Encoders = None,
    faces: Faces = False,
    generic_faces: GenericFaces = False,
    transform: Transform = None,
    comparator: Comparators = None,
    generic_threshold: Annotated[
        float,
        typer.Option("--generic-threshold", help="Cosine distance of near-duplicates.", min=0.0, max=2.0),
    ] = 0.15,
    face_threshold: Annotated[
        float, typer.Option("--face-threshold", help="L2 distance of faces of near-duplicates.", min=0.0)
    ] = 0.5,
    images: Images = None,
    seed: Seed = 0,
    limit: Limit = None,
    skip_bad: SkipBad = False,
    cache: Cache = True,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    output_folder: Output = None,
    json_: JsonOption = False,
) -> None:
    """The whole Totally-Looks-Like paper on any table of pairs: recall, near-duplicates, faces, errors."""
    _run(
        data, encoder, output_folder, json_, paper=True, images=images, limit=limit, faces=faces,
        generic_faces=generic_faces, transform=transform, comparators=comparator or (), seed=seed,
        generic_threshold=generic_threshold, face_threshold=face_threshold, skip_bad=skip_bad, cache=cache,
        encoder_options=encoder_options(device, precision, threads),
    )  # fmt: skip


def pairs(
    data: Data,
    encoder: Encoders = None,
    faces: Faces = False,
    generic_faces: GenericFaces = False,
    transform: Transform = None,
    comparator: Comparators = None,
    images: Images = None,
    seed: Seed = 0,
    limit: Limit = None,
    skip_bad: SkipBad = False,
    cache: Cache = True,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    output_folder: Output = None,
    json_: JsonOption = False,
) -> None:
    """Recall on your own pairs: each left image looks for its right one among all right images."""
    _run(
        data, encoder, output_folder, json_, paper=False, images=images, limit=limit, faces=faces,
        generic_faces=generic_faces, transform=transform, comparators=comparator or (), seed=seed,
        skip_bad=skip_bad, cache=cache, encoder_options=encoder_options(device, precision, threads),
    )  # fmt: skip


def _run(data: Path, encoder: Sequence[str] | None, folder: Path | None, json_: bool, **options: Any) -> None:
    from lookalike.benchmarks.tll import bench_pairs

    check_ready(folder)
    with stage_progress() as progress:
        result = bench_pairs(data, encoder or [DEFAULT_ENCODER], progress=progress, **options)
        if folder is not None:
            if progress is not None:
                progress("writing the report", 0, 0)
            write_report(result, folder)
    if json_:
        output.print_json(result.to_dict())
        return
    _print(result)
    note_repeats(result.table)
    if folder is not None:
        output.say(f"report: {folder / 'report.html'}")


def write_report(result: PairsResult, folder: Path) -> None:
    """``report.html``, ``results.json``, the CSV tables and ``figures/*.svg`` below ``folder``.

    Raises:
        LookalikeError: something cannot be written there.
    """
    from lookalike.reports.bench_figures import figures
    from lookalike.reports.bench_tll import pictures_wanted, tll_page

    result.write_tables(folder / "tables")
    for name, svg in figures(result, standalone=True).items():
        output.write_page(svg, folder / "figures" / f"{name}.svg")
    document = json.dumps(finite(result.to_dict()), ensure_ascii=False, indent=2, default=str)
    output.write_page(document + "\n", folder / "results.json")
    thumbnails = {content: _thumbnail(result, content) for content in pictures_wanted(result)}
    command = shlex.join(["lookalike", *sys.argv[1:]])
    output.write_page(tll_page(result, thumbnails, command=command), folder / "report.html")


def _thumbnail(result: PairsResult, content: str) -> bytes:
    from lookalike.images import decode, thumbnail

    pixels = decode(str(result.table.images.path(content)), min_size=(THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return thumbnail(pixels, THUMBNAIL_SIDE)


def _print(result: PairsResult) -> None:
    from lookalike.benchmarks.published import RANKS
    from lookalike.reports.bench_figures import short_names

    names = short_names(result.names)
    columns = ["encoder", "distance", *(f"R@{k}" for k in RANKS)]
    rows = [
        [
            names[one.name] + (" (FITTED ON THESE PAIRS)" if one.fitted_pairs else ""),
            one.distance,
            *(f"{100 * one.recall.at[k].value:.1f}" for k in RANKS),
        ]
        for one in result.measured
    ]
    guessed = (f"{100 * min(k / len(result.gallery), 1):.1f}" for k in RANKS)
    rows.append(["(chance)", "", *guessed])
    output.print_table(f"Recall in percent, {len(result.table):,} pairs", columns, rows, right=columns[2:])
    for lost in result.unavailable:
        output.note(f"not measured: {lost.name}: {lost.error}")
    if result.near is not None:
        objects = f", TLL_obj {result.subset_size('TLL_obj'):,} pairs" if result.near.faces else ""
        output.say(f"without near-duplicates: TLL_d {result.subset_size('TLL_d'):,} pairs{objects}")
    if result.skipped_pairs:
        output.say(f"left out: {result.skipped_pairs:,} pairs with {len(result.skipped):,} unreadable images")
        for bad in list(result.skipped.values())[:BAD_SHOWN]:
            output.note(f"{printable(bad.name)}: {bad.reason}")
        if len(result.skipped) > BAD_SHOWN:
            output.note(f"and {len(result.skipped) - BAD_SHOWN:,} more; --json lists them all")
    for text in result.warnings:
        output.note(text)
    for text in result.notes:
        if text not in result.warnings:
            output.say(text)
    output.say(f"{result.seconds['total']:.1f} s")
