"""Clusters of a gallery, looked for in the background and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lookalike.gallery import Gallery
from lookalike.progress import Progress
from lookalike.web.findings import Findings, Task

if TYPE_CHECKING:
    from lookalike.gallery.clusters import Clusters
    from lookalike.web.served_gallery import ServedGallery

Method = Literal["hdbscan", "kmeans"]
APART = 3_000
"""From this many images on, the work is done in a process of its own."""


@dataclass(frozen=True)
class ClusterQuery:
    """How to look for clusters.

    Attributes:
        method: ``hdbscan`` or ``kmeans``.
        k: number of clusters of k-means; None chooses.
        min_size: smallest cluster of HDBSCAN; None chooses.
    """

    method: Method = "hdbscan"
    k: int | None = None
    min_size: int | None = None

    @classmethod
    def of(cls, method: Method, k: int | None, min_size: int | None) -> ClusterQuery:
        """Only what the method looks at."""
        return cls(method, k if method == "kmeans" else None, min_size if method == "hdbscan" else None)

    def values(self) -> dict[str, str | int | None]:
        """For an address; what is usual is left out."""
        return {
            "method": self.method if self.method != "hdbscan" else None,
            "k": self.k,
            "min_size": self.min_size,
        }


@dataclass(frozen=True)
class FoundClusters:
    """Clusters, and the version of the record in which they were found."""

    query: ClusterQuery
    version: int
    clusters: Clusters


def search_clusters(location: str, query: ClusterQuery, tell: Progress) -> FoundClusters:
    """Look for clusters.

    Raises:
        LookalikeError: as `lookalike.gallery.clusters.cluster`.
    """
    gallery = Gallery.open(location)
    tell("clustering", 0, 0)
    version = gallery.store.version
    label = "label" if any(gallery.rows(["label"]).column("label").to_pylist()) else None
    found = gallery.clusters(method=query.method, k=query.k, min_size=query.min_size, labels=label, seed=0)
    return FoundClusters(query, version, found)


def start_search(findings: Findings, served: ServedGallery, query: ClusterQuery) -> Task:
    """Begin to look, unless somebody does already."""
    key = (served.name, "clusters", query)
    apart = len(served.snapshot()) >= APART
    return findings.start(key, search_clusters, served.gallery.location, query, apart=apart)


def found_clusters(findings: Findings, gallery: str, query: ClusterQuery) -> FoundClusters | None:
    """What was found for a query, or None."""
    found: FoundClusters | None = findings.result((gallery, "clusters", query))
    return found


def newest_clusters(findings: Findings, gallery: str) -> Clusters | None:
    """The clusters that were found last, whatever the method."""
    found = findings.newest((gallery, "clusters"))
    return None if found is None else found.clusters
