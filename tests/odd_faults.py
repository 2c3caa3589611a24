"""The odd files that must be reported, and the odd names that must not matter."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.odd_parts import (
    OddFile,
    encoded,
    heif_claiming,
    jpeg_claiming,
    picture,
    png_header,
    running_as_root,
    webp_claiming,
)


def _cut(format: str, part: float = 0.6) -> Callable[[], bytes]:
    def make() -> bytes:
        # Grain, so that no format packs the picture into its first bytes.
        pixels = np.asarray(picture(96, 72), np.int16)
        grain = np.random.default_rng(1).integers(-20, 20, pixels.shape)
        data = encoded(_image(pixels + grain), format)
        return data[: int(len(data) * part)]

    return make


def _image(pixels: np.ndarray) -> object:
    from PIL import Image

    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty.jpg": ("ImageEmpty", lambda: b"", "zero bytes"),
    "text.jpg": ("NotAnImage", lambda: b"Dear diary, today I was renamed.\n" * 9, "text"),
    "html.png": (
        "NotAnImage",
        lambda: b"<!DOCTYPE html><title>404</title>",
        "an error page saved as an image",
    ),
    "svg.png": ("NotAnImage", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a drawing"),
    "pdf.tif": ("NotAnImage", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a document"),
    "zip.webp": ("NotAnImage", lambda: b"PK\x03\x04" + b"\x14\x00" * 40, "an archive"),
    "zeros.jpg": ("NotAnImage", lambda: bytes(4096), "a file that was never written out"),
    "noise.gif": ("NotAnImage", lambda: np.random.default_rng(5).bytes(4096), "random bytes"),
    "bmw.bmp": (
        "NotAnImage",
        lambda: b"BMW is a maker of motor cars, and this is a text." * 3,
        "text like a BMP",
    ),
    "p1.ppm": ("NotAnImage", lambda: b"P1 was the first of them, the others came later.", "text like a PPM"),
    "video.heic": (
        "NotAnImage",
        lambda: b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + bytes(64),
        "video",
    ),
    "cut.jpg": ("ImageTruncated", _cut("JPEG"), "cut off"),
    "cut.png": ("ImageTruncated", _cut("PNG"), "cut off"),
    "cut.webp": ("ImageTruncated", _cut("WEBP"), "cut off"),
    "cut.gif": ("ImageTruncated", _cut("GIF"), "cut off"),
    "cut.tif": ("ImageTruncated", _cut("TIFF"), "cut off"),
    "cut.bmp": ("ImageTruncated", _cut("BMP"), "cut off"),
    "cut.heic": ("ImageTruncated", _cut("HEIF"), "cut off"),
    "cut.avif": ("ImageTruncated", _cut("AVIF"), "cut off"),
    "cut.jp2": ("ImageTruncated", _cut("JPEG2000", 0.1), "cut off"),
    "header-only.jpg": ("ImageTruncated", lambda: encoded(picture(), "JPEG")[:40], "cut off in the header"),
    "three-bytes.png": ("ImageTruncated", lambda: b"\x89PN", "cut off in the signature"),
    "bomb.png": ("ImageTooLarge", lambda: png_header(60_000, 60_000), "pixel bomb"),
    "bomb.jpg": ("ImageTooLarge", lambda: jpeg_claiming(65_000, 65_000), "pixel bomb"),
    "bomb.webp": ("ImageTooLarge", lambda: webp_claiming(16_000, 16_000), "pixel bomb, animated"),
    "bomb.gif": (
        "ImageTooLarge",
        lambda: b"GIF89a\xff\xff\xff\xff" + bytes(3) + b"\x2c" + bytes(4) + b"\xff" * 4 + bytes(3),
        "pixel bomb",
    ),
    "bomb.heic": ("ImageTooLarge", lambda: heif_claiming("HEIF", 30_000, 30_000), "pixel bomb"),
    "bomb.avif": ("ImageTooLarge", lambda: heif_claiming("AVIF", 30_000, 30_000), "pixel bomb"),
}


def write_faults(folder: Path) -> list[OddFile]:
    """Write the damaged and the impossible; Unix peculiarities only where the system has them."""
    result = []
    for name, (expected, make, note) in BAD.items():
        path = folder / name
        path.write_bytes(make())
        result.append(OddFile(path, expected, note))
    directory = folder / "directory.jpg"
    directory.mkdir(exist_ok=True)
    result.append(OddFile(directory, "ImageNotFound", "a folder called .jpg"))
    return [*result, *_write_unix(folder)]


def _write_unix(folder: Path) -> list[OddFile]:
    if os.name != "posix":
        return []
    fifo, broken, loop, device = (folder / f"{n}.jpg" for n in ("fifo", "broken-link", "loop-link", "device"))
    if not fifo.exists():
        os.mkfifo(fifo)
    for link, target in ((broken, "nowhere.jpg"), (loop, "loop-link.jpg"), (device, "/dev/zero")):
        if not link.is_symlink():
            link.symlink_to(target)
    secret = folder / "no-permission.jpg"
    secret.unlink(missing_ok=True)
    secret.write_bytes(encoded(picture(), "JPEG"))
    secret.chmod(0)
    return [
        OddFile(fifo, "ImageNotFound", "a named pipe that nobody writes to"),
        OddFile(broken, "ImageNotFound", "a link to nothing"),
        OddFile(loop, "ImageNotFound", "a link to itself"),
        OddFile(device, "ImageNotFound", "a link to a device"),
        # The superuser may read everything.
        OddFile(secret, "ok" if running_as_root() else "ImageUnreadable", "no permission"),
    ]


def write_names(folder: Path) -> list[OddFile]:
    """Good images under odd names; those that the file system refuses are left out."""
    long = "/".join(["folder " + "x" * 90] * 2 + ["y" * 246 + ".png"])
    names = {
        "with space.png": "space",
        " leading and trailing .png": "spaces at both ends",
        'quote\'s "double".png': "quotes",
        "grüße-日本語-🙂.png": "beyond ASCII",
        "cafe\u0301.png": "decomposed accent",
        "new\nline.png": "newline",
        "tab\tand\\backslash.png": "tab, backslash",
        "-rf.png": "leading dash",
        "#not a comment.png": "leading hash",
        "[brackets]*?.png": "wildcards",
        "semi;$(id)&|<>.png": "shell characters",
        "a::b.png": "the archive separator",
        "UPPER.PNG": "upper case ending",
        "percent%20.png": "percent",
        "z" * 251 + ".png": "255 bytes",
        long: "a path of more than 300 characters",
    }
    data = encoded(picture(), "PNG")
    result = []
    for name, note in names.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError:
            continue
        result.append(OddFile(path, "ok", f"name: {note}"))
    return [*result, *_write_undecodable(folder, data)]


def _write_undecodable(folder: Path, data: bytes) -> list[OddFile]:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/latin-\xe9\xff.png"))
    try:
        path.write_bytes(data)
    except OSError:
        return []
    return [OddFile(path, "ok", "name is not UTF-8", listed=False)]
