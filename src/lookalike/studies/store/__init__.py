"""Where answers are kept: SQLite by default, PostgreSQL by URL; nothing acknowledged is ever lost.

::

    store = Store("sqlite:////data/my-study/answers.sqlite")
    store.register(study)                       # refused when the study changed since its first answer
    session = store.start_session(study, panel=PanelIds("prolific", {...}), language="en", device="desktop")
    ack = store.answer(study, session.token, 0, nonce, AnswerPayload(position=2))     # returns after the commit
    table = store.answers(study)                # pyarrow, ANSWER_SCHEMA

Names are loaded when they are first used: SQLAlchemy is only needed by those who serve or read a study.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.studies.store.engine import default_url
    from lookalike.studies.store.orders import option_order
    from lookalike.studies.store.records import Ack, PanelIds, Session, Slot, Surroundings
    from lookalike.studies.store.refusals import Refused, Unavailable
    from lookalike.studies.store.store import Store

_MODULES = {
    "engine": ("default_url",),
    "orders": ("option_order",),
    "records": ("Ack", "PanelIds", "Session", "Slot", "Surroundings"),
    "refusals": ("Refused", "Unavailable"),
    "store": ("Store",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Ack",
    "PanelIds",
    "Refused",
    "Session",
    "Slot",
    "Store",
    "Surroundings",
    "Unavailable",
    "default_url",
    "option_order",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.studies.store' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.studies.store.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
