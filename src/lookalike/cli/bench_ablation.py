"""`lookalike bench ablation`: what an encoder leans on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lookalike.cli import output
from lookalike.cli.bench_output import check_ready
from lookalike.cli.options import (
    DeviceOption,
    JsonOption,
    PrecisionOption,
    ThreadsOption,
    WeightsOption,
    encoder_options,
)
from lookalike.cli.progress import stage_progress
from lookalike.encoders import DEFAULT_ENCODER, EncoderOptions
from lookalike.errors import ImageError, InvalidArgument, JudgmentError, LookalikeError

if TYPE_CHECKING:
    from lookalike.benchmarks.ablation import AblationResult
    from lookalike.judgments import Judgments
    from lookalike.reports import Picture

EXAMPLE_SIDE = 224


def ablation(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Pairs or triplets: a folder or CSV.", show_default=False)
    ],
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder", "-e", help=f"May be repeated, `pixels` is the baseline; default {DEFAULT_ENCODER}."
        ),
    ] = None,
    attributes: Annotated[
        str | None,
        typer.Option("--attributes", help="Names with commas; default: all (color, texture, layout, ...)."),
    ] = None,
    side: Annotated[
        Literal["one", "both", "each"],
        typer.Option("--side", help="Take it from one image, from both, or measure each of the two."),
    ] = "each",
    limit: Annotated[
        int | None, typer.Option("--limit", min=2, help="Measure on so many items drawn at random.")
    ] = None,
    images: Annotated[
        str | None, typer.Option("--images", help="Folder of the images, where DATA does not say.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of shuffles, samples and intervals.", min=0)] = 0,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write report.html, results.json and more here.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """What an encoder leans on: agreement with people and distances without colour, texture, layout, ..."""
    from lookalike.benchmarks.encoder_names import distinct_encoders

    check_ready(folder)
    wanted = _names(attributes)
    table = _table(data, images, limit, seed)
    sides: Sequence[Literal["one", "both"]] = ("one", "both") if side == "each" else (side,)
    options = encoder_options(device, precision, threads, weights)
    names, notes = distinct_encoders(encoder or [DEFAULT_ENCODER])
    results, failed = _measure(table, [str(name) for name in names], wanted, sides, seed, options)
    for text in notes:
        output.note(text)
    document = _document(table, results, failed)
    if folder is not None:
        _write(folder, data.name, table, results, failed, document, wanted, seed)
    if json_:
        output.print_json(document)
    else:
        for result in results:
            _print(result)
        if folder is not None:
            output.say(f"report: {output.short_path(str(folder / 'report.html'))}")
    for name, reason in failed.items():
        output.note(f"{name}: {reason}")
    if not results:
        raise typer.Exit(1)


def _names(attributes: str | None) -> list[str]:
    from lookalike.benchmarks.ablation_attributes import ATTRIBUTES, named

    if attributes is None:
        return list(ATTRIBUTES)
    names = [name.strip() for name in attributes.split(",") if name.strip()]
    if not names:
        raise InvalidArgument(f"--attributes is empty; choose from: {', '.join(ATTRIBUTES)}")
    return [named(name).name for name in dict.fromkeys(names)]


def _table(data: Path, images: str | None, limit: int | None, seed: int) -> Judgments:
    import numpy as np

    from lookalike.judgments import open_judgments

    table = open_judgments(data, images=images)
    if table.note:
        output.note(table.note)
    if limit is None or limit >= len(table):
        return table
    rows = np.random.default_rng(seed).choice(len(table), limit, replace=False)
    return table.select(np.sort(rows))


def _measure(
    table: Judgments,
    encoders: Sequence[str],
    attributes: Sequence[str],
    sides: Sequence[Literal["one", "both"]],
    seed: int,
    options: EncoderOptions,
) -> tuple[list[AblationResult], dict[str, str]]:
    """The results, and encoder -> why it could not be had; images that cannot be read end the run."""
    from lookalike.benchmarks.ablation import ablate
    from lookalike.benchmarks.ablation_scores import task_of
    from lookalike.benchmarks.encoder_names import bench_encoder, usual_metric

    task_of(table, "cosine", seed)  # a table that cannot be used is no encoder's fault
    results: list[AblationResult] = []
    failed: dict[str, str] = {}
    for name in encoders:
        try:
            with stage_progress() as progress:
                results.append(
                    ablate(
                        table,
                        bench_encoder(name, options),
                        metric=usual_metric(name),
                        attributes=attributes,
                        side=sides,
                        seed=seed,
                        name=name,
                        progress=progress,
                    )
                )
        except (ImageError, JudgmentError):
            raise
        except LookalikeError as error:
            failed[name] = " ".join(str(error).split())
    return results, failed


def _document(table: Judgments, results: Sequence[AblationResult], failed: dict[str, str]) -> dict[str, Any]:
    from lookalike.benchmarks.provenance import provenance

    kind = "pairs" if table.kind == "pairs" else "triplets"
    encoders: dict[str, Any] = {result.encoder: result.to_dict() for result in results}
    encoders |= {name: {"error": reason} for name, reason in failed.items()}
    return {
        kind: results[0].items if results else len(table),
        "encoders": encoders,
        "provenance": provenance(table, {result.encoder: result.fingerprint for result in results}),
    }


def _print(result: AblationResult) -> None:
    """Two tables of less than 80 columns: what it did to agreement, and how far the pairs moved."""
    from lookalike.benchmarks.ablation_attributes import ATTRIBUTES
    from lookalike.reports.bench_ablation import agreement_cells, percent, shift_cells

    names = [[ATTRIBUTES[row.attribute].title, row.side] for row in result.rows]
    output.say(f"{result.encoder}: {result.items} {result.kind}, {result.images} images")
    output.say(f"{result.measure} with nothing taken away: {percent(result.intact)} %")
    columns = ["without", "from", result.measure, "change", "95 %", "p (Holm)"]
    rows = [[*name, *agreement_cells(row)] for name, row in zip(names, result.rows, strict=True)]
    output.print_table("agreement, percent", columns, rows, right=columns[2:])
    columns = ["without", "from", "moved", "95 %", "random pairs"]
    rows = [[*name, *shift_cells(row)] for name, row in zip(names, result.rows, strict=True)]
    title = "how far the pairs move apart (+) or together (-), standard deviations"
    output.print_table(title, columns, rows, right=columns[2:])


def _write(
    folder: Path,
    data: str,
    table: Judgments,
    results: Sequence[AblationResult],
    failed: dict[str, str],
    document: dict[str, Any],
    attributes: Sequence[str],
    seed: int,
) -> None:
    """``report.html``, ``results.json``, ``ablation.csv`` and ``figures/``."""
    from lookalike.cli.bench_votes_files import csv_pieces
    from lookalike.reports.bench_ablation import ablation_page, ablation_plots, ablation_rows

    original, views = _examples(table, attributes, seed)
    marks = document["provenance"]
    note = (
        f"{len(table)} {table.kind} of {data}, seed {seed}; changes are against the images as they are. "
        f"lookalike {marks['lookalike']}, data sha256 {marks['data'][:16]}; "
        + ", ".join(f"{name} {mark[:16]}" for name, mark in marks["encoders"].items())
    )
    page = ablation_page("Attribute ablation", results, views, original=original, failed=failed, note=note)
    lines = [line for result in results for line in ablation_rows(result)]
    if lines:
        output.write_page(csv_pieces(lines), folder / "ablation.csv")
    titles = {view.name: view.title for view in views}
    for name, svg in ablation_plots(results, titles, standalone=True).items():
        output.write_page(svg, folder / "figures" / f"{name}.svg")
    output.write_page(json.dumps(document, ensure_ascii=False, indent=2) + "\n", folder / "results.json")
    output.write_page(page, folder / "report.html")


def _examples(table: Judgments, attributes: Sequence[str], seed: int) -> tuple[Picture, list[Any]]:
    """One image of the table, and the same without each attribute."""
    from lookalike.benchmarks.ablation_attributes import ATTRIBUTES, remove
    from lookalike.images import decode, resize, thumbnail
    from lookalike.reports import Picture
    from lookalike.reports.bench_ablation import AttributeView

    content = table.distinct_images()[0]
    name = table.images.name(content)
    pixels = decode(str(table.images.path(content)), min_size=(EXAMPLE_SIDE, EXAMPLE_SIDE))
    scale = min(1.0, EXAMPLE_SIDE / min(pixels.shape[:2]))
    small = resize(pixels, (round(pixels.shape[0] * scale), round(pixels.shape[1] * scale)))
    views = []
    for chosen in attributes:
        attribute = ATTRIBUTES[chosen]
        picture = Picture(name, thumbnail(remove(small, attribute, seed=seed)))
        views.append(AttributeView(attribute.name, attribute.title, attribute.how, picture))
    return Picture(name, thumbnail(small)), views
