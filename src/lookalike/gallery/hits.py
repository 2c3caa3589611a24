"""What a search found."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lookalike.extras import import_extra

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Hit:
    """One image that was found.

    Attributes:
        rank: 1 is the nearest.
        path: as it was indexed.
        distance: cosine distance to the query, in [0, 2].
        id: of the row.
        row: its metadata.
    """

    rank: int
    path: str
    distance: float
    id: int
    row: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Hits:
    """Images in order of distance; iterate, index, or turn into a table.

    Attributes:
        rows: the hits.
        exact: True when no better hit can have been missed.
        engine: ``memory``, ``record``, ``faiss`` or ``lance``.
        seconds: from the query's vector to the hits.
        searched: how many images were considered.
        thumbnails: id -> JPEG bytes, long side at most 160 px.
    """

    rows: tuple[Hit, ...]
    exact: bool
    engine: str
    seconds: float
    searched: int
    thumbnails: dict[int, bytes] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Hit:
        return self.rows[index]

    @property
    def paths(self) -> list[str]:
        """Paths, nearest first."""
        return [hit.path for hit in self.rows]

    def to_arrow(self) -> pa.Table:
        """Columns rank, distance and all metadata; one row a hit."""
        import pyarrow as pa

        records = [{"rank": hit.rank, "distance": hit.distance, **hit.row} for hit in self.rows]
        if records:
            return pa.Table.from_pylist(records)
        return pa.table(
            {
                "rank": pa.array([], pa.int64()),
                "distance": pa.array([], pa.float64()),
                "path": pa.array([], pa.string()),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """As :meth:`to_arrow`, as a pandas table.

        Raises:
            MissingDependency: pandas is not installed.
        """
        import_extra("pandas", "pandas", "Hits.to_pandas()")
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: the document of `lookalike search --json`."""
        return {
            "hits": [
                {
                    "rank": hit.rank,
                    "path": hit.path,
                    "distance": hit.distance,
                    **{
                        name: _plain(value)
                        for name, value in hit.row.items()
                        if name not in ("path", "signature")
                    },
                }
                for hit in self.rows
            ],
            "exact": self.exact,
            "engine": self.engine,
            "searched": self.searched,
            "seconds": round(self.seconds, 6),
        }

    def _repr_html_(self) -> str:
        """A row of thumbnails, for notebooks."""
        cells = []
        for hit in self.rows:
            name = html.escape(hit.path.rsplit("/", 1)[-1])
            data = self.thumbnails.get(hit.id)
            picture = (
                f'<img alt="{name}" style="height:120px" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
                if data
                else "<em>no thumbnail</em>"
            )
            text = f'<figcaption style="font-size:12px">{hit.rank}. {name}<br>{hit.distance:.4f}</figcaption>'
            style = "margin:4px;max-width:180px;overflow:hidden"
            cells.append(f'<figure title="{html.escape(hit.path)}" style="{style}">{picture}{text}</figure>')
        how = "exact" if self.exact else "approximate"
        note = f"<p>{len(self.rows)} of {self.searched} images, {how} search ({self.engine})</p>"
        return f'<div style="display:flex;flex-wrap:wrap">{"".join(cells)}</div>{note}'


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
