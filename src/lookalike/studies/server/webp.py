"""WebP files of one length: nothing but the pixels tells two of them apart.

A WebP file is a RIFF list of chunks; readers skip chunks that they do not know (container specification, section
"Unknown Chunks"), so a chunk of noise brings every file to the same size.
"""

from __future__ import annotations

import hashlib
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PAD = b"XPAD"
_KEPT = (b"ALPH", b"VP8 ", b"VP8L")


def encode(pixels: NDArray[np.uint8], canvas: tuple[int, int], quality: int) -> bytes:
    """An image scaled to fit the middle of a transparent canvas, without metadata.

    Args:
        pixels: RGB uint8, shape (h, w, 3).
        canvas: (width, height); smaller images are enlarged, so that their size tells nothing.
        quality: of the lossy coding, 0 to 100.
    """
    height, width = pixels.shape[:2]
    scale = min(canvas[0] / width, canvas[1] / height)
    size = (max(1, min(canvas[0], round(width * scale))), max(1, min(canvas[1], round(height * scale))))
    image = Image.fromarray(pixels)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    if size != canvas:
        laid = Image.new("RGBA", canvas, (0, 0, 0, 0))
        laid.paste(image, ((canvas[0] - size[0]) // 2, (canvas[1] - size[1]) // 2))
        image = laid
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return _extended(buffer.getvalue(), canvas)


def padded(data: bytes, length: int, name: str) -> bytes:
    """The file with a chunk of noise that brings it to ``length`` bytes (even, at least 8 more than it has)."""
    room = length - len(data) - 8
    noise = hashlib.shake_128(name.encode()).digest(room)
    body = data[8:] + PAD + room.to_bytes(4, "little") + noise
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _extended(data: bytes, canvas: tuple[int, int]) -> bytes:
    """The same picture in the extended format with its picture chunks only."""
    chunks = [(name, content) for name, content in _chunks(data) if name in _KEPT]
    alpha = any(name == b"ALPH" for name, _ in chunks)
    header = bytes([0x10 if alpha else 0, 0, 0, 0])
    header += (canvas[0] - 1).to_bytes(3, "little") + (canvas[1] - 1).to_bytes(3, "little")
    body = b"WEBP" + b"".join(_chunk(name, content) for name, content in [(b"VP8X", header), *chunks])
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
