"""Columns that colour a map, packed for the page: categories as codes, numbers and dates as float32."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument, printable

CATEGORIES_KEPT = 2_000
"""Rarer categories than so many are joined into one, so that a column of unique names stays small."""

_NOTHING = 65_535


def pack_array(values: NDArray[Any]) -> str:
    """The array's little-endian bytes in base64."""
    return base64.b64encode(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()).decode(
        "ascii"
    )


def pack_column(name: str, values: Sequence[Any] | NDArray[Any], order: NDArray[np.int64]) -> dict[str, Any]:
    """One column as the map's script reads it, its rows in ``order``.

    Returns:
        ``{"name", "kind": "category", "labels": [...], "counts": [...]}`` with ``"values"`` as uint16 codes
        (65535: not known), or ``{"name", "kind": "number" | "date", "low", "high"}`` with float32 values from
        0 (low) to 1 (high), NaN where not known.

    Raises:
        InvalidArgument: the column has another number of values than there are points.
    """
    if len(values) != len(order):
        raise InvalidArgument(f"column {name!r} has {len(values)} values for {len(order)} points of the map")
    listed = values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind != "M" else list(values)
    known = [value for value in listed if not _missing(value)]
    shown = printable(str(name))
    if known and all(
        isinstance(v, (int, float, np.number)) and not isinstance(v, (bool, np.bool_)) for v in known
    ):
        return {"name": shown, "kind": "number", **_scaled([_as_float(v) for v in listed], order)}
    if known and all(isinstance(v, (date, np.datetime64)) for v in known):
        return {"name": shown, "kind": "date", **_scaled([_as_seconds(v) for v in listed], order)}
    return {"name": shown, "kind": "category", **_coded(listed, order)}


def _missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, (float, np.floating)):
        return not np.isfinite(value)
    return isinstance(value, np.datetime64) and bool(np.isnat(value))


def _as_float(value: Any) -> float:
    return float("nan") if _missing(value) else float(value)


def _as_seconds(value: Any) -> float:
    if _missing(value):
        return float("nan")
    if isinstance(value, datetime):
        # Dates of photographs are local times without a zone: kept as written, not shifted.
        return float(np.datetime64(value.replace(tzinfo=None), "s").astype(np.int64))
    return float(np.datetime64(value, "s").astype(np.int64))


def _scaled(values: list[float], order: NDArray[np.int64]) -> dict[str, Any]:
    numbers = np.array(values, dtype=np.float64)[order]
    known = numbers[np.isfinite(numbers)]
    low, high = float(known.min()), float(known.max())
    share = (numbers - low) / (high - low) if high > low else np.where(np.isfinite(numbers), 0.5, np.nan)
    return {"low": low, "high": high, "values": pack_array(share.astype(np.float32))}


def _coded(values: list[Any], order: NDArray[np.int64]) -> dict[str, Any]:
    texts = [None if _missing(value) or value == "" else printable(str(value)) for value in values]
    ranked = Counter(text for text in texts if text is not None).most_common()
    kept = ranked[:CATEGORIES_KEPT]
    labels, counts = [text for text, _ in kept], [count for _, count in kept]
    code = {text: n for n, text in enumerate(labels)}
    if len(ranked) > len(kept):
        labels.append(f"{len(ranked) - len(kept):,} rarer ones")
        counts.append(sum(count for _, count in ranked[CATEGORIES_KEPT:]))
    rest = len(kept)
    codes = np.array([_NOTHING if text is None else code.get(text, rest) for text in texts], dtype=np.uint16)
    return {"labels": labels, "counts": counts, "values": pack_array(codes[order])}
