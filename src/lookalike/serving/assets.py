"""Where the pages' built scripts and styles are, and how they are served.

Vite writes them into ``lookalike/serving/static`` (one folder for each page: ``study/index.js``,
``study/index.css`` ...); they ship inside the wheel.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.errors import ServeError

if TYPE_CHECKING:
    from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).resolve().parent / "static"


def assets_folder(page: str, *, root: Path = STATIC) -> Path:
    """The folder with the built files of a page.

    Raises:
        ServeError: they have not been built.
    """
    folder = root / page
    if not (folder / "index.js").is_file():
        raise ServeError("pages are not built: install Node 20 and run `make pages`")
    return folder


def asset_urls(page: str, *, root: Path = STATIC) -> dict[str, str]:
    """``{"script": url, "style": url}`` of a page, stamped by content so that browsers notice a new build.

    Raises:
        ServeError: they have not been built.
    """
    folder = assets_folder(page, root=root)
    found = {}
    for kind, name in (("script", "index.js"), ("style", "index.css")):
        file = folder / name
        stamp = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "0"
        found[kind] = f"/assets/{page}/{name}?v={stamp}"
    return found


def asset_app(folder: Path, *, seconds: int = 3600) -> StaticFiles:
    """An application that serves the files of a folder (no listing, no links out of it), cached for a while."""
    from starlette.responses import Response
    from starlette.staticfiles import StaticFiles
    from starlette.types import Scope

    class Cached(StaticFiles):
        async def get_response(self, path: str, scope: Scope) -> Response:
            response = await super().get_response(path, scope)
            if response.status_code in (200, 304):
                response.headers["cache-control"] = f"public, max-age={seconds}"
            return response

    return Cached(directory=folder, follow_symlink=False)
