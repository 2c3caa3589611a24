"""Which image format some bytes are in, and which Pillow plugin reads it.

Only the plugins named here are ever tried: content decides, never the file's name, and Pillow's more
adventurous readers (EPS starts Ghostscript, TGA accepts nearly anything) stay out of reach of strangers'
files.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from typing import Any

_ENDINGS = (
    "jpg jpeg jpe jfif png apng gif webp tif tiff bmp avif avifs heic heif heics heifs hif"
    " jp2 j2k jpx jpf j2c ppm pgm pbm pnm pfm"
)
EXTENSIONS: frozenset[str] = frozenset("." + ending for ending in _ENDINGS.split(" "))
"""Lower-case endings of the files that a folder source takes for images."""

PREFIX_BYTES = 64
"""How many leading bytes `sniff` wants to see (an ``ftyp`` box with its compatible brands may be long)."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
)
_PLUGINS: dict[str, tuple[str, str]] = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),  # also for MPO: its first picture is an ordinary JPEG
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "JPEG2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    "PPM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIF": ("pillow_heif", "HeifImageFile"),
}
WEAK: frozenset[str] = frozenset({"BMP", "PPM"})
"""Formats whose first bytes also begin ordinary text: a header that makes no sense means "not an image"."""

_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}
_HEIF_BRANDS = {
    b"heic",
    b"heix",
    b"hevc",
    b"hevx",
    b"heim",
    b"heis",
    b"hevm",
    b"hevs",
    b"mif1",
    b"msf1",
    b"mif2",
}
_PNM = re.compile(rb"P([1-6]|[Ff]|0CMYK|yP|7)[\s#]")
_factories: dict[str, Callable[..., Any]] = {}


def factory(name: str) -> Callable[..., Any]:
    """The Pillow image class for one of `sniff`'s formats; its module is imported on first use."""
    if name not in _factories:
        module, attribute = _PLUGINS[name]
        _factories[name] = getattr(importlib.import_module(module), attribute)
    return _factories[name]


def sniff(prefix: bytes) -> str | None:
    """The format that a file starting with ``prefix`` claims to be, or None."""
    for magic, name in _MAGIC:
        if prefix.startswith(magic):
            return name
    if prefix[:4] == b"RIFF" and prefix[8:12] == b"WEBP":
        return "WEBP"
    if prefix[4:8] == b"ftyp":
        return _iso_format(prefix)
    if prefix[:2] == b"BM" and int.from_bytes(prefix[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return "PPM" if _PNM.match(prefix) else None


def _iso_format(prefix: bytes) -> str | None:
    """AVIF or HEIF by the brands of an ISO base media ``ftyp`` box (ISO/IEC 23008-12, section 10)."""
    end = min(int.from_bytes(prefix[:4], "big"), len(prefix))
    major = prefix[8:12]
    brands = {major} | {prefix[i : i + 4] for i in range(16, end - 3, 4)}
    if major in (b"avif", b"avis") or (
        b"avif" in brands and not brands & (_HEIF_BRANDS - {b"mif1", b"msf1"})
    ):
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def cut_short(prefix: bytes) -> bool:
    """Whether so few bytes are there that not even the signature of a format is whole."""
    whole = [magic for magic, _ in _MAGIC]
    if any(len(prefix) < len(magic) and magic.startswith(prefix) for magic in whole):
        return True
    riff = prefix[:4] == b"RIFF"[: len(prefix)] and len(prefix) < 12
    iso = len(prefix) < 12 and prefix[4:8] == b"ftyp"
    return bool(prefix) and (riff or iso)


def describe(prefix: bytes) -> str:
    """What bytes that are no image look like, in a few words for an error message."""
    text = prefix.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, words in _STRANGERS:
        if text.startswith(start):
            return words
    if prefix[4:8] == b"ftyp":
        return "it looks like a video"
    if not prefix.strip(b"\x00"):
        return "it holds nothing but zero bytes"
    printable = sum(32 <= b < 127 or b in b"\t\r\n" for b in prefix)
    return (
        "it looks like text" if printable == len(prefix) else "its first bytes are in no known image format"
    )


_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"<svg", "it is an SVG drawing, which has no pixels"),
    (b"<!doctype html", "it is an HTML page"),
    (b"<html", "it is an HTML page"),
    (b"<?xml", "it is XML text"),
    (b"%pdf", "it is a PDF document"),
    (b"%!ps", "it is a PostScript document"),
    (b"pk\x03\x04", "it is a ZIP archive"),
    (b"8bps", "it is a Photoshop document; export it as PNG or TIFF"),
    (b"version https://git-lfs", "it is a Git LFS pointer; run: git lfs pull"),
)


def early_size(kind: str, data: bytes) -> tuple[int, int] | None:
    """(width, height) where the library allocates or refuses by size as soon as it sees the header.

    None where Pillow's own opening only reads the header, and where the size cannot be told.
    """
    if kind == "WEBP":
        return _webp_size(data)
    return _iso_size(data) if kind in ("HEIF", "AVIF") else None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """The canvas of a WebP file (RFC 9649, section 2.5 to 2.7); the animation decoder allocates it twice."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8 " and len(data) >= 30:
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


_CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0}


def _iso_size(data: bytes) -> tuple[int, int] | None:
    """The largest image spatial extents (``ispe``) of a HEIF or AVIF file (ISO/IEC 23008-12, section 6.5.3).

    Thumbnails and tiles have extents of their own, smaller than the picture's.
    """
    sizes = list(_extents(data, 0, len(data)))
    return max(sizes, key=lambda size: size[0] * size[1]) if sizes else None


def _extents(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start + 8 <= end:
        size, kind = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        stop = min(start + size, end) if size else end
        if kind in _CONTAINERS:
            yield from _extents(data, start + 8 + _CONTAINERS[kind], stop)
        elif kind == b"ispe" and start + 20 <= end:
            width, height = data[start + 12 : start + 16], data[start + 16 : start + 20]
            yield int.from_bytes(width, "big"), int.from_bytes(height, "big")
        if 0 < size < 8:  # 64-bit sizes occur only in media data, which come after the properties
            return
        start = stop
