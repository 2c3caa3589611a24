"""dlib's face models: where their files lie, and one image -> its faces.

The same steps as ``face_recognition.face_encodings``: HOG detector (or the CNN, then with boxes cut at the
image's border), 5 landmarks to align the face (``landmarks="small"``, that package's default; ``"large"``
uses the 68), one descriptor without jitter. 68 landmarks are found in any case, because they are kept.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.faces_types import Face
from lookalike.errors import EncoderError, MissingDependency, WeightsNotFound
from lookalike.images import resize

PACKAGE = "face_recognition_models"
PURPOSE = "finding faces"
LARGEST_SIDE = {"hog": 1600, "cnn": 800}
"""Images with a longer side are shrunk to this many pixels first. The CNN on 1,600 x 1,200 pixels, upsampled
once, would take minutes and gigabytes."""

_SMALLEST_SIDE = 16
"""No detector finds a face on fewer pixels, upsampled, and the CNN's code fails on a row of pixels."""

_FILES = {
    "points68": "shape_predictor_68_face_landmarks.dat",
    "points5": "shape_predictor_5_face_landmarks.dat",
    "descriptor": "dlib_face_recognition_resnet_model_v1.dat",
    "cnn": "mmod_human_face_detector.dat",
}


@dataclass(frozen=True)
class FaceOptions:
    """How faces are found and described.

    Attributes:
        detector: ``hog`` (fast) or ``cnn`` (finds more turned and hidden faces, a hundred times slower).
        upsample: how often the image is doubled before the search; 1 finds faces from about 40 pixels on.
        landmarks: ``small``: the descriptor's alignment uses 5 points, ``large``: 68.
    """

    detector: Literal["hog", "cnn"] = "hog"
    upsample: int = 1
    landmarks: Literal["small", "large"] = "small"

    @property
    def name(self) -> str:
        """As a user writes the encoder: ``faces``, ``faces:cnn``, ``faces:hog-2-large``."""
        if self == FaceOptions():
            return "faces"
        words: list[str] = [self.detector]
        if self.upsample != 1:
            words.append(str(self.upsample))
        if self.landmarks == "large":
            words.append("large")
        return f"faces:{'-'.join(words)}"


def load_dlib() -> Any:
    """The module ``dlib``.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import dlib
    except ImportError as error:
        raise MissingDependency("dlib", "faces", PURPOSE) from error
    return dlib


def weight_files(options: FaceOptions) -> dict[str, Path]:
    """The files of weights that the options need: ``points68``, ``points5``, ``descriptor``, ``cnn``.

    The package that brings them is found, never imported: importing it needs pkg_resources, which newer
    setuptools no longer have.

    Raises:
        MissingDependency: the package is not installed.
        WeightsNotFound: it is there without one of the files.
    """
    try:
        spec = find_spec(PACKAGE)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency(PACKAGE, "faces", PURPOSE)
    folder = Path(next(iter(spec.submodule_search_locations))) / "models"
    wanted = [name for name in _FILES if name != "cnn" or options.detector == "cnn"]
    files = {name: folder / _FILES[name] for name in wanted}
    for file in files.values():
        if not file.is_file():
            raise WeightsNotFound(
                f"{file} is missing: install the package again with pip install --force-reinstall {PACKAGE}"
            )
    return files


class FaceModels:
    """The loaded networks; they are loaded when first used (2 s, 150 MB). May be used from several threads."""

    def __init__(self, options: FaceOptions) -> None:
        self.options = options
        self._files = weight_files(options)
        self._dlib = load_dlib()
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}

    def faces(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """The faces of RGB uint8 (h, w, 3) in the detector's order (surest first).

        Raises:
            EncoderError: dlib cannot handle the image (out of memory).
        """
        height, width = pixels.shape[:2]
        image = np.ascontiguousarray(_shrunk(pixels, LARGEST_SIDE[self.options.detector]))
        if min(image.shape[:2]) << self.options.upsample < _SMALLEST_SIDE:
            return []
        scale = np.array([width / image.shape[1], height / image.shape[0]])
        # dlib's networks keep the state of a pass inside, so one image at a time.
        with self._lock:
            try:
                found = self._detect(image)
                return [self._face(image, box, score, scale, (height, width)) for box, score in found]
            except (RuntimeError, MemoryError) as error:
                words = " ".join(str(error).split())[:120] or "out of memory"
                raise EncoderError(
                    f"dlib cannot look for faces in an image of {width} x {height} pixels ({words}); "
                    "use a smaller image or less upsampling"
                ) from error

    def _detect(self, image: NDArray[np.uint8]) -> list[tuple[Any, float]]:
        detector, upsample = self._model(self.options.detector), self.options.upsample
        if self.options.detector == "hog":
            boxes, scores, _ = detector.run(image, upsample, 0.0)
            return list(zip(boxes, map(float, scores), strict=True))
        return [(self._inside(one.rect, image), float(one.confidence)) for one in detector(image, upsample)]

    def _inside(self, box: Any, image: NDArray[np.uint8]) -> Any:
        height, width = image.shape[:2]
        return self._dlib.rectangle(
            max(box.left(), 0), max(box.top(), 0), min(box.right(), width), min(box.bottom(), height)
        )

    def _face(
        self,
        image: NDArray[np.uint8],
        box: Any,
        score: float,
        scale: NDArray[np.float64],
        size: tuple[int, int],
    ) -> Face:
        points = self._model("points68")(image, box)
        aligned = points if self.options.landmarks == "large" else self._model("points5")(image, box)
        descriptor = self._model("descriptor").compute_face_descriptor(image, aligned, 1)
        places = np.array([(part.x, part.y) for part in points.parts()]) * scale
        # dlib's right and bottom are the last pixel inside; ours are the edges.
        edges = (box.left(), box.top(), box.right() + 1, box.bottom() + 1)
        left, top, right, bottom = (float(e * s) for e, s in zip(edges, [*scale, *scale], strict=True))
        return Face(
            box=(left, top, right, bottom),
            landmarks=places.astype(np.float32),
            descriptor=np.array(descriptor, dtype=np.float32),
            score=score,
            image_size=size,
        )

    def _model(self, name: str) -> Any:
        if name not in self._loaded:
            makers = {
                "hog": lambda: self._dlib.get_frontal_face_detector(),
                "cnn": lambda: self._dlib.cnn_face_detection_model_v1(str(self._files["cnn"])),
                "points68": lambda: self._dlib.shape_predictor(str(self._files["points68"])),
                "points5": lambda: self._dlib.shape_predictor(str(self._files["points5"])),
                "descriptor": lambda: self._dlib.face_recognition_model_v1(str(self._files["descriptor"])),
            }
            try:
                self._loaded[name] = makers[name]()
            except RuntimeError as error:
                words = " ".join(str(error).split())[:120]
                raise WeightsNotFound(
                    f"dlib cannot read its weights for {name} ({words}): install the package again with "
                    f"pip install --force-reinstall {PACKAGE}"
                ) from error
        return self._loaded[name]


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    factor = side / max(height, width)
    return resize(pixels, (max(1, round(height * factor)), max(1, round(width * factor))))
