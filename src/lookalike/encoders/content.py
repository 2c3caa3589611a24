"""What an image is called in caches: its content id."""

from __future__ import annotations

import hashlib
import io

import numpy as np

from lookalike.images import ImageLike, decode, read_source
from lookalike.images.files import content_id


class _NamedBytes(io.BytesIO):
    """The content of a file that was read once, with the name that error messages show."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def identify(image: ImageLike) -> tuple[str, ImageLike]:
    """(content id, what to decode in its place): files are read once, and what was hashed is what is decoded.

    The content id of a file is the sha256 (hex) of its bytes; that of pixels in memory is ``pixels-`` and the
    sha256 of their size and values. What is handed back can be decoded once.

    Raises:
        ImageError: the image cannot be read.
    """
    if isinstance(image, np.ndarray) or hasattr(image, "getbands"):  # pixels in memory, or a Pillow image
        pixels = decode(image)
        digest = hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes())
        return f"pixels-{digest.hexdigest()}", pixels
    content, name = read_source(image)
    return content_id(content), _NamedBytes(content, name)
