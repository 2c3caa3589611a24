"""HTTP plumbing that the server of studies and the web application share: protection, tokens, assets, running.

::

    app = FastAPI()
    protect(app, Policy(hosts=allowed_hosts("127.0.0.1", None)))   # headers, hosts, CSRF, sizes, rates
    install_faults(app)                                            # every error is {"error": "one line"}
    serve(app, Listening(port=8321))                               # uvicorn, loopback unless told otherwise

Names are loaded when they are first used, so that ``import lookalike.serving`` loads no web framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.serving.assets import asset_app, asset_urls, assets_folder
    from lookalike.serving.faults import install_faults
    from lookalike.serving.limits import RateRule, RateTable
    from lookalike.serving.run import Listening, allowed_hosts, serve
    from lookalike.serving.security import Policy, content_security_policy, protect
    from lookalike.serving.tokens import AdminDoor, read_or_make_token

_MODULES = {
    "assets": ("asset_app", "asset_urls", "assets_folder"),
    "faults": ("install_faults",),
    "limits": ("RateRule", "RateTable"),
    "run": ("Listening", "allowed_hosts", "serve"),
    "security": ("Policy", "content_security_policy", "protect"),
    "tokens": ("AdminDoor", "read_or_make_token"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AdminDoor",
    "Listening",
    "Policy",
    "RateRule",
    "RateTable",
    "allowed_hosts",
    "asset_app",
    "asset_urls",
    "assets_folder",
    "content_security_policy",
    "install_faults",
    "protect",
    "read_or_make_token",
    "serve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.serving' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.serving.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
