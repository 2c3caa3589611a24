"""Measures of faces: who (descriptors), how (landmarks, mouth), where and how large, and whether there is one.

The descriptor and the 68 landmarks are dlib's (:mod:`lookalike.encoders.faces`). Landmarks are compared as shapes:
centred, brought to unit size, turning kept, because a tilted head is part of what people see as alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.similarity.cues import Cue, State, View
from lookalike.similarity.cues_vectors import cosines, learn_whitening, whiten

if TYPE_CHECKING:
    from lookalike.encoders.faces_types import Face
    from lookalike.similarity.comparator_describe import Descriptions

MOST_FACES = 4
"""So many faces of an image are looked at, the largest first."""

_FAR = np.float32(4.0)  # beyond any distance of two descriptors
_LEFT_EYE, _RIGHT_EYE = slice(36, 42), slice(42, 48)
_LIPS = (62, 66)


def by_size(faces: Sequence[Face]) -> list[Face]:
    """Faces, the largest first."""
    return sorted(faces, key=lambda face: -face.area)


def descriptor_of(face: Face) -> NDArray[np.float32]:
    """float32 (128,)."""
    return face.descriptor


def landmark_shape(face: Face) -> NDArray[np.float32]:
    """The 68 landmarks, centred and of unit size: float32 (136,)."""
    points = face.landmarks - face.landmarks.mean(axis=0)
    size = float(np.sqrt((points * points).sum()))
    return np.asarray(points.ravel() / (size or 1.0), dtype=np.float32)


def place_of(face: Face) -> NDArray[np.float32]:
    """Centre's height in the image (share), log of the face's size (share of the image's height): float32 (2,)."""
    height = float(face.image_size[0])
    middle = (face.box[1] + face.box[3]) / 2 / height
    size = max(1.0, float(np.sqrt(max(face.area, 0.0)))) / height
    return np.array([middle, np.log(size)], dtype=np.float32)


def mouth_of(face: Face) -> NDArray[np.float32]:
    """How far the mouth is open, in distances between the eyes: float32 (1,)."""
    eyes = face.landmarks[_LEFT_EYE].mean(axis=0) - face.landmarks[_RIGHT_EYE].mean(axis=0)
    gap = face.landmarks[_LIPS[0]] - face.landmarks[_LIPS[1]]
    return np.array([np.linalg.norm(gap) / max(1.0, float(np.linalg.norm(eyes)))], dtype=np.float32)


def _of_largest(
    images: Descriptions, feature: Callable[[Face], NDArray[np.float32]], dim: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A feature of each image's largest face: float32 (n, dim), zeros without a face; and who has one."""
    faces = images.faces or ()
    rows = np.zeros((len(images), dim), dtype=np.float32)
    present = np.array([len(found) > 0 for found in faces], dtype=bool)
    for row, found in enumerate(faces):
        if found:
            rows[row] = feature(by_size(found)[0])
    return rows, present


class _FaceMeasure:
    """What measures of faces share: levels where it makes sense, and no gate (both have a face anyway)."""

    needs = "faces"
    levelled = True
    gated = False


@dataclass(frozen=True)
class NearestFaces(_FaceMeasure):
    """Minus the smallest distance of a face of one image to a face of the other (TLL, section 3)."""

    name: str = "nearest faces"
    cue: str = "faces"

    def learn(self, images: Descriptions) -> State:  # noqa: ARG002
        return {}

    def view(self, state: State, images: Descriptions) -> View:  # noqa: ARG002
        faces = images.faces or ()
        rows = np.full((len(images), MOST_FACES, 128), np.nan, dtype=np.float32)
        for row, found in enumerate(faces):
            for place, face in enumerate(by_size(found)[:MOST_FACES]):
                rows[row, place] = face.descriptor
        present = np.isfinite(rows[:, 0, 0])
        return View(rows, present)

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        best = np.full((len(a), len(b)), _FAR, dtype=np.float32)
        for i in range(MOST_FACES):
            for j in range(MOST_FACES):
                rows, columns = np.isfinite(a.rows[:, i, 0]), np.isfinite(b.rows[:, j, 0])
                if rows.any() and columns.any():
                    place = np.ix_(rows, columns)
                    best[place] = np.minimum(best[place], _distances(a.rows[rows, i], b.rows[columns, j]))
        return -best


@dataclass(frozen=True)
class FaceVectors(_FaceMeasure):
    """Cosine of a whitened feature of the largest faces.

    Attributes:
        name, cue: see :class:`lookalike.similarity.cues.Cue`.
        feature: of one face.
        dim: its length.
        dims: components kept.
        exponent: of the whitening.
    """

    name: str
    cue: str
    feature: Callable[[Face], NDArray[np.float32]]
    dim: int
    dims: int
    exponent: float

    def learn(self, images: Descriptions) -> State:
        rows, present = _of_largest(images, self.feature, self.dim)
        return learn_whitening(rows[present], self.dims, self.exponent)

    def view(self, state: State, images: Descriptions) -> View:
        rows, present = _of_largest(images, self.feature, self.dim)
        white = whiten(rows, state)
        white[~present] = 0.0
        return View(white, present & bool(state))

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        return cosines(a, b)


@dataclass(frozen=True)
class FaceNumber(_FaceMeasure):
    """Minus the difference of one number of the largest faces.

    Attributes:
        name, cue: see :class:`lookalike.similarity.cues.Cue`.
        feature: of one face.
        position: which number of the feature.
    """

    name: str
    cue: str
    feature: Callable[[Face], NDArray[np.float32]]
    dim: int
    position: int
    levelled: bool = False

    def learn(self, images: Descriptions) -> State:  # noqa: ARG002
        return {}

    def view(self, state: State, images: Descriptions) -> View:  # noqa: ARG002
        rows, present = _of_largest(images, self.feature, self.dim)
        return View(rows[:, self.position : self.position + 1], present)

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        return np.asarray(-np.abs(a.rows[:, 0][:, np.newaxis] - b.rows[:, 0][np.newaxis]), dtype=np.float32)


def _distances(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    squared = (a * a).sum(axis=1)[:, np.newaxis] + (b * b).sum(axis=1)[np.newaxis] - 2 * (a @ b.T)
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)), dtype=np.float32)


MEASURES: tuple[Cue, ...] = (
    NearestFaces(),
    FaceVectors("largest face", "faces", descriptor_of, 128, 100, 0.5),
    FaceVectors("landmarks", "face layout", landmark_shape, 136, 60, 0.8),
    FaceNumber("height in image", "face layout", place_of, 2, 0),
    FaceNumber("size in image", "face layout", place_of, 2, 1),
    FaceNumber("open mouth", "face layout", mouth_of, 1, 0),
)
"""Measures of faces, for comparators fitted with faces."""
