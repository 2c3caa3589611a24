"""Numbers for a page's script: a JSON header, then raw little-endian arrays (read by ``web/src/app/map/packed.ts``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response

MEDIA_TYPE = "application/vnd.lookalike.packed"


def pack(header: Mapping[str, Any], parts: Sequence[NDArray[Any] | bytes] = ()) -> bytes:
    """Four bytes with the header's length, the header as JSON padded to end at a multiple of eight, the parts."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-(len(text) + 4) % 8)
    pieces = [len(text).to_bytes(4, "little"), text]
    for part in parts:
        pieces.append(part if isinstance(part, bytes) else _little(part).tobytes())
    return b"".join(pieces)


def packed_response(header: Mapping[str, Any], parts: Sequence[NDArray[Any] | bytes] = ()) -> Response:
    """`pack` as a response that a browser does not keep."""
    return Response(pack(header, parts), media_type=MEDIA_TYPE)


def _little(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
