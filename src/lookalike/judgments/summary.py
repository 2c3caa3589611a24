"""Counts that describe a table of judgments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lookalike.judgments.base import Judgments

_VALUES_SHOWN = 12


def summary(judgments: Judgments) -> dict[str, Any]:
    """See :meth:`Judgments.describe`.

    Keys: ``kind``, ``schema_version``, ``rows``, ``images`` (distinct in the table), ``absent_images`` (not
    on this machine), ``splits`` {name: rows}, ``votes`` (None where the kind has none), ``details`` (what only
    this kind has; quartiles are minimum, 25 %, 50 %, 75 %, maximum), ``columns`` {extra column with few values:
    {value: rows}}, ``extra_columns``, ``meta``, ``refused`` (rows left out: name, line, reason) and ``note``.
    """
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
        "refused": [row._asdict() for row in judgments.refused],
        "note": judgments.note,
    }


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
