"""Counts that describe a table of judgments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.judgments.columns import flat

if TYPE_CHECKING:
    from lookalike.judgments.base import Judgments

_VALUES_SHOWN = 12


def summary(judgments: Judgments) -> dict[str, Any]:
    """See :meth:`Judgments.describe`.

    Keys: ``kind``, ``schema_version``, ``rows``, ``images`` (distinct in the table), ``absent_images`` (not
    on this machine), ``splits`` {name: rows}, ``votes`` (None where the kind has none), ``details`` (what only
    this kind has; quartiles are minimum, 25 %, 50 %, 75 %, maximum), ``columns`` {extra column with few values:
    {value: rows}}, ``extra_columns``, ``meta``, ``repeated_rows`` and ``first_repeated_line`` (see
    :func:`repeats`), ``refused`` (rows left out: name, line, reason) and ``note``.
    """
    repeated, first_repeated = repeats(judgments)
    fixed = {column.name for column in judgments.COLUMNS}
    absent = set(judgments.images.absent())
    images = judgments.distinct_images()
    votes = judgments.votes_by_row()
    names = judgments.table.column_names
    return {
        "kind": judgments.kind,
        "schema_version": judgments.SCHEMA_VERSION,
        "rows": len(judgments),
        "images": len(images),
        "absent_images": sum(content in absent for content in images),
        "splits": _counts(judgments, "split") if "split" in names else {},
        "votes": vote_summary(votes, compete=judgments.ANSWERS_COMPETE) if votes is not None else None,
        "details": judgments.details(),
        "columns": {
            name: counts for name in names if name not in fixed and (counts := _few(judgments, name))
        },
        "extra_columns": [name for name in names if name not in fixed],
        "meta": dict(judgments.meta),
        "repeated_rows": repeated,
        "first_repeated_line": first_repeated,
        "refused": [row._asdict() for row in judgments.refused],
        "note": judgments.note,
    }


def repeats(judgments: Judgments) -> tuple[int, int | None]:
    """How many rows are like an earlier one in every column, and the line of the first such; (0, None) without.

    Images are compared by content, so two names of the same file count as one image.
    """
    keys = {
        str(place): _codes(judgments.table.column(name))
        for place, name in enumerate(judgments.table.column_names)
    }
    rows = pa.table(keys | {"row": pa.array(np.arange(len(judgments)))})
    earliest = rows.group_by(list(keys), use_threads=False).aggregate([("row", "min")]).column("row_min")
    repeated = np.ones(len(judgments), bool)
    repeated[earliest.to_numpy()] = False
    count = int(repeated.sum())
    return count, judgments._place.line_of(int(repeated.argmax())) if count else None


def repeats_dict(judgments: Judgments) -> dict[str, int | None]:
    """:func:`repeats` for JSON: ``repeated_rows`` and ``first_repeated_line``."""
    return dict(zip(("repeated_rows", "first_repeated_line"), repeats(judgments), strict=True))


def repeats_note(judgments: Judgments) -> str:
    """One line for people on rows that repeat another; '' where none does."""
    count, line = repeats(judgments)
    if not count:
        return ""
    said = "1 row repeats another row" if count == 1 else f"{count:,} rows repeat another row"
    return f"{said} (first: line {line:,}); every one of them counts"


def _codes(values: pa.ChunkedArray) -> pa.Array:
    """A number for each cell, the same for the same content; null for an empty one."""
    if pa.types.is_nested(values.type):
        return pa.array([repr(cell) for cell in values.to_pylist()], pa.string()).dictionary_encode().indices
    joined = flat(values)
    return joined.indices if pa.types.is_dictionary(joined.type) else joined.dictionary_encode().indices


def vote_summary(votes: NDArray[np.int64], *, compete: bool = True) -> dict[str, Any]:
    """How votes are spread.

    Args:
        votes: int64 (n, answers).
        compete: whether the answers exclude one another; if not, only the first three keys are there.

    Returns:
        ``total``; ``by_answer``: share of all votes for each answer, in column order; ``without`` (rows without
        a vote); ``per_row`` {votes: rows}; ``ties`` (no single most-chosen answer); ``unanimous``; ``margin``
        {most minus second most: rows}.
    """
    rows = votes.sum(axis=1)
    total = int(rows.sum())
    voted = rows > 0
    found: dict[str, Any] = {
        "total": total,
        "by_answer": [float(s / total) for s in votes.sum(axis=0)] if total else [],
        "without": int((~voted).sum()),
    }
    if not compete:
        return found
    ordered = np.sort(votes, axis=1)
    margin = ordered[:, -1] - (ordered[:, -2] if votes.shape[1] > 1 else 0)
    return found | {
        "per_row": _tally(rows),
        "ties": int((voted & (margin == 0)).sum()),
        "unanimous": int((voted & (ordered[:, -1] == rows)).sum()),
        "margin": _tally(margin[voted]),
    }


def quartiles(values: NDArray[Any]) -> list[float]:
    """Minimum, 25 %, 50 %, 75 % and maximum; NaN does not count; empty where there is nothing."""
    known = values[~np.isnan(values)] if np.issubdtype(values.dtype, np.floating) else values
    return [float(q) for q in np.quantile(known, (0, 0.25, 0.5, 0.75, 1))] if known.size else []


def _tally(values: NDArray[np.int64]) -> dict[str, int]:
    found, counts = np.unique(values, return_counts=True)
    return {str(value): int(count) for value, count in zip(found, counts, strict=True)}


def _counts(judgments: Judgments, name: str) -> dict[str, int]:
    counted = pc.value_counts(judgments.table.column(name)).to_pylist()
    named = ((item["values"], item["counts"]) for item in counted)
    return {str(value): count for value, count in sorted(named, key=lambda n: str(n[0])) if value is not None}


def _few(judgments: Judgments, name: str) -> dict[str, int]:
    """The values of an extra column when they are few, so that they look like groups."""
    column = judgments.table.column(name)
    if pa.types.is_nested(column.type):
        return {}
    if len(judgments) == 0 or pc.count_distinct(column).as_py() > min(_VALUES_SHOWN, len(judgments) / 2):
        return {}
    return _counts(judgments, name)
