"""`lookalike bench nights`, `bapps` and `things`: published sets of people's judgments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.bench_options import EncodersOption, VoteOptions
from lookalike.cli.bench_output import check_ready, end_strictly
from lookalike.cli.bench_triplets import comparison_rows, note_failures
from lookalike.cli.option_groups import grouped
from lookalike.encoders import DEFAULT_ENCODER

if TYPE_CHECKING:
    from lookalike.benchmarks.bapps import BappsResult
    from lookalike.benchmarks.nights import NightsResult
    from lookalike.benchmarks.things import ThingsResult

Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder of the data set.", show_default=False)]


@grouped
def nights(
    data: Data,
    *,
    encoder: EncodersOption = None,
    split: Annotated[
        str, typer.Option("--split", help="test, test_imagenet, test_no_imagenet, val or train.")
    ] = "test",
    min_votes: Annotated[int, typer.Option("--min-votes", help="As published: 6.", min=1)] = 6,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out triplets whose images are not here.")
    ] = False,
    how: VoteOptions,
) -> None:
    """NIGHTS (DreamSim): which of two variants is more like the reference, and which pairs look the same."""
    from lookalike.benchmarks.nights import bench_nights
    from lookalike.cli.progress import stage_progress

    check_ready(how.folder)
    with stage_progress() as progress:
        result = bench_nights(
            data, encoder or [DEFAULT_ENCODER], split=split, min_votes=min_votes, skip_missing=skip_missing,
            progress=progress, **how.settings(),
        )  # fmt: skip
    _finish(result, data, how, "score")


@grouped
def bapps(
    data: Data,
    *,
    encoder: EncodersOption = None,
    subset: Annotated[
        str | None, typer.Option("--subset", help="Only this one, such as cnn.", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option("--split", help="val or train.")] = "val",
    how: VoteOptions,
) -> None:
    """BAPPS (LPIPS): which of two distortions is more like the original patch, by subset and pooled; JND."""
    from lookalike.benchmarks.bapps import bench_bapps
    from lookalike.cli.progress import stage_progress

    check_ready(how.folder)
    with stage_progress() as progress:
        result = bench_bapps(
            data, encoder or [DEFAULT_ENCODER], subset=subset, split=split, progress=progress, **how.settings()
        )  # fmt: skip
    _finish(result, data, how, "score")


@grouped
def things(
    data: Data,
    *,
    encoder: EncodersOption = None,
    images: Annotated[
        Path | None, typer.Option("--images", help="Folder of the images.", show_default=False)
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="val (default), train, test1 ...", show_default=False)
    ] = None,
    how: VoteOptions,
) -> None:
    """THINGS, or any odd-one-out answers: of three images, does the encoder name the odd one that people name?"""
    from lookalike.benchmarks.things import bench_things
    from lookalike.cli.progress import stage_progress

    check_ready(how.folder)
    with stage_progress() as progress:
        result = bench_things(
            data, encoder or [DEFAULT_ENCODER], images=images, split=split, progress=progress, **how.settings()
        )  # fmt: skip
    _finish(result, data, how, "accuracy")


def _finish(
    result: NightsResult | BappsResult | ThingsResult, data: Path, how: VoteOptions, figure: str
) -> None:
    """Write the folder, then print: one document, or a table with ``figure`` of each encoder."""
    found = result.to_dict()
    document = {**found, "data": data.name}
    folder = how.folder
    if folder is not None:
        from lookalike.cli.bench_votes_files import write_folder

        page, plot = _drawn(result, data.name)
        tables = {"encoders": _rows(found["encoders"]), "comparisons": comparison_rows(result.comparisons)}
        write_folder(folder, page=page, document=document, tables=tables, figures={"scores": plot})
    encoders: Mapping[str, Mapping[str, Any]] = found["encoders"]
    failed = {name: one["error"] for name, one in encoders.items() if "error" in one}
    if how.json_:
        output.print_json(document)
        end_strictly(how.strict, failed)
        return
    rows = []
    for name, one in encoders.items():
        if "error" not in one:
            low, high = one["interval"]
            rows.append([name, f"{one[figure]:.3f}", f"{low:.3f} to {high:.3f}"])
    rows.sort(key=lambda row: row[1], reverse=True)
    output.print_table("", ["encoder", figure, "95 %"], rows, right=[figure, "95 %"])
    note_failures(failed)
    for text in found["notes"]:
        output.note(text)
    if folder is not None:
        output.say(f"report: {output.short_path(str(folder / 'report.html'))}")
    end_strictly(how.strict, failed)


def _drawn(result: NightsResult | BappsResult | ThingsResult, note: str) -> tuple[str, str]:
    """The page of a result and its plot."""
    from lookalike.benchmarks.bapps import BappsResult
    from lookalike.benchmarks.nights import NightsResult
    from lookalike.cli.bench_votes_files import pictures_of
    from lookalike.reports import bench_votes as reports

    if isinstance(result, NightsResult):
        page = reports.nights_page(result, pictures_of(result.table.images), note=note)
        return page, reports.nights_plot(result, standalone=True)
    if isinstance(result, BappsResult):
        page = reports.bapps_page(result, pictures_of(result.table.images), note=note)
        return page, reports.bapps_plot(result, standalone=True)
    return reports.things_page(result, note=note), reports.things_plot(result, standalone=True)


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
