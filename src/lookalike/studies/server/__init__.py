"""The server that participants' browsers speak to, and the researcher's dashboard.

::

    app = create_study_app([study], lambda study: store, admin_token=token)

Names are loaded when they are first used, so that ``import lookalike.studies.server`` loads no web framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.studies.server.app import create_study_app
    from lookalike.studies.server.pictures import ServedPictures

_HOME = {"create_study_app": "app", "ServedPictures": "pictures"}

__all__ = ["ServedPictures", "create_study_app"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.studies.server' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.studies.server.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
