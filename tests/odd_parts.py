"""What the odd image files (see odd_files.py) are put together from."""

from __future__ import annotations

import io
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

SIZE = (48, 36)  # width, height of most of them


@dataclass(frozen=True, slots=True)
class OddFile:
    """One odd file: ``expected`` is "ok", or the class name of the error that reading it must raise."""

    path: Path
    expected: str
    note: str
    listed: bool = True  # whether a folder source yields it; a name that is not UTF-8 becomes a problem


def picture(width: int = SIZE[0], height: int = SIZE[1]) -> Image.Image:
    """A smooth colourful picture: red grows to the right, green downwards; no two corners alike."""
    x = np.linspace(20, 235, width)[None, :]
    y = np.linspace(20, 235, height)[:, None]
    pixels = np.stack(np.broadcast_arrays(x, y, np.full((1, 1), 96.0)), axis=-1)
    return Image.fromarray(np.rint(pixels).astype(np.uint8))


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """The image as the bytes of a file."""
    out = io.BytesIO()
    if format == "HEIF":
        import pillow_heif

        pillow_heif.from_pillow(image).save(out, **options)
    else:
        image.save(out, format, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be so large and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\x00" * 100)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def png_16_bit_rgb() -> bytes:
    """A 16-bit RGB PNG (Pillow cannot write one): the samples of `picture` times 257."""
    samples = (np.asarray(picture()).astype(np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\x00" + row.tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", *SIZE, 16, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG whose frame header claims another size."""
    data = bytearray(encoded(picture(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    """An animated WebP whose canvas claims another size."""
    frames = [picture(), picture().rotate(180)]
    data = bytearray(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def heif_claiming(format: str, width: int, height: int) -> bytes:
    """A HEIF or AVIF whose image spatial extents (``ispe``) claim another size."""
    data = bytearray(encoded(picture(), format))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


def with_profile(image: Image.Image, profile: bytes, format: str = "PNG") -> bytes:
    """The image with an ICC profile embedded."""
    return encoded(image, format, icc_profile=profile)


def srgb_profile() -> bytes:
    """An sRGB profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """A profile whose red primary is sRGB's green and the other way round: no one can overlook it."""
    data = bytearray(srgb_profile())
    end = 132 + 12 * int.from_bytes(data[128:132], "big")
    tags = {bytes(data[i : i + 4]): i for i in range(132, end, 12)}
    red, green = tags[b"rXYZ"] + 4, tags[b"gXYZ"] + 4
    data[red : red + 8], data[green : green + 8] = data[green : green + 8], data[red : red + 8]
    return bytes(data)


def exif(
    orientation: int | None = None, taken: str | None = None, make: str = "", model: str = ""
) -> Image.Exif:
    """EXIF with what is given."""
    result = Image.Exif()
    for tag, value in ((0x0112, orientation), (0x010F, make), (0x0110, model)):
        if value:
            result[tag] = value
    if taken:
        result.get_ifd(0x8769)[0x9003] = taken
    return result


def keyed_palette() -> Image.Image:
    """A palette picture whose entry 0 is transparent."""
    image = picture().quantize(32)
    image.info["transparency"] = 0
    return image


def numbers(dtype: Any, high: float) -> NDArray[Any]:
    """A ramp from 0 to ``high``, left to right, of picture size."""
    return np.broadcast_to(np.linspace(0, high, SIZE[0]), SIZE[::-1]).astype(dtype)


def running_as_root() -> bool:
    """Permissions do not bind the superuser: what is unreadable to others it reads."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
