"""Time as the store keeps it."""

from __future__ import annotations

import time

SECOND = 1_000_000
MINUTE = 60 * SECOND


def now_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1_000
