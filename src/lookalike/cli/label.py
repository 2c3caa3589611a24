"""`lookalike label`: recognise images by their neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli import output
from lookalike.cli.options import GalleryOption, JsonOption, WhereOption
from lookalike.errors import InvalidArgument


def label(
    queries: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[QUERY...]",
            help="Images, or folders of images, to recognise; none: the gallery's own without a label.",
            show_default=False,
        ),
    ] = None,
    gallery: GalleryOption = ...,  # type: ignore[assignment]
    column: Annotated[str, typer.Option("--column", help="Metadata column with the known labels.")] = "label",
    k: Annotated[int, typer.Option("-k", help="How many neighbours vote.", min=1)] = 5,
    unknown: Annotated[
        float | None,
        typer.Option(
            "--unknown",
            help="Confidence below which an image is unknown; default: from the gallery.",
            min=0,
            max=1,
        ),
    ] = None,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Measure on the gallery itself, leaving each image out.")
    ] = False,
    where: WhereOption = None,
    json_: JsonOption = False,
) -> None:
    """Name images by a distance-weighted vote of their nearest labelled neighbours."""
    from lookalike.gallery import Gallery

    opened = Gallery.open(gallery)
    if evaluate:
        with output.working("recognising every image by the others"):
            result = opened.evaluate_labels(column=column, k=k, unknown=unknown, where=where)
        if json_:
            output.print_json(result.to_dict())
            return
        output.say(
            f"leave one out, {result.images} images, {result.classes} labels, {k} neighbours: accuracy {result.accuracy:.1%}, "
            f"mean over labels {result.class_mean:.1%}, GAP {result.gap:.3f}"
        )
        output.say(
            f"{result.reason}; {result.answered:.1%} answered, {result.accuracy_answered:.1%} of them right"
        )
        return
    from lookalike.gallery.label import label_images

    with output.working("recognising"):
        wanted = _images(queries) if queries else None
        found = label_images(opened, wanted, column, k=k, unknown=unknown, where=where)
    if json_:
        output.print_json(found.to_dict())
        return
    if not len(found):
        output.say(f"every image of the gallery has a value in column {column} already")
        return
    rows = [
        [
            output.short_path(i.query),
            i.label or "unknown",
            f"{i.confidence:.2f}",
            (i.best or "") if i.label is None else "",
        ]
        for i in found.images
    ]
    output.print_table("", ["image", "label", "confidence", "closest guess"], rows, right=["confidence"])
    output.say(f"{len(found)} images, {found.k} neighbours, {found.reason}")


def _images(paths: list[Path]) -> list[str]:
    """The images named, and those in the folders named."""
    from lookalike.images import open_source

    found: list[str] = []
    for path in paths:
        found += [ref.name for ref in open_source(path)] if path.is_dir() else [str(path)]
    if not found:
        raise InvalidArgument(f"there are no images in {', '.join(map(str, paths))}")
    return found
