"""Pixels in: anything that is an image to RGB uint8, with limits, every failure a typed error."""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import (
    ImageEmpty,
    ImageError,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    InvalidArgument,
    NotAnImage,
)
from lookalike.images.color import WHITE, to_rgb
from lookalike.images.files import read_file
from lookalike.images.formats import PREFIX_BYTES, WEAK, cut_short, describe, early_size, factory, sniff
from lookalike.images.info import DecodedImage, Exif, ImageInfo, read_exif
from lookalike.images.quiet import quiet
from lookalike.images.ref import ImageRef

ImageLike: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8] | ImageRef
"""All that stands for one image: a path, encoded bytes, a file open for reading, a Pillow image, pixels, an
`ImageRef`."""

DEFAULT_MAX_PIXELS = 200_000_000
"""Enough for the largest telephone cameras (16,320 x 12,240); 600 MB as RGB."""

DRAFT_MARGIN = 2.0
"""A JPEG is decoded at reduced scale only while both sides stay at least this many times the wanted size.

Chosen by measurement (35 JPEGs of 460 to 4,000 pixels, squash and crop to 224, MobileNetV2 embedding against
that of the full decode): least cosine 0.987 at 1.0, 0.994 at 1.25 and 1.5, 0.997 (median 0.9997) at 2.0, no
better at 3.0.
"""

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(
    source: ImageLike, *, max_pixels: int = DEFAULT_MAX_PIXELS, min_size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """The pixels of an image: RGB uint8, shape (h, w, 3), a fresh writable array.

    EXIF orientation is applied, transparency laid over white, everything brought to sRGB (rules in
    `lookalike.images.color`), the first frame of an animation taken. The content decides the format, not
    the name.

    Args:
        source: path, encoded bytes, binary file (read from where it stands), Pillow image (taken at its
            current frame), array (uint8; (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) = RGBA), or `ImageRef`.
        max_pixels: more pixels in the header than this are refused before any of them is decoded.
        min_size: (height, width) that the image will be shrunk to; a large JPEG is then decoded at a half,
            a quarter or an eighth of its scale, with both sides never below `DRAFT_MARGIN` times the larger
            of the two (so that any resize policy and orientation finds enough pixels). Other formats come
            whole.

    Raises:
        ImageNotFound, ImageUnreadable, ImageEmpty, NotAnImage, ImageTruncated, ImageTooLarge: as their
            names say.
        InvalidArgument: ``source`` is nothing that could be an image, or an array of another type or shape.
    """
    return read_image(source, max_pixels=max_pixels, min_size=min_size).pixels


def read_image(
    source: ImageLike,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    min_size: tuple[int, int] | None = None,
    name: str | None = None,
) -> DecodedImage:
    """As `decode`, with the `ImageInfo` of the full image (format, size, EXIF date and camera).

    ``name`` is how errors call an image that is given as bytes.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        name = str(getattr(source, "filename", "") or "image given as a Pillow object")
        with quiet():
            return _finish(source, name, source.format or "ARRAY", 0, max_pixels, None)
    data, own_name = read_source(source, name)
    with quiet():
        return _from_bytes(data, own_name, max_pixels, min_size)


def read_source(
    source: str | os.PathLike[str] | bytes | BinaryIO | ImageRef, name: str | None = None
) -> tuple[bytes, str]:
    """The encoded bytes of an image and the name by which to speak of it.

    Raises:
        ImageError: the bytes cannot be had.
        InvalidArgument: ``source`` is of no type that could hold encoded bytes.
    """
    if isinstance(source, ImageRef):
        return source.read(), source.name
    if isinstance(source, bytes | bytearray | memoryview):
        if not len(source):
            raise ImageEmpty(name or "image given as bytes", "there are 0 bytes")
        return bytes(source), name or "image given as bytes"
    if isinstance(source, str | os.PathLike):
        path = os.fsdecode(source)
        return read_file(path), path
    if callable(getattr(source, "read", None)):
        return _read_stream(source)
    raise InvalidArgument(
        f"no image can be read from a {type(source).__name__}; "
        "give a path, encoded bytes, an open binary file, a Pillow image or a uint8 array"
    )


def _read_stream(stream: BinaryIO) -> tuple[bytes, str]:
    name = getattr(stream, "name", None)
    name = name if isinstance(name, str) else "image given as an open file"
    try:
        data = stream.read()
    except (OSError, ValueError) as error:
        raise ImageUnreadable(name, f"the open file cannot be read ({error})") from error
    if not isinstance(data, bytes | bytearray):
        raise InvalidArgument(f"{name}: the file is open as text; open it with mode 'rb'")
    if not data:
        raise ImageEmpty(name, "there are 0 bytes from the file's current position on")
    return bytes(data), name


def _from_bytes(data: bytes, name: str, max_pixels: int, min_size: tuple[int, int] | None) -> DecodedImage:
    prefix = data[:PREFIX_BYTES]
    kind = sniff(prefix)
    if kind is None:
        if cut_short(prefix):
            raise ImageTruncated(name, f"only {len(data)} bytes are left of the file")
        raise NotAnImage(name, f"not an image: {describe(prefix)}")
    _check_pixels(early_size(kind, data), name, max_pixels)
    image = _open(data, name, kind)
    try:
        return _finish(image, name, kind, len(data), max_pixels, min_size)
    finally:
        image.close()


def _open(data: bytes, name: str, kind: str) -> Image.Image:
    """Parse the header. Pillow's own `Image.open` is avoided: its pixel limit is a global of the host
    program."""
    try:
        return cast(Image.Image, factory(kind)(io.BytesIO(data), ""))
    except ImportError as error:
        raise NotAnImage(name, f"{kind} images cannot be read by this installation ({error})") from error
    except Exception as error:
        raise _translated(error, name, kind, header=True) from error


def _finish(
    image: Image.Image, name: str, kind: str, size: int, max_pixels: int, min_size: tuple[int, int] | None
) -> DecodedImage:
    """Check, load, convert and orient an opened image."""
    _check_pixels(image.size, name, max_pixels)
    width, height = image.size
    try:
        # TIFF's EXIF must be read before loading closes the file; PNG's may stand after the pixels.
        exif = read_exif(image) if kind in ("TIFF", "JPEG") else None
        if min_size is not None and kind == "JPEG":
            _draft(image, min_size)
        image.load()
        if exif is None:
            exif = read_exif(image)
        if kind == "TIFF":  # Pillow has already turned it
            exif = Exif(1, exif.taken, exif.camera)
            width, height = image.size
        rgb = to_rgb(image)
        if exif.orientation in _TRANSPOSE:
            rgb = rgb.transpose(_TRANSPOSE[exif.orientation])
        pixels = np.array(rgb)
    except Exception as error:
        raise _translated(error, name, kind) from error
    if exif.orientation >= 5:
        width, height = height, width
    return DecodedImage(pixels, ImageInfo(width, height, kind, exif.taken, exif.camera, size))


def _draft(image: Image.Image, min_size: tuple[int, int]) -> None:
    side = max(1, round(max(min_size) * DRAFT_MARGIN))
    draft: Any = getattr(image, "draft", None)
    if draft is not None and min(image.size) >= 2 * side:
        draft(None, (side, side))


def _check_pixels(size: tuple[int, int] | None, name: str, max_pixels: int) -> None:
    if size is None:
        return
    width, height = size
    if width * height > max_pixels:
        raise ImageTooLarge(
            name, f"{width} x {height} pixels, the limit is {max_pixels:,} (raise max_pixels to allow it)"
        )
    if width < 1 or height < 1:
        raise ImageTruncated(name, f"the header says {width} x {height} pixels")


def _translated(error: Exception, name: str, kind: str, *, header: bool = False) -> ImageError:
    """The typed error for whatever a decoder raised (they parse strangers' bytes: anything can come)."""
    if isinstance(error, ImageError):
        return error
    if isinstance(error, Image.DecompressionBombError | MemoryError):
        return ImageTooLarge(name, f"the {kind} needs more memory than can be allowed ({_words(error)})")
    if "unsupported" in str(error).lower() or isinstance(error, NotImplementedError):
        return NotAnImage(name, f"a kind of {kind} that cannot be read ({_words(error)})")
    if header and kind in WEAK:
        return NotAnImage(name, f"not an image: it begins like a {kind} file, but its header makes no sense")
    return ImageTruncated(name, f"the {kind} data are damaged or end too early ({_words(error)})")


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] if text else type(error).__name__


def _from_array(array: NDArray[Any], max_pixels: int) -> DecodedImage:
    name = "image given as an array"
    shape = array.shape
    known = array.ndim == 2 or (array.ndim == 3 and shape[2] in (1, 3, 4))
    if array.dtype != np.uint8 or not known or 0 in shape:
        raise InvalidArgument(
            f"{name}: shape {shape}, type {array.dtype}; "
            "give uint8 of shape (height, width, 3), (height, width) or (height, width, 4)"
        )
    _check_pixels((shape[1], shape[0]), name, max_pixels)
    info = ImageInfo(shape[1], shape[0], "ARRAY")
    if array.ndim == 2 or shape[2] == 1:
        return DecodedImage(np.repeat(array.reshape(shape[0], shape[1], 1), 3, axis=2), info)
    if shape[2] == 4:
        return DecodedImage(np.array(to_rgb(Image.fromarray(np.ascontiguousarray(array)))), info)
    return DecodedImage(np.array(array, dtype=np.uint8, order="C"), info)


__all__ = ["DEFAULT_MAX_PIXELS", "DRAFT_MARGIN", "WHITE", "ImageLike", "decode", "read_image", "read_source"]
