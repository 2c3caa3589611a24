"""What is known about an image besides its pixels: `ImageInfo`, read from the header and EXIF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from numpy import uint8
from numpy.typing import NDArray
from PIL import Image

_ORIENTATION, _MAKE, _MODEL, _EXIF_IFD = 0x0112, 0x010F, 0x0110, 0x8769
_ORIGINAL, _DIGITIZED = 0x9003, 0x9004


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Facts about one image.

    Attributes:
        width, height: pixels of the full image as people see it (after orientation, before any reduced
            decoding).
        format: what the content is ("JPEG", "PNG", "HEIF", "AVIF", "WEBP", ...), whatever the file's name
            says; "ARRAY" for pixels that came as an array.
        taken: when the photograph was taken (EXIF DateTimeOriginal, else DateTimeDigitized); local time, no
            zone.
        camera: maker and model (EXIF).
        bytes: size of the encoded file; 0 when there was none.
    """

    width: int
    height: int
    format: str
    taken: datetime | None = None
    camera: str | None = None
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """``pixels``: RGB uint8 (h, w, 3), writable; ``info``: facts about the full image."""

    pixels: NDArray[uint8]
    info: ImageInfo


@dataclass(frozen=True, slots=True)
class Exif:
    """The few EXIF facts that are used; ``orientation`` is 1 to 8 (TIFF 6.0, tag 274)."""

    orientation: int = 1
    taken: datetime | None = None
    camera: str | None = None


def read_exif(image: Image.Image) -> Exif:
    """The EXIF facts of an opened image; damaged EXIF counts as none."""
    if not _may_have_exif(image):
        return Exif()
    try:
        exif = image.getexif()
        orientation = exif.get(_ORIENTATION, 1)
        ifd = exif.get_ifd(_EXIF_IFD)
        taken = _date(ifd.get(_ORIGINAL)) or _date(ifd.get(_DIGITIZED))
        camera = _camera(exif.get(_MAKE), exif.get(_MODEL))
    except Exception:  # Pillow parses strangers' bytes with struct: anything can come out of it
        return Exif()
    valid = isinstance(orientation, int) and 1 <= orientation <= 8
    return Exif(orientation if valid else 1, taken, camera)


def _may_have_exif(image: Image.Image) -> bool:
    if image.format == "TIFF":
        return True
    return any(key in image.info for key in ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.split("\x00")[0].strip() if isinstance(value, str) else ""


def _date(value: object) -> datetime | None:
    try:
        return datetime.strptime(_text(value)[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _camera(make: object, model: object) -> str | None:
    maker, name = _text(make), _text(model)
    if maker and not name.lower().startswith(maker.lower()):
        name = f"{maker} {name}"
    name = "".join(c for c in " ".join(name.split()) if c.isprintable())
    return name or None
