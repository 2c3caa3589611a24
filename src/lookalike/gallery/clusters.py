"""Clusters of images that look alike, each with the image that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.cluster_methods import DENSITY_ROWS, density_clusters, k_means
from lookalike.gallery.reading import ReadableGallery, Selection, check_column, data_frame, select

if TYPE_CHECKING:
    import pandas

Method = Literal["hdbscan", "kmeans"]


@dataclass(frozen=True)
class Cluster:
    """One cluster.

    Attributes:
        number: 0, 1, ... from the largest cluster to the smallest.
        medoid: id of the image nearest to the cluster's mean direction.
        path: that image's name.
        ids: int64 (size,), nearest to the medoid first (the medoid itself is the first).
        paths: their names.
        distances: float32 (size,), cosine distances to the medoid.
        label: the commonest known label among its images, or None.
        label_share: share of its labelled images that carry it; nan without labels.
    """

    number: int
    medoid: int
    path: str
    ids: NDArray[np.int64]
    paths: tuple[str, ...]
    distances: NDArray[np.float32]
    label: str | None = None
    label_share: float = float("nan")

    @property
    def size(self) -> int:
        """Number of images."""
        return int(self.ids.size)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; ``medoid`` is a path."""
        return {
            "number": self.number,
            "medoid": self.path,
            "medoid_id": self.medoid,
            "size": self.size,
            "label": self.label,
            "label_share": None if np.isnan(self.label_share) else self.label_share,
            "ids": [int(i) for i in self.ids],
            "paths": list(self.paths),
            "distances": [float(d) for d in self.distances],
        }


@dataclass(frozen=True)
class Agreement:
    """How the clusters agree with known labels.

    Attributes:
        column: where the labels come from.
        images: images with a label.
        nmi: normalised mutual information in [0, 1] (arithmetic mean of the entropies); unclustered images
            count as one more cluster.
        ari: adjusted Rand index in [-0.5, 1], 0 = chance (Hubert and Arabie 1985); the same.
        nmi_clustered: NMI among the clustered images only; nan when there are none.
    """

    column: str
    images: int
    nmi: float
    ari: float
    nmi_clustered: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        nothing = np.isnan(self.nmi_clustered)
        return {
            "column": self.column,
            "images": self.images,
            "nmi": self.nmi,
            "ari": self.ari,
            "nmi_clustered": None if nothing else self.nmi_clustered,
        }


@dataclass(frozen=True)
class Clusters:
    """What :func:`cluster` found.

    Attributes:
        clusters: largest first.
        unclustered: ids int64 of the images in no cluster (HDBSCAN's noise), ascending.
        images: how many were looked at.
        method: ``hdbscan`` or ``kmeans``.
        agreement: with known labels, when a column was named.
        note: how the method was set, for people.
    """

    clusters: tuple[Cluster, ...]
    unclustered: NDArray[np.int64]
    images: int
    method: Method
    agreement: Agreement | None
    note: str

    def __len__(self) -> int:
        return len(self.clusters)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: {"clusters": [{"medoid", "size", ...}], "unclustered": count, ...}."""
        return {
            "clusters": [cluster.to_dict() for cluster in self.clusters],
            "unclustered": int(self.unclustered.size),
            "images": self.images,
            "method": self.method,
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
            "note": self.note,
        }

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each clustered image: cluster, id, path, distance, medoid (True for the medoid).

        Raises:
            MissingDependency: pandas is not installed.
        """
        clusters = self.clusters
        return data_frame(
            {
                "cluster": [c.number for c in clusters for _ in c.paths],
                "id": [int(i) for c in clusters for i in c.ids],
                "path": [path for c in clusters for path in c.paths],
                "distance": [float(d) for c in clusters for d in c.distances],
                "medoid": [int(i) == c.medoid for c in clusters for i in c.ids],
            }
        )


def cluster(
    gallery: ReadableGallery,
    *,
    method: Method = "hdbscan",
    k: int | None = None,
    min_size: int | None = None,
    labels: str | None = None,
    where: str | None = None,
    seed: int = 0,
) -> Clusters:
    """Group the gallery into clusters. The same seed gives the same clusters.

    HDBSCAN (Campello, Moulavi, Sander 2013; scikit-learn) finds the number of clusters itself and leaves
    images that belong nowhere unclustered; it looks at 32 principal components. k-means puts every image
    into one of k clusters and looks at 128. Above 25,000 images HDBSCAN runs on a sample of that many, and
    each other image joins the cluster of its nearest sampled image when it is as close to it as that
    cluster's members are to one another. Above 50,000 images k-means runs in faiss.

    Args:
        gallery: the gallery.
        method: ``hdbscan`` or ``kmeans``.
        k: number of clusters of k-means; None = square root of half the number of images.
        min_size: smallest cluster of HDBSCAN; None = 5, growing to a tenth of the square root of the
            images.
        labels: column of known labels to measure the agreement with.
        where: metadata filter.
        seed: of everything random.

    Raises:
        InvalidArgument: an unknown method or column, or k or min_size out of range.
        BadFilter: ``where`` cannot be understood.
    """
    _check(method, k, min_size)
    if labels is not None:
        check_column(gallery, labels)
    selection = select(gallery, ["path"] if labels in (None, "path") else ["path", str(labels)], where)
    n = len(selection)
    if method == "kmeans":
        count = min(n, k if k is not None else max(1, round(np.sqrt(n / 2))))
        assigned = k_means(selection.matrix, count, seed)
        why = " (square root of half the number of images)" if k is None else ""
        note = f"k-means with k = {count}{why}"
    else:
        smallest = min_size if min_size is not None else max(5, round(np.sqrt(n) / 10))
        assigned = density_clusters(selection.matrix, smallest, seed)
        note = f"HDBSCAN with clusters of at least {smallest} images"
        if n > DENSITY_ROWS:
            note += f", found in a sample of {DENSITY_ROWS:,} of {n:,} images; the others joined the nearest"
    known = None if labels is None else selection.columns[labels]
    clusters = _describe(selection, assigned, known)
    unclustered = selection.ids[assigned < 0]
    agreement = None if labels is None or known is None else agree(assigned, known, labels)
    return Clusters(clusters, unclustered, n, method, agreement, note)


def agree(assigned: NDArray[np.int64], known: Sequence[object], column: str) -> Agreement:
    """NMI and ARI between clusters and the labels that are known."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    rows = np.array([i for i, label in enumerate(known) if label is not None], dtype=np.int64)
    if not rows.size:
        raise InvalidArgument(f"no image has a value in column {column!r}; name a column with labels")
    truth = np.unique([str(known[i]) for i in rows], return_inverse=True)[1]
    mine = assigned[rows]
    inside = mine >= 0
    clustered = (
        float(normalized_mutual_info_score(truth[inside], mine[inside])) if inside.any() else float("nan")
    )
    return Agreement(
        column,
        int(rows.size),
        float(normalized_mutual_info_score(truth, mine)),
        float(adjusted_rand_score(truth, mine)),
        clustered,
    )


def _describe(
    selection: Selection, assigned: NDArray[np.int64], known: Sequence[object] | None
) -> tuple[Cluster, ...]:
    """Clusters from the largest; of equal ones the one with the smallest id first."""
    order = np.argsort(assigned, kind="stable")
    cuts = np.flatnonzero(np.diff(assigned[order])) + 1
    parts = [part for part in np.split(order, cuts) if part.size and assigned[part[0]] >= 0]
    parts.sort(key=lambda part: (-part.size, int(part[0])))
    return tuple(_one(selection, part, number, known) for number, part in enumerate(parts))


def _one(
    selection: Selection, rows: NDArray[np.int64], number: int, known: Sequence[object] | None
) -> Cluster:
    vectors = selection.matrix[rows]
    medoid = int(np.argmax(vectors @ vectors.mean(axis=0)))
    distances = np.clip(1.0 - vectors @ vectors[medoid], 0.0, 2.0).astype(np.float32)
    distances[medoid] = 0.0
    order = np.lexsort((rows, np.arange(len(rows)) != medoid, distances))
    # Copies of the medoid also lie at distance 0: the medoid comes first all the same.
    order = np.concatenate(([medoid], order[order != medoid]))
    label, share = _commonest([] if known is None else [known[i] for i in rows])
    paths = [selection.columns["path"][i] for i in rows[order]]
    return Cluster(
        number=number,
        medoid=int(selection.ids[rows[medoid]]),
        path=paths[0],
        ids=selection.ids[rows[order]],
        paths=tuple(paths),
        distances=distances[order],
        label=label,
        label_share=share,
    )


def _commonest(labels: Sequence[object]) -> tuple[str | None, float]:
    counts: dict[str, int] = {}
    for label in labels:
        if label is not None:
            counts[str(label)] = counts.get(str(label), 0) + 1
    if not counts:
        return None, float("nan")
    best = min(counts, key=lambda name: (-counts[name], name))
    return best, counts[best] / sum(counts.values())


def _check(method: str, k: int | None, min_size: int | None) -> None:
    if method not in ("hdbscan", "kmeans"):
        raise InvalidArgument(f"cluster method {method!r} is unknown; choose hdbscan or kmeans")
    if k is not None and (k < 1 or method != "kmeans"):
        raise InvalidArgument(f"k = {k}: give 1 or more, with method kmeans (HDBSCAN finds k itself)")
    if min_size is not None and (min_size < 2 or method != "hdbscan"):
        raise InvalidArgument(f"min_size = {min_size}: give 2 or more, together with method hdbscan")
