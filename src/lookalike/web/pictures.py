"""One image that a request speaks of: an upload by its handle, or a row of a gallery."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lookalike.images import ImageLike, crop_box, decode
from lookalike.web.context import AppContext
from lookalike.web.faults import PageError
from lookalike.web.uploads import DECODERS

Fractions = tuple[float, float, float, float]
"""(left, top, right, bottom) as shares of width and height, in [0, 1]."""

_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Picture:
    """An image.

    Attributes:
        key: the same for the same content and crop; for caches.
        source: what `lookalike.images.decode` takes.
        url: where a browser finds it.
        name: for people.
        gallery: whose row it is; "" for an upload.
    """

    key: str
    source: ImageLike
    url: str
    name: str
    gallery: str = ""


def picture_of(context: AppContext, reference: str) -> Picture:
    """A picture by what an address says: ``HANDLE`` of an upload, or ``GALLERY:ID``.

    Raises:
        PageError: there is no such picture (404).
    """
    gallery, found, row = reference.rpartition(":")
    if not found:
        upload = context.uploads.get(reference)
        return Picture(upload.digest, upload.data, f"/api/images/{upload.handle}", "")
    if not _NUMBER.fullmatch(row):
        raise PageError.of(404, "no_image")
    return row_picture(context, gallery, int(row))


def row_picture(context: AppContext, gallery: str, row_id: int) -> Picture:
    """A row of a gallery.

    Raises:
        PageError: there is no such row (404).
    """
    from urllib.parse import quote

    served = context.gallery(gallery)
    source = served.source_of(row_id)
    rows = served.snapshot().rows([row_id])
    version = served.snapshot().version
    url = f"/g/{quote(gallery, safe='')}/image/{row_id}?size=full"
    return Picture(f"{gallery}:{row_id}:{version}", source, url, rows[0].name if rows else "", gallery)


def cut(source: ImageLike, crop: Fractions | None, *, max_pixels: int) -> ImageLike:
    """The part of an image that a box in shares selects (at least 8 pixels a side); the image itself without one."""
    if crop is None:
        return source
    with DECODERS:
        pixels = decode(source, max_pixels=max_pixels)
    height, width = pixels.shape[:2]
    left, right = (round(crop[i] * width) for i in (0, 2))
    top, bottom = (round(crop[i] * height) for i in (1, 3))
    left, top = max(0, min(left, width - 8)), max(0, min(top, height - 8))
    return crop_box(pixels, (left, top, min(width, max(right, left + 8)), min(height, max(bottom, top + 8))))
