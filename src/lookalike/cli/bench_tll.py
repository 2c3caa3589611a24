"""`lookalike bench tll` and `lookalike bench pairs`: does the machine find the image that a person paired?"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lookalike.cli import output
from lookalike.cli.bench_output import StrictOption, check_ready, end_strictly
from lookalike.cli.data_bad import note_repeats
from lookalike.cli.option_groups import grouped
from lookalike.cli.options import (
    DeviceOption,
    JsonOption,
    PrecisionOption,
    ThreadsOption,
    encoder_options,
)
from lookalike.cli.progress import stage_progress
from lookalike.encoders import DEFAULT_ENCODER
from lookalike.errors import printable

if TYPE_CHECKING:
    from lookalike.benchmarks.tll_result import PairsResult

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


@dataclass(frozen=True)
class Measured:
    """What is measured."""

    encoder: Encoders = None
    faces: Faces = False
    generic_faces: GenericFaces = False
    transform: Transform = None
    comparator: Comparators = None


@dataclass(frozen=True)
class Running:
    """On which pairs, how, and where the results go."""

    images: Images = None
    seed: Seed = 0
    limit: Limit = None
    skip_bad: SkipBad = False
    strict: StrictOption = False
    cache: Cache = True
    device: DeviceOption = "auto"
    precision: PrecisionOption = "fp32"
    threads: ThreadsOption = None
    output_folder: Output = None
    json_: JsonOption = False


@grouped
def tll(
    data: Data,
    *,
    what: Measured,
    generic_threshold: Annotated[
        float,
        typer.Option("--generic-threshold", help="Cosine distance of near-duplicates.", min=0.0, max=2.0),
    ] = 0.15,
    face_threshold: Annotated[
        float, typer.Option("--face-threshold", help="L2 distance of faces of near-duplicates.", min=0.0)
    ] = 0.5,
    how: Running,
) -> None:
    """The whole Totally-Looks-Like paper on any table of pairs: recall, near-duplicates, faces, errors."""
    thresholds = {"generic_threshold": generic_threshold, "face_threshold": face_threshold}
    _run(data, what, how, paper=True, **thresholds)


@grouped
def pairs(data: Data, *, what: Measured, how: Running) -> None:
    """Recall on your own pairs: each left image looks for its right one among all right images."""
    _run(data, what, how, paper=False)


def _run(data: Path, what: Measured, how: Running, **options: Any) -> None:
    from lookalike.benchmarks.tll import bench_pairs
    from lookalike.reports.bench_files import write_report

    folder = how.output_folder
    check_ready(folder)
    with stage_progress() as progress:
        result = bench_pairs(
            data, what.encoder or [DEFAULT_ENCODER], images=how.images, limit=how.limit, progress=progress,
            faces=what.faces, generic_faces=what.generic_faces, transform=what.transform,
            comparators=what.comparator or (), seed=how.seed, skip_bad=how.skip_bad, cache=how.cache,
            encoder_options=encoder_options(how.device, how.precision, how.threads), **options,
        )  # fmt: skip
        if folder is not None:
            if progress is not None:
                progress("writing the report", 0, 0)
            write_report(result, folder, command=shlex.join(["lookalike", *sys.argv[1:]]))
    if how.json_:
        output.print_json(result.to_dict())
    else:
        _print(result)
        note_repeats(result.table)
        if folder is not None:
            output.say(f"report: {folder / 'report.html'}")
    end_strictly(how.strict, [lost.name for lost in result.unavailable])


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
