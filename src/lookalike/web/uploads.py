"""Images that people gave: kept in memory under a random name, for a while, never on disk."""

from __future__ import annotations

import hashlib
import io
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from lookalike.images import decode
from lookalike.web.faults import PageError

KEPT_BYTES = 256_000_000
KEPT_IMAGES = 2_000
KEPT_SECONDS = 3_600.0
PREVIEW_SIDE = 1_280
DECODERS = threading.BoundedSemaphore(2)
"""A picture of 100 million pixels takes 300 MB while it is decoded: not twenty at once, on no page."""


@dataclass(frozen=True)
class Upload:
    """One image.

    Attributes:
        handle: 128 random bits; who knows it may see the image.
        data: as it was given.
        digest: sha256 of the data, hex.
        width, height: in pixels, the way it is shown.
        preview: WebP without metadata, long side at most 1,280 px.
        used: when it was last asked for, by the clock of `Uploads`.
    """

    handle: str
    data: bytes
    digest: str
    width: int
    height: int
    preview: bytes
    used: float

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.data) + len(self.preview)


class Uploads:
    """The images that are kept; those unused for longest go first when there is no room.

    Args:
        max_bytes: of one image.
        max_pixels: of one image.
        room: bytes of all together.
        images: how many at most.
        seconds: how long one is kept after its last use.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        max_bytes: int,
        max_pixels: int,
        *,
        room: int = KEPT_BYTES,
        images: int = KEPT_IMAGES,
        seconds: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_bytes = max_bytes
        self.max_pixels = max_pixels
        self._room = max(room, max_bytes)
        self._images = images
        self._bytes = 0
        self.seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, data: bytes) -> Upload:
        """Check and keep an image.

        Raises:
            ImageError: it is none, or has too many pixels.
            PageError: it has too many bytes (413).
        """
        if len(data) > self.max_bytes:
            raise PageError.of(413, "large_image", size=self.max_bytes // 1_000_000)
        with DECODERS:
            pixels = decode(data, max_pixels=self.max_pixels)
            height, width = pixels.shape[:2]
            preview = encode_webp(Image.fromarray(pixels), PREVIEW_SIDE)
        digest = hashlib.sha256(data).hexdigest()
        upload = Upload(secrets.token_urlsafe(16), data, digest, width, height, preview, self._clock())
        with self._lock:
            self._kept[upload.handle] = upload
            self._bytes += upload.size
            self._make_room()
        return upload

    def get(self, handle: str) -> Upload:
        """An image by its handle.

        Raises:
            PageError: it is not (or no longer) kept (404).
        """
        with self._lock:
            self._make_room()
            upload = self._kept.get(handle)
            if upload is None:
                raise PageError.of(404, "upload_gone")
            self._kept[handle] = upload = replace(upload, used=self._clock())
            self._kept.move_to_end(handle)
            return upload

    def _make_room(self) -> None:
        end = self._clock() - self.seconds
        while self._kept:
            oldest = next(iter(self._kept.values()))
            fits = self._bytes <= self._room and len(self._kept) <= self._images
            if oldest.used >= end and (fits or len(self._kept) == 1):
                return
            self._bytes -= oldest.size
            del self._kept[oldest.handle]


def encode_webp(image: Image.Image, side: int, *, quality: int = 86) -> bytes:
    """WebP without metadata, shrunk so that the long side is at most ``side`` pixels."""
    shown = image.convert("RGB")
    shown.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()
