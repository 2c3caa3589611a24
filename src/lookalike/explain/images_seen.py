"""One image as an explanation sees it: pixels of a handy size, the blocks of its attributes, its faces."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import MissingDependency, printable
from lookalike.explain.attributes_pixels import pixel_features
from lookalike.images import ImageLike, decode, resize

if TYPE_CHECKING:
    from lookalike.encoders.faces_types import Face

FACE_SIDE = 480
"""Faces are looked for in an image of at most so many pixels a side: those under a tenth of it are not found."""

_HANDY = 512
_SHOWN = 420

NO_DLIB = "faces were not looked for: dlib is not installed (pip install 'lookalike[faces]')"
NOT_ASKED = "faces were not looked for"


@dataclass(frozen=True, eq=False)
class SeenImage:
    """One image.

    Attributes:
        name: for people: the file's name, or "image A" where it has none.
        source: as given.
        pixels: RGB uint8 (h, w, 3), at most about 512 pixels on the longer side (more where the encoder needs more).
        features: blocks, see :func:`~lookalike.explain.attributes_pixels.pixel_features`.
        faces: found faces; None when nobody looked.
    """

    name: str
    source: ImageLike
    pixels: NDArray[np.uint8]
    features: dict[str, NDArray[np.float32]]
    faces: list[Face] | None

    def jpeg(self, side: int = _SHOWN) -> bytes:
        """A small JPEG to show, its longer side at most ``side`` pixels."""
        return jpeg_of(self.pixels, side)


def see(
    image: ImageLike, name: str, wanted: tuple[int, int], finder: FaceFinder | None, attributes: bool = True
) -> SeenImage:
    """Look at one image.

    Args:
        image: anything :func:`lookalike.images.decode` takes, except open files.
        name: used where the image has no file name.
        wanted: (height, width) that the encoder needs.
        finder: finds faces; None: nobody looks.
        attributes: False leaves the blocks out.

    Raises:
        ImageError: it cannot be read.
    """
    pixels = shrunk(decode(image, min_size=wanted), max(_HANDY, 2 * max(wanted)))
    features = pixel_features(pixels) if attributes else {}
    found = finder.faces(pixels) if finder is not None else None
    return SeenImage(_name_of(image, name), image, pixels, features, found)


class FaceFinder:
    """dlib's detector, loaded once; raises MissingDependency when made without dlib."""

    def __init__(self, encoder: Any = None) -> None:
        if encoder is None:
            from lookalike.encoders.faces import FaceEncoder

            encoder = FaceEncoder(threads=1)
        self.encoder = encoder

    def faces(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Faces in pixels of the given array."""
        found: list[Face] = self.encoder.detect([shrunk(pixels, FACE_SIDE)])[0]
        return found


def face_finder(faces: bool | Any | None) -> tuple[FaceFinder | None, str]:
    """A finder and why there is none.

    Args:
        faces: False: do not look; None: look where dlib is installed; True: it must be; or an encoder of faces.

    Raises:
        MissingDependency: ``faces`` is True and dlib is not installed.
    """
    if faces is False:
        return None, NOT_ASKED
    if faces is not None and faces is not True:
        return FaceFinder(faces), ""
    try:
        return _kept_finder(), ""
    except MissingDependency:
        if faces is True:
            raise
        return None, NO_DLIB


@cache
def _kept_finder() -> FaceFinder:
    """One for all calls: loading dlib's networks takes longer than explaining a pair (and 150 MB)."""
    return FaceFinder()


def find_faces(images: Sequence[ImageLike]) -> list[list[Face]]:
    """Faces of many images, decoded and shrunk as for a pair."""
    finder = _kept_finder()
    return [finder.faces(decode(image, min_size=(FACE_SIDE, FACE_SIDE))) for image in images]


def shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The same picture with its longer side at most ``side``; smaller ones stay as they are."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return resize(pixels, size, policy="squash", interpolation="bicubic")


def jpeg_of(pixels: NDArray[np.uint8], side: int, quality: int = 86) -> bytes:
    """JPEG bytes of RGB uint8 (h, w, 3), its longer side at most ``side`` pixels."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(shrunk(pixels, side)).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _name_of(image: ImageLike, name: str) -> str:
    if isinstance(image, str | os.PathLike):
        return printable(Path(image).name or name)
    return name
