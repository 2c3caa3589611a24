"""What a page keeps for as long as the application runs, without the context having to know of it."""

from __future__ import annotations

import threading
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from lookalike.web.context import AppContext

Thing = TypeVar("Thing")

_shelves: WeakKeyDictionary[AppContext, dict[type[Any], Any]] = WeakKeyDictionary()
_lock = threading.Lock()


def shelf(context: AppContext, kind: type[Thing]) -> Thing:
    """The one object of a class that belongs to an application, made by ``kind()`` at the first call."""
    with _lock:
        kept = _shelves.setdefault(context, {})
        if kind not in kept:
            kept[kind] = kind()
        thing: Thing = kept[kind]
        return thing
