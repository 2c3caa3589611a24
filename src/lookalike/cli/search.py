"""`lookalike search`: find what looks alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lookalike.cli import output
from lookalike.cli.options import (
    DeviceOption,
    GalleryOption,
    JsonOption,
    PageOption,
    ThreadsOption,
    WhereOption,
    encoder_options,
)

if TYPE_CHECKING:
    from lookalike.gallery import Hits


def search(
    queries: Annotated[
        list[Path] | None,
        typer.Argument(metavar="QUERY...", help="Images to find the like of.", show_default=False),
    ] = None,
    gallery: GalleryOption = ...,  # type: ignore[assignment]
    k: Annotated[int, typer.Option("-k", "--top", help="How many.", min=1)] = 10,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="Words, for encoders that understand them.")
    ] = None,
    negative: Annotated[
        list[Path] | None, typer.Option("--not", help="Image whose like is not wanted.")
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option("--crop", help="LEFT,TOP,RIGHT,BOTTOM in pixels: search for this part of the query."),
    ] = None,
    combine: Annotated[
        Literal["mean", "max"],
        typer.Option("--combine", help="Several queries: their mean, or the best match with any (max)."),
    ] = "mean",
    where: WhereOption = None,
    max_distance: Annotated[
        float | None, typer.Option("--max-distance", help="Leave out what is farther (cosine distance).")
    ] = None,
    mode: Annotated[
        Literal["auto", "exact", "index"], typer.Option("--mode", help="How to search; auto goes by size.")
    ] = "auto",
    rerank: Annotated[
        Path | None,
        typer.Option("--rerank", help="Folder of a comparator that puts the first hits in its own order."),
    ] = None,
    rerank_top: Annotated[int, typer.Option("--rerank-top", help="How many hits it looks at.", min=1)] = 100,
    page: PageOption = None,
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    json_: JsonOption = False,
) -> None:
    """Find the images of a gallery that look like the query."""
    from lookalike.gallery import Gallery

    if not queries and not text:
        raise typer.BadParameter("name an image to search for, or give --text", param_hint="QUERY")
    opened = Gallery.open(gallery, options=encoder_options(device, "fp32", threads))
    hits = opened.search(
        [str(path) for path in queries or []],
        text=text or None,
        negative=[str(path) for path in negative or []],
        crop=_box(crop) if crop else None,
        combine=combine,
        k=k,
        where=where,
        max_distance=max_distance,
        mode=mode,
        rerank=rerank,
        rerank_top=rerank_top,
    )
    if page is not None:
        from lookalike.cli.pages import hits_page

        output.write_page(hits_page(hits, queries or [], text or [], opened, rerank), page)
    if json_:
        output.print_json(hits.to_dict())
        return
    _print_hits(hits, reranked=rerank is not None)
    if not hits.searched:
        output.say(f"no image of the gallery fits --where {where!r}" if where else "the gallery is empty")
        return
    wishes = len(queries or []) + len(text or [])
    if wishes > 1:
        output.say(
            f"for the mean of {wishes} queries (--combine max: the best match with any)"
            if combine == "mean"
            else f"by the best match with any of {wishes} queries"
        )
    if rerank is not None:
        output.say(
            f"the first {max(k, rerank_top)} put in the order of the comparator {output.short_path(str(rerank))}; "
            "probability: that a person would pair the two, at even odds"
        )
    how = "exact" if hits.exact else "approximate"
    output.say(
        f"{len(hits)} of {hits.searched} images, {how} search ({hits.engine}), {hits.seconds * 1000:.0f} ms"
    )
    if page is not None:
        output.say(f"page: {output.short_path(str(page))}")


def _print_hits(hits: Hits, *, reranked: bool) -> None:
    """The table of what was found; in a comparator's order with its probabilities before the distances."""
    from lookalike.cli.pages import probability

    columns = ["rank", *(["probability"] if reranked else []), "distance", "image", "label"]
    rows = []
    for hit in hits:
        sure = probability(hit)
        scored = ["none" if sure is None else f"{sure:.3f}"] if reranked else []
        label = hit.row.get("label") or ""
        rows.append([str(hit.rank), *scored, f"{hit.distance:.4f}", output.short_path(hit.path), label])
    output.print_table("", columns, rows, right=["rank", "probability", "distance"])


def _box(text: str) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = (int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a box; write LEFT,TOP,RIGHT,BOTTOM in pixels, such as 10,20,110,140",
            param_hint="--crop",
        ) from None
    return left, top, right, bottom
