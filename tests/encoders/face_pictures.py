"""Pictures with a known number of faces, and one encoder for all tests of faces."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.faces_types import Face


@functools.cache
def face_encoder():  # type: ignore[no-untyped-def]
    """HOG, upsampled once; loading dlib's networks takes two seconds, so they are loaded once."""
    from lookalike.encoders.faces import FaceEncoder

    return FaceEncoder(threads=1)


@functools.cache
def astronaut() -> NDArray[np.uint8]:
    """scikit-image's astronaut, her head and shoulders: uint8 (256, 256, 3), one face; not to be written to."""
    from skimage.data import astronaut as whole

    pixels = np.ascontiguousarray(whole()[:256, 120:376])
    pixels.flags.writeable = False
    return pixels


@functools.cache
def found_on(picture: str) -> tuple[Face, ...]:
    """What the encoder finds on ``astronaut``, ``two_faces`` or ``no_face``: looked for once, because dlib is slow."""
    pictures = {"astronaut": astronaut, "two_faces": two_faces, "no_face": no_face}
    return tuple(face_encoder().detect([pictures[picture]()])[0])


def two_faces() -> NDArray[np.uint8]:
    """The same twice, side by side: uint8 (256, 512, 3), two faces."""
    return np.concatenate([astronaut(), astronaut()], axis=1)


def no_face(seed: int = 0) -> NDArray[np.uint8]:
    """Noise: uint8 (64, 80, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (64, 80, 3), dtype=np.uint8)
