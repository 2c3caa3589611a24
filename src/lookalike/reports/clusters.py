"""The clusters page: a card for each cluster, its most central picture first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lookalike.errors import printable
from lookalike.reports.models import ClusterView, Picture, ProblemView
from lookalike.reports.problems import shorten
from lookalike.reports.render import page


def clusters_page(
    title: str,
    clusters: Sequence[ClusterView],
    *,
    noise: Sequence[Picture] = (),
    noise_size: int = 0,
    agreement: Mapping[str, float] | None = None,
    label_column: str = "",
    note: str = "",
    problems: Sequence[ProblemView] = (),
) -> str:
    """A page with one card for each cluster: medoid, size, members, and what labels it holds.

    Args:
        title: heading of the page.
        clusters: in the order to show, usually the largest first.
        noise: some of the images in no cluster; ``noise_size`` is how many there are in all.
        agreement: measures against known labels, such as ``{"NMI": 0.79, "ARI": 0.51}``; None when unknown.
        label_column: the column those labels came from.
        note: one line: method, encoder, number of images, time.
        problems: files that could not be used.

    Returns:
        A complete HTML document that needs no network.
    """
    clustered = sum(cluster.size for cluster in clusters)
    total = clustered + noise_size
    return page(
        "clusters.html.j2",
        title=title,
        note=note,
        styles=("base.css", "pictures.css", "groups.css"),
        scripts=("viewer.js",),
        clusters=[cluster_context(cluster, n, total) for n, cluster in enumerate(clusters, 1)],
        clustered=clustered,
        noise=noise,
        noise_size=max(noise_size, len(noise)),
        agreement=[(name, f"{value:.3f}") for name, value in (agreement or {}).items()],
        label_column=printable(label_column),
        **shorten(problems),
    )


def cluster_context(cluster: ClusterView, number: int, total: int = 0) -> dict[str, Any]:
    """One cluster as the template's ``cluster_card`` macro takes it; ``total`` > 0 adds its share."""
    return {
        "name": printable(cluster.label) if cluster.label else f"Cluster {number}",
        "size": cluster.size,
        "share": f"{100 * cluster.size / total:.1f} %" if total else "",
        "medoid": cluster.medoid,
        "members": cluster.members,
        "more": cluster.size - len(cluster.members) - 1,
        "composition": cluster.composition[:4],
    }
