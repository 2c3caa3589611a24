"""A two-dimensional map of the gallery: images that look alike lie close together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument, MissingDependency
from lookalike.gallery.projections import principal_components, reduced_directions
from lookalike.gallery.reading import ReadableGallery, check_column, data_frame, select

if TYPE_CHECKING:
    import pandas

Method = Literal["umap", "tsne", "pca"]

SMALLEST = 16
"""Neighbour graphs of fewer images say nothing; such galleries are drawn by PCA."""
LARGE = 2000
"""From here on 50 principal components stand in for the whole vectors."""
COMPONENTS = 50


@dataclass(frozen=True)
class MapData:
    """Images on a plane.

    Attributes:
        ids: int64 (n,), ascending.
        xy: float32 (n, 2), each coordinate in [0, 1]; both axes have the same scale.
        paths: n names.
        color: the column that colours the points, or None.
        values: its n values (None where there is none; numbers as float, dates in seconds since 1970); empty
            without a column.
        kind: ``category`` or ``number``; None without a column.
        method: what drew the map: ``umap``, ``tsne`` or ``pca``.
        note: why another method than the one asked for was used; "" otherwise.
    """

    ids: NDArray[np.int64]
    xy: NDArray[np.float32]
    paths: tuple[str, ...]
    color: str | None
    values: tuple[str | float | None, ...]
    kind: Literal["category", "number"] | None
    method: Method
    note: str

    def __len__(self) -> int:
        return int(self.ids.size)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: {"points": [{"id", "path", "x", "y", "value"}], ...}."""
        values = self.values or (None,) * len(self)
        return {
            "points": [
                {"id": int(id_), "path": path, "x": float(x), "y": float(y), "value": value}
                for id_, path, (x, y), value in zip(self.ids, self.paths, self.xy, values, strict=True)
            ],
            "color": self.color,
            "kind": self.kind,
            "method": self.method,
            "note": self.note,
        }

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each image: id, path, x, y and, when there is one, the colour column.

        Raises:
            MissingDependency: pandas is not installed.
        """
        columns: dict[str, Any] = {
            "id": self.ids,
            "path": list(self.paths),
            "x": self.xy[:, 0],
            "y": self.xy[:, 1],
        }
        if self.color is not None:
            columns["value" if self.color in columns else self.color] = list(self.values)
        return data_frame(columns)


def project(
    gallery: ReadableGallery,
    *,
    method: Method = "umap",
    seed: int = 0,
    where: str | None = None,
    color: str | None = None,
) -> MapData:
    """Draw the gallery on a plane by cosine distance. The same seed gives the same map.

    UMAP: McInnes, Healy, Melville 2018, arXiv 1802.03426; t-SNE: van der Maaten, Hinton 2008. Both start
    from the first two principal components; from 2,000 images on both look at 50 principal components, not at
    the whole vectors. Fewer than 16 images are drawn by PCA, and so is a gallery of identical images.

    Args:
        gallery: the gallery.
        method: ``umap`` (extra ``map``), ``tsne`` or ``pca``.
        seed: of everything random.
        where: metadata filter.
        color: column that colours the points.

    Raises:
        InvalidArgument: an unknown method or column.
        MissingDependency: ``umap`` and umap-learn is not installed.
        BadFilter: ``where`` cannot be understood.
    """
    if method not in ("umap", "tsne", "pca"):
        raise InvalidArgument(f"map method {method!r} is unknown; choose umap, tsne or pca")
    if color is not None:
        check_column(gallery, color)
    if method == "umap":
        _import_umap()
    selection = select(gallery, ["path"] if color in (None, "path") else ["path", str(color)], where)
    n, note, used = len(selection), "", method
    if n < SMALLEST and method != "pca":
        used, note = "pca", f"{n} images are too few for {method}; drawn by pca"
    elif method != "pca" and not np.any(np.ptp(selection.matrix, axis=0) > 1e-6):
        used, note = "pca", f"all images are alike: nothing for {method} to arrange; drawn by pca"
    draw = {"umap": _umap, "tsne": _tsne, "pca": _pca}
    xy = to_unit_square(draw[used](selection.matrix, seed))
    values, kind = ((), None) if color is None else color_values(selection.columns[color])
    return MapData(selection.ids, xy, tuple(selection.columns["path"]), color, values, kind, used, note)


def to_unit_square(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale coordinates (n, any) into [0, 1] x [0, 1], both axes alike, centred; float32 (n, 2)."""
    n = len(points)
    xy = np.zeros((n, 2), dtype=np.float64)
    xy[:, : min(2, points.shape[1])] = points[:, :2]
    if n == 0:
        return xy.astype(np.float32)
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = float((high - low).max())
    scaled = (xy - (low + high) / 2) / (span if span > 1e-9 else 1.0) + 0.5
    return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)


def color_values(
    values: Sequence[Any],
) -> tuple[tuple[str | float | None, ...], Literal["category", "number"]]:
    """Column values for colouring: numbers and dates as floats (kind ``number``), all else as text."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(v, datetime) for v in known):
        start = datetime(1970, 1, 1)
        seconds = [None if v is None else (v.replace(tzinfo=None) - start).total_seconds() for v in values]
        return tuple(seconds), "number"
    if known and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known):
        # nan and infinity have no place on a scale, nor in JSON
        return tuple(float(v) if v is not None and np.isfinite(v) else None for v in values), "number"
    return tuple(None if v is None else str(v) for v in values), "category"


def _pca(matrix: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    return principal_components(matrix, 2, seed)


def _tsne(matrix: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    from sklearn.manifold import TSNE

    n = len(matrix)
    # On unit vectors the order of Euclidean distances is that of cosine distances, and neighbours are found
    # faster.
    rows = reduced_directions(matrix, COMPONENTS, seed) if n >= LARGE else matrix
    model = TSNE(2, perplexity=min(30.0, (n - 1) / 3), init=_start(matrix, seed, 1e-4), random_state=seed)
    return np.asarray(model.fit_transform(rows), dtype=np.float32)


def _umap(matrix: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    umap = _import_umap()
    n = len(matrix)
    rows = reduced_directions(matrix, COMPONENTS, seed) if n >= LARGE else matrix
    model = umap.UMAP(
        n_components=2,
        n_neighbors=min(15, n - 1),
        min_dist=0.1,
        metric="cosine",
        init=_start(matrix, seed, 10.0),
        random_state=seed,
        n_jobs=1,  # more threads would make the map differ from run to run
    )
    with warnings.catch_warnings():
        # Copies of one image may be their own only neighbours; umap then tells of vertices without a link.
        warnings.filterwarnings("ignore", ".*not fully connected.*")
        warnings.filterwarnings("ignore", ".*vertices in the graph.*")
        return np.nan_to_num(np.asarray(model.fit_transform(rows), dtype=np.float32))


def _start(matrix: NDArray[np.float32], seed: int, size: float) -> NDArray[np.float32]:
    """Where the layout begins: two principal components of the given size, copies moved apart a little."""
    start = principal_components(matrix, 2, seed)
    start = start / max(float(np.abs(start).max()), 1e-9)
    jitter = np.random.default_rng(seed).normal(scale=1e-3, size=start.shape)
    return np.asarray((start + jitter) * size, dtype=np.float32)


def _import_umap() -> Any:
    """The umap module; importing it compiles nothing that warns us.

    Raises:
        MissingDependency: umap-learn is not installed.
    """
    with warnings.catch_warnings():
        # Without TensorFlow umap announces that its parametric variant is missing; nobody asked for it.
        warnings.filterwarnings("ignore", ".*[Tt]ensorflow.*", ImportWarning)
        warnings.filterwarnings(
            "ignore", category=DeprecationWarning, module=r"(numba|umap|pynndescent)(\..*)?"
        )
        try:
            import umap
        except ImportError as error:
            purpose = "a UMAP map (--method tsne or --method pca work without it)"
            raise MissingDependency("umap-learn", "map", purpose) from error
    return umap
