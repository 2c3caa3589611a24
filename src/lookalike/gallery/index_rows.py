"""The rows that indexing writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import ImageError
from lookalike.images import ImageInfo, ImageRef

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Row:
    """One image on its way into the `images` table."""

    ref: ImageRef
    signature: str
    content: str
    vector: NDArray[np.float32] | None = None
    thumbnail: bytes = b""
    info: ImageInfo | None = None
    computed: bool = False


@dataclass
class Outcome:
    """What became of one image of the source.

    Exactly one of these holds: ``row`` is new or changed content (with ``pixels`` where it is still to be embedded);
    ``moved``, ``touched`` and ``same`` are positions in :class:`lookalike.gallery.known.Known` of a row that keeps its
    vector under a new path, whose content is as it was, or whose file was not even opened; ``problem`` says why not.
    """

    ref: ImageRef
    signature: str
    row: Row | None = None
    pixels: NDArray[np.uint8] | None = None
    moved: int | None = None
    touched: int | None = None
    same: int | None = None
    problem: ImageError | None = None


def full_signature(ref: ImageRef) -> str:
    """The file's cheap change detector, joined by what the source says about the image."""
    signature = ref.signature()
    if not ref.metadata and ref.label is None:
        return signature
    said = json.dumps([ref.label, sorted(ref.metadata.items())], default=str, ensure_ascii=False)
    return f"{signature}#{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def rows_table(
    rows: Sequence[Row], first_id: int, source: str, codes: NDArray[Any], columns: Mapping[str, str]
) -> pa.Table:
    """Rows as an Arrow table with ids ``first_id``, ``first_id`` + 1, ...; ``codes`` are their stored vectors."""
    import pyarrow as pa

    values: dict[str, Any] = {
        "id": np.arange(first_id, first_id + len(rows), dtype=np.int64),
        "path": [row.ref.name for row in rows],
        "content": [row.content for row in rows],
        "signature": [row.signature for row in rows],
        "source": [source] * len(rows),
        "label": pa.array([row.ref.label for row in rows], pa.string()),
        "width": pa.array([row.info.width if row.info else None for row in rows], pa.int32()),
        "height": pa.array([row.info.height if row.info else None for row in rows], pa.int32()),
        "format": pa.array([row.info.format if row.info else None for row in rows], pa.string()),
        "bytes": pa.array([row.info.bytes if row.info else None for row in rows], pa.int64()),
        "taken": pa.array([row.info.taken if row.info else None for row in rows], pa.timestamp("s")),
        "camera": pa.array([row.info.camera if row.info else None for row in rows], pa.string()),
        "modified": pa.array([_modified(row.signature) for row in rows], pa.timestamp("s")),
        "missing": [False] * len(rows),
        "thumbnail": pa.array([row.thumbnail for row in rows], pa.binary()),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(codes.ravel()), codes.shape[1]),
    }
    values.update(metadata_values([row.ref for row in rows], columns))
    return pa.table(values)


def updates_table(
    outcomes: Sequence[tuple[int, Outcome]], source: str, columns: Mapping[str, str]
) -> pa.Table:
    """The light columns that change when an image moved, came back or was only touched: keyed by id."""
    import pyarrow as pa

    refs = [outcome.ref for _, outcome in outcomes]
    values: dict[str, Any] = {
        "id": pa.array([i for i, _ in outcomes], pa.int64()),
        "path": [ref.name for ref in refs],
        "signature": [outcome.signature for _, outcome in outcomes],
        "source": [source] * len(outcomes),
        "label": pa.array([ref.label for ref in refs], pa.string()),
        "modified": pa.array([_modified(outcome.signature) for _, outcome in outcomes], pa.timestamp("s")),
        "missing": [False] * len(outcomes),
    }
    values.update(metadata_values(refs, columns))
    return pa.table(values)


def metadata_values(refs: Sequence[ImageRef], columns: Mapping[str, str]) -> dict[str, Any]:
    """The user's own columns: name in the gallery -> one value an image."""
    import pyarrow as pa

    return {
        column: pa.array([ref.metadata.get(name) for ref in refs])
        for name, column in columns.items()
        if column != "label"
    }


def _modified(signature: str) -> datetime | None:
    """Signatures of files begin ``size:mtime_ns:``; the time is kept in UTC."""
    try:
        seconds = int(signature.split("#")[0].split(":")[1]) // 1_000_000_000
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (IndexError, ValueError, OverflowError, OSError):
        return None
