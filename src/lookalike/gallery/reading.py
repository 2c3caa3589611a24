"""What the analyses need from a gallery, and how they read it: rows and unit vectors in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.extras import import_extra

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from lookalike.encoders.base import Encoder

BLOCK_ROWS = 2048
"""Queries handed to ``nearest`` at a time: the memory of a pass does not grow with the gallery."""


class Vectors(Protocol):
    """Ids int64 (n,) and their vectors float32 (n, d), in the same order."""

    @property
    def ids(self) -> NDArray[np.int64]: ...

    @property
    def matrix(self) -> NDArray[np.float32]: ...


class ReadableGallery(Protocol):
    """The part of :class:`lookalike.gallery.Gallery` that duplicates, clusters, map and labels read."""

    @property
    def encoder(self) -> Encoder: ...

    def __len__(self) -> int: ...

    def rows(
        self, columns: Sequence[str] | None = None, *, where: str | None = None, missing: bool = False
    ) -> pyarrow.Table: ...

    def vectors(self, ids: NDArray[np.int64] | None = None) -> Vectors: ...

    def thumbnails(self, ids: Sequence[int] | NDArray[np.int64]) -> Mapping[int, bytes]: ...

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, ids: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]: ...


@dataclass(frozen=True)
class Selection:
    """The images an analysis looks at, in ascending order of id.

    Attributes:
        ids: int64 (n,).
        matrix: float32 (n, d), rows of unit length (a zero vector stays zero).
        columns: column name -> list of n Python values.
        everything: True when no filter narrowed the gallery.
    """

    ids: NDArray[np.int64]
    matrix: NDArray[np.float32]
    columns: dict[str, list[Any]]
    everything: bool

    def __len__(self) -> int:
        return int(self.ids.size)

    @property
    def candidates(self) -> NDArray[np.int64] | None:
        """What to pass as ``ids`` to ``nearest``: None when the whole gallery is meant."""
        return None if self.everything else self.ids


def select(gallery: ReadableGallery, columns: Sequence[str], where: str | None) -> Selection:
    """Rows that are present and match ``where``, with their vectors.

    Raises:
        InvalidArgument: the gallery has no such column.
        BadFilter: ``where`` cannot be understood.
    """
    table = gallery.rows(["id", *[c for c in columns if c != "id"]], where=where)
    ids = np.asarray(table.column("id").to_numpy(), dtype=np.int64)
    vectors = gallery.vectors(ids if where else None)
    # Reading rows and vectors are two looks at a table that another process may be writing to.
    common, in_rows, in_vectors = np.intersect1d(ids, vectors.ids, assume_unique=True, return_indices=True)
    table = table.take(in_rows) if common.size < ids.size else table
    values = {c: table.column(c).to_pylist() for c in columns}
    matrix = np.asarray(vectors.matrix, dtype=np.float32)
    if common.size < vectors.ids.size or np.any(np.diff(in_vectors) < 0):
        matrix = matrix[in_vectors]
    return Selection(common, unit_rows(matrix), values, where is None)


def check_column(gallery: ReadableGallery, column: str) -> None:
    """Refuse a column that the gallery lacks, naming those it has.

    Raises:
        InvalidArgument: there is no such column.
    """
    names = gallery.rows(where="id < 0").column_names
    if column not in names:
        useful = ", ".join(n for n in names if n not in ("thumbnail", "vector"))
        raise InvalidArgument(f"the gallery has no column {column!r}; it has: {useful}")


def unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to unit L2 length, float32 (n, d); zero rows stay zero, unit rows as they are."""
    norms = np.linalg.norm(matrix, axis=1)
    if np.all(np.abs(norms - 1.0) < 1e-5):
        return matrix
    safe = np.where(norms > 0, norms, 1.0).astype(np.float32)
    return np.ascontiguousarray(matrix / safe[:, None], dtype=np.float32)


def data_frame(columns: dict[str, Any]) -> pandas.DataFrame:
    """A pandas table of columns of equal length.

    Raises:
        MissingDependency: pandas is not installed.
    """
    frame: pandas.DataFrame = import_extra("pandas", "pandas", "to_pandas()").DataFrame(columns)
    return frame
