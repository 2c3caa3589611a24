"""Values as JSON can hold them."""

from __future__ import annotations

from typing import Any


def finite(value: Any) -> Any:
    """A document with the numbers that JSON lacks (infinity, NaN) as None and keys as text."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return finite(value.item())
    return value
