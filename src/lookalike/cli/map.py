"""`lookalike map`: the gallery in two dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lookalike.cli import output
from lookalike.cli.options import GalleryOption, JsonOption, WhereOption
from lookalike.errors import InvalidArgument


def map_command(
    gallery: GalleryOption = ...,  # type: ignore[assignment]
    page: Annotated[Path, typer.Option("--output", "-o", help="The HTML page to write.")] = Path("map.html"),
    method: Annotated[Literal["umap", "tsne", "pca"], typer.Option("--method", help="How to draw.")] = "umap",
    color: Annotated[
        str | None, typer.Option("--color", "--column", help="Column that colours the points at first.")
    ] = None,
    where: WhereOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    json_: JsonOption = False,
) -> None:
    """Draw every image as a point, alike ones close together, on a page to zoom and search in."""
    from lookalike.cli.pages import map_view
    from lookalike.gallery import Gallery
    from lookalike.reports import map_parts

    opened = Gallery.open(gallery)
    if not len(opened):
        raise InvalidArgument(f"gallery {opened.location} is empty; index some images first")
    with output.working("drawing the map (umap takes a while; --method pca is quick)"):
        data = opened.map(method=method, seed=seed, where=where, color=color)
        if not len(data):
            raise InvalidArgument(f"no image of the gallery fits --where {where!r}")
        output.write_page(map_parts(map_view(data, opened)), page)
    if json_:
        output.print_json({**data.to_dict(), "page": str(page)})
        return
    output.say(f"{len(data)} images drawn by {data.method}" + (f" ({data.note})" if data.note else ""))
    output.say(f"page: {output.short_path(str(page))}")
