"""Where each image of a gallery lies on its map: computed once, kept beside the gallery."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.cache import cache_folder
from lookalike.gallery import Gallery
from lookalike.gallery.settings import GallerySettings, is_remote
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.gallery.map import Method

FORMAT = 1
METHODS = ("umap", "tsne", "pca")


@dataclass(frozen=True)
class Drawn:
    """A map as it is kept.

    Attributes:
        ids: int64 (n,), ascending.
        xy: float32 (n, 2) in [0, 1], y upwards.
        method: ``umap``, ``tsne`` or ``pca``.
        note: why another method than the one asked for was used; "" otherwise.
        token: no other map has it, not even one of another process: what is kept of a map is kept under it.
    """

    ids: NDArray[np.int64]
    xy: NDArray[np.float32]
    method: str
    note: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))


def usual_method() -> Method:
    """UMAP where it is installed, else principal components."""
    return "umap" if find_spec("umap") is not None else "pca"


def draw(location: str, method: Method, tell: Progress) -> Drawn:
    """Compute the map of a gallery and keep it on disk where that can be written to.

    Raises:
        LookalikeError: as `lookalike.gallery.map.project`.
    """
    gallery = Gallery.open(location)
    tell("drawing", 0, 0)
    found = gallery.map(method=method, seed=0)
    drawn = Drawn(found.ids, found.xy, found.method, found.note)
    write_drawn(drawn, location, gallery.settings)
    return drawn


def write_drawn(drawn: Drawn, location: str, settings: GallerySettings) -> bool:
    """Keep a map beside its gallery (an object store's: in the user's cache); False when nothing can be written."""
    file = _file(location, settings)
    head = {
        "format": FORMAT, "gallery": settings.identity, "method": drawn.method, "note": drawn.note,
    }  # fmt: skip
    fresh = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as stream:
            np.savez(stream, head=np.array(json.dumps(head)), ids=drawn.ids, xy=drawn.xy)
        fresh.replace(file)
    except OSError:
        return False
    return True


def read_drawn(location: str, settings: GallerySettings) -> Drawn | None:
    """The map that is kept, or None: none was drawn, or it cannot be used."""
    try:
        with np.load(_file(location, settings), allow_pickle=False) as kept:
            head: dict[str, Any] = json.loads(str(kept["head"]))
            ids, xy = np.asarray(kept["ids"], np.int64), np.asarray(kept["xy"], np.float32)
    except (OSError, ValueError, KeyError, EOFError):
        return None
    if head.get("format") != FORMAT or head.get("gallery") != settings.identity or xy.shape != (len(ids), 2):
        return None
    return Drawn(ids, xy, str(head.get("method")), str(head.get("note", "")))


def _file(location: str, settings: GallerySettings) -> Path:
    if is_remote(location):
        return cache_folder() / "maps" / f"{settings.identity}.npz"
    return Path(location) / "index" / "map.npz"
