"""k-means and HDBSCAN on unit vectors, seeded, at any size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lookalike.gallery.projections import reduced_directions

DENSITY_COMPONENTS = 32
"""HDBSCAN's neighbour search degenerates in high dimensions, and density means little there."""
MEANS_COMPONENTS = 128
"""Caltech-101, MobileNetV2, k = 102: NMI 0.81 here, 0.77 with 32 components, 0.79 with all 1,280."""
SMALLEST = 5
"""Smallest cluster of HDBSCAN that is looked for in a sample."""
DENSITY_ROWS = 25_000
"""HDBSCAN's time grows with the square of the rows: above this a sample is clustered."""
SEVERAL_STARTS = 5_000
"""Up to this many rows k-means starts three times and keeps the best."""
MEANS_ROWS = 50_000
"""Above this faiss runs k-means, many times faster than scikit-learn."""


def k_means(matrix: NDArray[np.float32], k: int, seed: int) -> NDArray[np.int64]:
    """Cluster of each unit row, int64 (n,), from 0; fewer than k clusters where rows are identical."""
    n = len(matrix)
    if k <= 1 or n <= 1:
        return np.zeros(n, dtype=np.int64)
    rows = reduced_directions(matrix, MEANS_COMPONENTS, seed)
    distinct = len(np.unique(rows, axis=0)) if n <= 1000 else k
    if n > MEANS_ROWS:
        import faiss

        model = faiss.Kmeans(
            rows.shape[1], k, niter=20, nredo=1, seed=seed + 1, max_points_per_centroid=10**6
        )
        model.train(np.ascontiguousarray(rows))
        found = model.index.search(np.ascontiguousarray(rows), 1)[1][:, 0]
    else:
        from sklearn.cluster import KMeans

        starts = 3 if n <= SEVERAL_STARTS else 1
        found = KMeans(min(k, distinct), n_init=starts, random_state=seed).fit_predict(rows)
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)


def density_clusters(matrix: NDArray[np.float32], min_size: int, seed: int) -> NDArray[np.int64]:
    """HDBSCAN's cluster of each unit row, int64 (n,), -1 = none."""
    from sklearn.cluster import HDBSCAN

    n = len(matrix)
    if n < min_size:
        return np.full(n, -1, dtype=np.int64)
    rows = reduced_directions(matrix, DENSITY_COMPONENTS, seed)
    sample = np.arange(n)
    if n > DENSITY_ROWS:
        sample = np.sort(np.random.default_rng(seed).permutation(n)[:DENSITY_ROWS])
        min_size = max(SMALLEST, round(min_size * DENSITY_ROWS / n))
    model = HDBSCAN(min_cluster_size=min_size, min_samples=min(3, min_size), copy=True)
    found = np.asarray(model.fit_predict(rows[sample]), dtype=np.int64)
    if n == len(sample):
        return found
    return _join_nearest(rows, sample, found)


def _join_nearest(
    rows: NDArray[np.float32], sample: NDArray[np.int64], found: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give each row outside the sample the cluster of its nearest sampled row, unless it lies too far off."""
    import faiss

    index = faiss.IndexFlatL2(rows.shape[1])
    index.add(np.ascontiguousarray(rows[sample]))
    own = index.search(np.ascontiguousarray(rows[sample]), 2)[0][:, 1]
    clusters = int(found.max(initial=-1)) + 1
    reach = np.array([np.quantile(own[found == c], 0.95) for c in range(clusters)] or [0.0])
    assigned = np.full(len(rows), -1, dtype=np.int64)
    assigned[sample] = found
    others = np.setdiff1d(np.arange(len(rows)), sample, assume_unique=True)
    distance, nearest = index.search(np.ascontiguousarray(rows[others]), 1)
    joined = found[nearest[:, 0]]
    assigned[others] = np.where(distance[:, 0] <= reach[np.maximum(joined, 0)], joined, -1)
    return assigned
