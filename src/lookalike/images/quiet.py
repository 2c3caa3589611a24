"""Pillow's warnings kept from the host program while *we* decode, in any number of threads.

``warnings.catch_warnings`` changes the whole process and is not thread-safe. Instead one filter is put at
the front of the list whose pattern matches only in threads that are inside `quiet`, and only warnings
raised by the decoders' modules. Left in place it is inert, so there is nothing to restore and nothing to
race for.
"""

from __future__ import annotations

import threading
import warnings
from types import TracebackType
from typing import Any, cast


class _InsideOurDecoding(threading.local):
    """Takes the place of the compiled module pattern of a warnings filter (Python calls ``match`` only)."""

    depth = 0
    pattern = (
        "(?!)"  # matches nothing: what scikit-learn hands to its worker threads when it copies the filters
    )

    def match(self, module: str) -> bool:
        return self.depth > 0 and module.startswith(("PIL", "pillow_heif"))


_ours = _InsideOurDecoding()
_FILTER = ("ignore", None, Warning, _ours, 0)


class quiet:  # noqa: N801 - a context manager used like a function
    """``with quiet():`` silences the decoders' warnings in this thread; what they mean becomes typed
    errors."""

    def __enter__(self) -> None:
        filters = cast(list[Any], warnings.filters)
        if not filters or filters[0] is not _FILTER:
            filters.insert(0, _FILTER)
        _ours.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ours.depth -= 1
