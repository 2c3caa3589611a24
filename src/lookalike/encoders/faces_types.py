"""One face of an image, and a list of faces as bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument

LANDMARKS = 68
DESCRIPTOR = 128
_HEADER = struct.Struct("<4sIII")
_MARK = b"LKF1"
_FACE = np.dtype(
    [
        ("box", "<f8", (4,)),
        ("score", "<f8"),
        ("landmarks", "<f4", (LANDMARKS, 2)),
        ("descriptor", "<f4", (DESCRIPTOR,)),
    ]
)


@dataclass(frozen=True, eq=False)
class Face:
    """A face that a detector found.

    Attributes:
        box: (left, top, right, bottom) in pixels of the decoded image: the edges, so that the width is right -
            left. It may reach beyond the image where a face is cut by its border.
        landmarks: float32 (68, 2): x, y in pixels of the decoded image, in the order of the iBUG 300-W mark-up
            (jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67).
        descriptor: float32 (128,): L2 distance 0.6 and less means the same person, by dlib's own training.
        score: the detector's confidence; larger is surer, HOG and CNN have scales of their own.
        image_size: (height, width) of the decoded image.
    """

    box: tuple[float, float, float, float]
    landmarks: NDArray[np.float32]
    descriptor: NDArray[np.float32]
    score: float
    image_size: tuple[int, int]

    @property
    def width(self) -> float:
        """Of the box, in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        """Of the box, in pixels."""
        return self.box[3] - self.box[1]

    @property
    def area(self) -> float:
        """Of the box, in square pixels."""
        return self.width * self.height


def largest(faces: Sequence[Face]) -> Face | None:
    """The face of the largest box, the first of several; None when there is none."""
    return max(faces, key=lambda face: face.area, default=None)


def descriptors(faces: Sequence[Face]) -> NDArray[np.float32]:
    """Descriptors of the faces of one image: float32 (n, 128), n may be 0."""
    if not faces:
        return np.empty((0, DESCRIPTOR), dtype=np.float32)
    return np.stack([face.descriptor for face in faces])


def pack(faces: Sequence[Face]) -> bytes:
    """The faces of one image as bytes that do not depend on the machine; :func:`unpack` gives every bit back."""
    height, width = faces[0].image_size if faces else (0, 0)
    rows = np.empty(len(faces), dtype=_FACE)
    for row, face in zip(rows, faces, strict=True):
        row["box"], row["score"] = face.box, face.score
        row["landmarks"], row["descriptor"] = face.landmarks, face.descriptor
    return _HEADER.pack(_MARK, len(faces), height, width) + rows.tobytes()


def unpack(blob: bytes) -> list[Face]:
    """What :func:`pack` packed.

    Raises:
        InvalidArgument: the bytes are something else.
    """
    if len(blob) < _HEADER.size:
        raise InvalidArgument(f"packed faces have at least {_HEADER.size} bytes, got {len(blob)}")
    mark, count, height, width = _HEADER.unpack_from(blob)
    if mark != _MARK or len(blob) != _HEADER.size + count * _FACE.itemsize:
        raise InvalidArgument(f"{len(blob)} bytes that begin with {mark!r} are no packed faces")
    rows = np.frombuffer(blob, dtype=_FACE, offset=_HEADER.size)
    return [
        Face(
            box=(float(row["box"][0]), float(row["box"][1]), float(row["box"][2]), float(row["box"][3])),
            landmarks=np.array(row["landmarks"], dtype=np.float32),
            descriptor=np.array(row["descriptor"], dtype=np.float32),
            score=float(row["score"]),
            image_size=(int(height), int(width)),
        )
        for row in rows
    ]
