"""`lookalike clusters`: groups of similar images."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lookalike.cli import output
from lookalike.cli.options import GalleryOption, JsonOption, PageOption, WhereOption


def clusters(
    gallery: GalleryOption = ...,  # type: ignore[assignment]
    method: Annotated[
        Literal["hdbscan", "kmeans"], typer.Option("--method", help="How to group.")
    ] = "hdbscan",
    k: Annotated[int | None, typer.Option("-k", help="Number of clusters, for kmeans.", min=1)] = None,
    min_size: Annotated[
        int | None, typer.Option("--min-size", help="Smallest cluster, for hdbscan.", min=2)
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", "--column", help="Column of known labels to compare with.")
    ] = None,
    where: WhereOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    page: PageOption = None,
    json_: JsonOption = False,
) -> None:
    """Group similar images; each cluster is shown by its medoid, the image nearest to its middle."""
    from lookalike.gallery import Gallery

    opened = Gallery.open(gallery)
    with output.working("clustering"):
        found = opened.clusters(method=method, k=k, min_size=min_size, labels=labels, where=where, seed=seed)
    if page is not None:
        from lookalike.cli.pages import clusters_html

        output.write_page(clusters_html(found, opened, labels), page)
    if json_:
        output.print_json(found.to_dict())
        return
    rows = [
        [str(c.number + 1), str(c.size), output.short_path(c.path), c.label or ""] for c in found.clusters
    ]
    output.print_table("", ["cluster", "size", "medoid", "commonest label"], rows, right=["cluster", "size"])
    output.say(
        f"{len(found)} clusters, {found.unclustered.size} of {found.images} images in none ({found.method}: {found.note})"
    )
    largest = found.clusters[0].size if found.clusters else 0
    if method == "hdbscan" and max(found.unclustered.size, largest) > found.images / 2:
        output.say(
            "most images are in one cluster or in none; --method kmeans, or another --min-size, may tell more"
        )
    if found.agreement is not None:
        agreement = found.agreement
        output.say(
            f"agreement with column {labels}: NMI {agreement.nmi:.3f}, ARI {agreement.ari:.3f} "
            f"over {agreement.images} images"
        )
    if page is not None:
        output.say(f"page: {output.short_path(str(page))}")
