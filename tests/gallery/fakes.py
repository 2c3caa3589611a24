"""A gallery in memory: the interface that the analyses read, on real arrays, without a store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.gallery.reading import unit_rows


@dataclass(frozen=True)
class FakeVectors:
    ids: NDArray[np.int64]
    matrix: NDArray[np.float32]


class FakeGallery:
    """Rows with ids 10, 11, ... (so that an id is never taken for a position by accident)."""

    def __init__(self, matrix: NDArray[np.float32], *, first_id: int = 10, **columns: Sequence[Any]) -> None:
        n = len(matrix)
        self.matrix = unit_rows(np.asarray(matrix, dtype=np.float32))
        self.ids = np.arange(first_id, first_id + n, dtype=np.int64)
        self.encoder: Any = None
        self.largest_query = 0
        self.pictures: dict[int, bytes] = {}
        defaults: dict[str, Sequence[Any]] = {
            "path": [f"/photos/{i:05}.jpg" for i in range(n)],
            "content": [hashlib.sha256(b"%d" % i).hexdigest() for i in range(n)],
            "signature": ["100:1:1"] * n,
            "label": [None] * n,
            "width": [200] * n,
            "height": [100] * n,
            "format": ["JPEG"] * n,
            "bytes": [100] * n,
            "taken": [None] * n,
            "modified": [datetime(2020, 1, 1)] * n,
            "missing": [False] * n,
        }
        types = {name: pa.string() for name in ("path", "content", "signature", "label", "format")}
        types |= {name: pa.timestamp("s") for name in ("taken", "modified")}
        types |= {"width": pa.int32(), "height": pa.int32(), "bytes": pa.int64(), "missing": pa.bool_()}
        merged = defaults | columns
        self.table = pa.table(
            {"id": self.ids, **{k: pa.array(list(v), type=types.get(k)) for k, v in merged.items()}}
        )

    def __len__(self) -> int:
        return int(self.ids.size)

    def rows(
        self, columns: Sequence[str] | None = None, *, where: str | None = None, missing: bool = False
    ) -> pa.Table:
        table = self.table if missing else self.table.filter(pc.invert(self.table["missing"]))
        if where == "id < 0":
            table = table.slice(0, 0)
        elif where is not None:
            column, _, value = where.partition(" = ")
            table = table.filter(pc.equal(table[column], value.strip("'")))
        return table if columns is None else table.select(list(columns))

    def vectors(self, ids: NDArray[np.int64] | None = None) -> FakeVectors:
        present = np.asarray(self.rows(["id"])["id"].to_numpy()) if ids is None else np.asarray(ids)
        return FakeVectors(present, self.matrix[np.searchsorted(self.ids, present)])

    def thumbnails(self, ids: Sequence[int] | NDArray[np.int64]) -> dict[int, bytes]:
        return {int(i): self.pictures[int(i)] for i in ids if int(i) in self.pictures}

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, ids: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        self.largest_query = max(self.largest_query, len(queries))
        base = self.vectors(ids)
        distances = 1.0 - queries @ base.matrix.T
        take = min(k, len(base.ids))
        if take < len(base.ids) and len(base.ids) > 200:
            part = np.argpartition(distances, take - 1, axis=1)[:, :take]
        else:
            part = np.tile(np.arange(len(base.ids)), (len(queries), 1))
        order = np.lexsort((part, np.take_along_axis(distances, part, 1)), axis=1)[:, :take]
        index = np.take_along_axis(part, order, 1)
        out_d = np.full((len(queries), k), np.inf, dtype=np.float32)
        out_i = np.full((len(queries), k), -1, dtype=np.int64)
        out_d[:, :take] = np.take_along_axis(distances, index, 1)
        out_i[:, :take] = base.ids[index]
        return out_d, out_i


def gallery_of_files(folder: Path, contents: dict[str, bytes], matrix: NDArray[np.float32]) -> FakeGallery:
    """Write the files and index them as the real gallery would."""
    paths = []
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    stats = [p.stat() for p in paths]
    return FakeGallery(
        matrix,
        path=[str(p) for p in paths],
        content=[hashlib.sha256(p.read_bytes()).hexdigest() for p in paths],
        signature=[f"{s.st_size}:{s.st_mtime_ns}:{s.st_ctime_ns}" for s in stats],
        bytes=[s.st_size for s in stats],
    )
