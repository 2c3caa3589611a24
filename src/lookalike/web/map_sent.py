"""The points of a map in as few bytes as they need; read by ``web/src/app/map/data.ts``."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from lookalike.web.map_points import OnMap
from lookalike.web.packed import MEDIA_TYPE, pack

FINEST = 1 << 20
"""Positions are rounded to 1/FINEST: a third of a pixel at the nearest zoom; what is cut off does not compress."""
SMALLEST = 2_000
"""Bytes from which on compressing is worth the trouble."""


def pack_points(points: OnMap) -> bytes:
    """``{count, version, method, note, fresh, wide}``, float32 positions (n, 2), y downwards, then the ids.

    Ids are uint32, or float64 (``wide``) where one does not fit.
    """
    wide = bool(len(points.ids)) and int(points.ids.max()) >= 1 << 32
    header: dict[str, Any] = {
        "count": len(points.ids), "version": points.version, "method": points.method,
        "note": points.note, "fresh": points.fresh, "wide": wide,
    }  # fmt: skip
    rounded = (np.round(points.xy * np.float32(FINEST)) / FINEST).astype("<f4")
    ids: NDArray[Any] = points.ids.astype("<f8" if wide else "<u4")
    return pack(header, [rounded, ids])


def compress(data: bytes) -> bytes:
    """gzip at its quickest: more work saves another percent of such numbers."""
    return gzip.compress(data, compresslevel=1, mtime=0)


def takes_gzip(request: Request) -> bool:
    """The browser says so, and not with a weight of nothing."""
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = one.replace(" ", "").partition(";")
        if name == "gzip":
            return weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def sent(request: Request, data: bytes, *, compressed: bytes | None = None) -> Response:
    """Packed numbers as a response; ``compressed``: the same by `compress`, where it is at hand."""
    headers = {"Vary": "Accept-Encoding"}
    if len(data) >= SMALLEST and takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        data = compress(data) if compressed is None else compressed
    return Response(data, media_type=MEDIA_TYPE, headers=headers)
