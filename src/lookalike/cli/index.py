"""`lookalike index`: add or refresh images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lookalike.cli import output
from lookalike.cli.options import (
    DeviceOption,
    GalleryOption,
    JsonOption,
    PrecisionOption,
    ThreadsOption,
    WaitOption,
    WeightsOption,
    encoder_options,
)
from lookalike.encoders import DEFAULT_ENCODER, EncoderOptions
from lookalike.errors import GalleryExists, GalleryLocked, GalleryNotFound, InvalidArgument

if TYPE_CHECKING:
    from lookalike.gallery import Gallery, IndexReport


def index(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders, list files, CSV/Parquet tables, tar archives, globs or images.", show_default=False
        ),
    ] = None,
    gallery: GalleryOption = ...,  # type: ignore[assignment]
    encoder: Annotated[
        str | None, typer.Option("--encoder", "-e", help=f"For a new gallery; default {DEFAULT_ENCODER}.")
    ] = None,
    storage: Annotated[
        Literal["float32", "float16", "int8", "binary"] | None,
        typer.Option(
            "--storage", help="How a new gallery keeps vectors; default float32.", show_default=False
        ),
    ] = None,
    transform: Annotated[
        Literal["whiten"] | None,
        typer.Option(
            "--transform",
            help="For a new gallery: transform the encoder's vectors as its first images suggest.",
            show_default=False,
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option("--glob", help="Only files whose path in the folder fits, such as '**/*.jpg'."),
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive/--flat", help="Also look into sub-folders.")] = True,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Also files and folders whose name begins with a dot.")
    ] = False,
    follow_symlinks: Annotated[
        bool, typer.Option("--follow-symlinks", help="Also go into folders behind links.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove rows whose file is gone instead of marking them.")
    ] = False,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every file, even where size and times say it is unchanged.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Use the cache of embeddings that all galleries share.")
    ] = True,
    build_index: Annotated[
        bool | None,
        typer.Option(
            "--build-index/--no-build-index",
            help="Index for approximate search; default: when the gallery is large.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Threads that read and decode; default one more than cores.", min=1),
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    wait: WaitOption = 0.0,
    json_: JsonOption = False,
) -> None:
    """Add images to a gallery, or bring it up to date: what has not changed is not computed again."""
    from lookalike.images import open_source

    if not sources and not build_index:
        raise typer.BadParameter(
            "name at least one folder, list, table, archive or image", param_hint="SOURCE"
        )
    opened = [
        open_source(
            source, pattern=pattern, recursive=recursive, hidden=hidden, follow_symlinks=follow_symlinks
        )
        for source in sources or []
    ]
    options = encoder_options(device, precision, threads, weights)
    place = _open_or_create(gallery, encoder, storage, transform, options, may_create=bool(opened))
    from lookalike.gallery import IndexOptions

    if opened and place.awaits_transform:
        with output.working("fitting the transform"):
            place.fit_transform(opened, cache=cache, wait=wait, workers=workers)
    reports = []
    for source in opened:
        total = source.count() if sys.stderr.isatty() else None
        with output.index_progress(total) as progress:
            chosen = IndexOptions(workers=workers, rehash=rehash, prune=prune, progress=progress)
            try:
                reports.append(place.index(source, cache=cache, wait=wait, options=chosen))
            except KeyboardInterrupt:
                place.refresh()
                output.note(f"stopped: {len(place)} images are in the gallery; run the same command to go on")
                raise typer.Exit(130) from None
    report = _sum(reports)
    stamp = None
    if build_index or (build_index is None and place.wants_index):
        with output.working("building the index for approximate search"):
            stamp = place.build_index(anew=bool(build_index), wait=wait)
    if json_:
        output.print_json({**report, "gallery": place.location, "images": len(place), "index": stamp})
        return
    _print(report, place, stamp)


def _open_or_create(
    location: str,
    encoder: str | None,
    storage: str | None,
    transform: str | None,
    options: EncoderOptions,
    *,
    may_create: bool,
) -> Gallery:
    from lookalike.gallery import Gallery

    try:
        gallery = Gallery.open(location, encoder=encoder, options=options)
    except GalleryNotFound:
        if not may_create:
            raise
        return _create(location, encoder or DEFAULT_ENCODER, storage or "float32", transform, options)
    if storage is not None and storage != gallery.settings.storage:
        raise InvalidArgument(
            f"gallery {location} keeps {gallery.settings.storage}; the storage is fixed for a gallery's life: "
            "leave --storage out, or index into a new gallery"
        )
    if transform is not None and transform != gallery.settings.transform.get("name"):
        raise InvalidArgument(
            f"gallery {location} was made without the transform {transform}, and its vectors cannot be changed: "
            "leave --transform out, or index into a new gallery"
        )
    return gallery


def _create(
    location: str, encoder: str, storage: str, transform: str | None, options: EncoderOptions
) -> Gallery:
    from lookalike.gallery import Gallery

    try:
        return Gallery.create(location, encoder, storage=storage, transform=transform, options=options)
    except (GalleryExists, GalleryLocked):
        if (Path(location) / "gallery.json").exists():  # another process was quicker
            return _open_or_create(location, encoder, storage, transform, options, may_create=False)
        raise


def _sum(reports: list[IndexReport]) -> dict[str, Any]:
    """The reports of several sources as one document."""
    total: dict[str, Any] = {
        "indexed": 0, "cached": 0, "unchanged": 0, "moved": 0, "missing": 0, "pruned": 0, "problems": 0, "seconds": 0.0,
        "images_per_second": 0.0, "problem_list": [],
    }  # fmt: skip
    for report in reports:
        for key, value in report.to_dict().items():
            total[key] = total[key] + value
    total["seconds"] = round(total["seconds"], 3)
    total["images_per_second"] = round(total["indexed"] / max(total["seconds"], 1e-9), 1)
    return total


def _print(report: dict[str, Any], gallery: Gallery, stamp: dict[str, Any] | None) -> None:
    more = "".join(f", {report[key]} {text}" for key, text in _MORE.items() if report[key])
    cached = f", {report['cached']} from the cache" if report["cached"] else ""
    speed = f" ({report['images_per_second']:.0f} images/s{cached})" if report["indexed"] else ""
    bad = f"{report['problems']} problem" + ("" if report["problems"] == 1 else "s")
    output.say(
        f"{report['indexed']} indexed, {report['unchanged']} unchanged{more}, {bad} "
        f"in {report['seconds']:.1f} s{speed}"
    )
    output.say(
        f"gallery {output.short_path(gallery.location)}: {len(gallery)} images, encoder {gallery.settings.encoder}"
        + "".join(f", transform {name}" for name in [gallery.settings.transform.get("name")] if name)
    )
    if stamp and stamp["engine"] == "faiss":
        output.say(
            f"index: {stamp['rows']} vectors in {stamp['lists']} lists, recall@10 {stamp['recall']:.3f} on sampled rows"
        )
    if not (report["indexed"] or report["unchanged"] or report["moved"] or report["problems"]):
        output.say("no images were found there")
    if report["problem_list"]:
        rows = [[output.short_path(p["path"]), p["kind"], p["reason"]] for p in report["problem_list"]]
        left = report["problems"] - len(rows)
        output.print_table(
            "Problems" + (f" (the first {len(rows)} of {left + len(rows)})" if left > 0 else ""),
            ["file", "kind", "reason"],
            rows,
        )


_MORE = {"moved": "moved", "missing": "newly missing", "pruned": "removed"}
