"""`lookalike bench nights`, `bapps` and `things`: published sets of people's judgments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.bench_output import check_ready
from lookalike.cli.bench_triplets import (
    EncodersOption,
    FolderOption,
    MetricOption,
    SeedOption,
    TransformOption,
    comparison_rows,
    note_failures,
)
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

Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder of the data set.", show_default=False)]


def nights(
    data: Data,
    encoder: EncodersOption = None,
    split: Annotated[
        str, typer.Option("--split", help="test, test_imagenet, test_no_imagenet, val or train.")
    ] = "test",
    min_votes: Annotated[int, typer.Option("--min-votes", help="As published: 6.", min=1)] = 6,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out triplets whose images are not here.")
    ] = False,
    transform: TransformOption = None,
    metric: MetricOption = None,
    skip_bad: SkipBadOption = False,
    seed: SeedOption = 0,
    folder: FolderOption = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """NIGHTS (DreamSim): which of two variants is more like the reference, and which pairs look the same."""
    from lookalike.benchmarks.nights import bench_nights
    from lookalike.cli.progress import stage_progress

    check_ready(folder)
    with stage_progress() as progress:
        result = bench_nights(
            data, encoder or [DEFAULT_ENCODER], split=split, min_votes=min_votes, skip_missing=skip_missing,
            metric=metric, transform=transform, skip_bad=skip_bad, options=encoder_options(device, precision, threads, weights),
            seed=seed, progress=progress,
        )  # fmt: skip

    def render(note: str) -> tuple[str, str]:
        from lookalike.cli.bench_votes_files import pictures_of
        from lookalike.reports.bench_votes import nights_page, nights_plot

        page = nights_page(result, pictures_of(result.table.images), note=note)
        return page, nights_plot(result, standalone=True)

    _finish(result.to_dict(), data, folder, json_, "score", render, result.comparisons)


def bapps(
    data: Data,
    encoder: EncodersOption = None,
    subset: Annotated[
        str | None, typer.Option("--subset", help="Only this one, such as cnn.", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option("--split", help="val or train.")] = "val",
    transform: TransformOption = None,
    metric: MetricOption = None,
    skip_bad: SkipBadOption = False,
    seed: SeedOption = 0,
    folder: FolderOption = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """BAPPS (LPIPS): which of two distortions is more like the original patch, by subset and pooled; JND."""
    from lookalike.benchmarks.bapps import bench_bapps
    from lookalike.cli.progress import stage_progress

    check_ready(folder)
    with stage_progress() as progress:
        result = bench_bapps(
            data, encoder or [DEFAULT_ENCODER], subset=subset, split=split, metric=metric, transform=transform,
            skip_bad=skip_bad, options=encoder_options(device, precision, threads, weights), seed=seed, progress=progress,
        )  # fmt: skip

    def render(note: str) -> tuple[str, str]:
        from lookalike.cli.bench_votes_files import pictures_of
        from lookalike.reports.bench_votes import bapps_page, bapps_plot

        page = bapps_page(result, pictures_of(result.table.images), note=note)
        return page, bapps_plot(result, standalone=True)

    _finish(result.to_dict(), data, folder, json_, "score", render, result.comparisons)


def things(
    data: Data,
    encoder: EncodersOption = None,
    images: Annotated[
        Path | None, typer.Option("--images", help="Folder of the images.", show_default=False)
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="val (default), train, test1 ...", show_default=False)
    ] = None,
    transform: TransformOption = None,
    metric: MetricOption = None,
    skip_bad: SkipBadOption = False,
    seed: SeedOption = 0,
    folder: FolderOption = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """THINGS, or any odd-one-out answers: of three images, does the encoder name the odd one that people name?"""
    from lookalike.benchmarks.things import bench_things
    from lookalike.cli.progress import stage_progress

    check_ready(folder)
    with stage_progress() as progress:
        result = bench_things(
            data, encoder or [DEFAULT_ENCODER], images=images, split=split, metric=metric, transform=transform,
            skip_bad=skip_bad, options=encoder_options(device, precision, threads, weights), seed=seed, progress=progress,
        )  # fmt: skip

    def render(note: str) -> tuple[str, str]:
        from lookalike.reports.bench_votes import things_page, things_plot

        return things_page(result, note=note), things_plot(result, standalone=True)

    _finish(result.to_dict(), data, folder, json_, "accuracy", render, result.comparisons)


def _finish(
    found: dict[str, Any],
    data: Path,
    folder: Path | None,
    json_: bool,
    figure: str,
    render: Callable[[str], tuple[str, str]],
    comparisons: list[Any],
) -> None:
    """Write the folder, then print: one document, or a table with ``figure`` of each encoder."""
    document = {**found, "data": data.name}
    if folder is not None:
        from lookalike.cli.bench_votes_files import write_folder

        page, plot = render(data.name)
        tables = {"encoders": _rows(found["encoders"]), "comparisons": comparison_rows(comparisons)}
        write_folder(folder, page=page, document=document, tables=tables, figures={"scores": plot})
    if json_:
        output.print_json(document)
        return
    encoders: Mapping[str, Mapping[str, Any]] = found["encoders"]
    rows = []
    for name, one in encoders.items():
        if "error" not in one:
            low, high = one["interval"]
            rows.append([name, f"{one[figure]:.3f}", f"{low:.3f} to {high:.3f}"])
    rows.sort(key=lambda row: row[1], reverse=True)
    output.print_table("", ["encoder", figure, "95 %"], rows, right=[figure, "95 %"])
    note_failures({name: one["error"] for name, one in encoders.items() if "error" in one})
    for text in found["notes"]:
        output.note(text)
    if folder is not None:
        output.say(f"report: {output.short_path(str(folder / 'report.html'))}")


def _rows(encoders: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """One row for each encoder, part and figure that has an interval."""
    for name, one in encoders.items():
        if "error" not in one:
            for part, figures in _parts(one, ""):
                value = figures.get("score", figures.get("accuracy"))
                low, high = figures["interval"]
                yield {"encoder": name, "figure": part or "all", "value": value, "low": low, "high": high}


def _parts(figures: Mapping[str, Any], name: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if "interval" in figures:
        yield name, figures
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from _parts(value, f"{name} {key}".strip())
