"""The web application: galleries, comparisons, games and results in a browser, and the same as a REST API.

::

    app = create_app(WebSettings(galleries={"photos": Path("photos.gallery")}))

Names are loaded when they are first used, so that ``import lookalike.web`` loads no web framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.web.app import create_app
    from lookalike.web.settings import WebSettings

_HOME = {"create_app": "app", "WebSettings": "settings"}

__all__ = ["WebSettings", "create_app"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.web' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.web.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
