"""Encoder ``faces``: the faces of an image, each with box, landmarks and dlib's 128-d descriptor.

The face features (F) of Totally-Looks-Like (arXiv 1803.01485, section 3). An image has several faces or none,
so it is a *set* of vectors: compare sets with :func:`lookalike.similarity.set_distance_matrix`, which gives
+inf where either image has no face.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import re
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing
from lookalike.encoders.faces_cache import FaceCache, detect_cached
from lookalike.encoders.faces_crops import face_crops, generic_facial
from lookalike.encoders.faces_models import LARGEST_SIDE, FaceModels, FaceOptions, load_dlib, weight_files
from lookalike.encoders.faces_types import DESCRIPTOR, Face, descriptors, largest, pack, unpack
from lookalike.encoders.faces_worker import FaceWorker, WorkerLost
from lookalike.encoders.onnx_weights import remembered_sha256
from lookalike.encoders.parallel import check_threads
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import UnknownEncoder, printable
from lookalike.images import ImageLike, decode

__all__ = [
    "Face",
    "FaceCache",
    "FaceEncoder",
    "FaceOptions",
    "descriptors",
    "detect_cached",
    "face_crops",
    "generic_facial",
    "largest",
    "load",
    "pack",
    "parse_options",
    "unpack",
]

MOST_UPSAMPLING = 4
WORTH_WORKERS = 24
"""Fewer images than this are done before other processes would be ready (2 s)."""

_ARGUMENT = re.compile(r"(hog|cnn)(?:-([0-9]+))?(-large)?")
_VERSION = 1


def parse_options(argument: str) -> FaceOptions:
    """What stands behind ``faces:`` -> options: ``hog`` or ``cnn``, then ``-UPSAMPLE``, then ``-large``.

    Examples: '' (HOG, upsampled once), ``cnn``, ``hog-2``, ``cnn-0``, ``hog-large``.

    Raises:
        UnknownEncoder: it is written otherwise.
    """
    if not argument:
        return FaceOptions()
    match = _ARGUMENT.fullmatch(argument)
    if match is None or int(match[2] or 1) > MOST_UPSAMPLING:
        raise UnknownEncoder(
            f"faces:{printable(argument)} is not understood; write faces, faces:cnn, or faces:DETECTOR-UPSAMPLE "
            f"with hog or cnn and 0 to {MOST_UPSAMPLING} (faces:hog-2), with -large behind it for an alignment "
            "by 68 landmarks instead of 5"
        )
    return FaceOptions(
        cast(Literal["hog", "cnn"], match[1]), int(match[2] or 1), "large" if match[3] else "small"
    )


class FaceEncoder(Encoder):
    """dlib's detectors, landmarks and descriptor; numbers equal ``face_recognition.face_encodings``.

    Images are decoded at full size. One with a long side above 1,600 pixels (CNN: 800) is shrunk to that for
    the search; boxes and landmarks are given in pixels of the decoded image all the same.

    :meth:`embed` must give one vector for every image: it is the descriptor of the largest face, and a zero
    row where there is none. The cosine distance of a zero row to anything, another zero row too, is 1 (that
    is, nothing in common); Euclidean distances of such rows mean nothing, so use :meth:`embed_sets` for them.

    Args:
        options: detector, upsampling, landmarks.
        threads: processes that look for faces at once when there are many images; None: one for each core.

    Raises:
        MissingDependency: dlib or the package with its weights is not installed.
        WeightsNotFound: a file of weights is missing.
    """

    batch_size = 64

    def __init__(self, options: FaceOptions | None = None, threads: int | None = None) -> None:
        self.options = options or FaceOptions()
        self.threads = check_threads(threads)
        self.card = _card(self.options)
        self._models = FaceModels(self.options)
        self._team = _Team(self.options)
        weakref.finalize(self, self._team.close)

    def detect(self, images: Sequence[ImageLike]) -> list[list[Face]]:
        """The faces of each image, surest first; order of images kept, an image without faces is [].

        Args:
            images: n of anything :func:`lookalike.images.decode` takes.

        Raises:
            ImageError: an image cannot be read; says which.
        """
        workers = min(self.threads, len(images))
        if workers < 2 or (len(images) < WORTH_WORKERS and not self._team.running):
            return [self._models.faces(decode(image)) for image in images]
        self._team.grow(workers)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="lookalike-faces")
        try:
            return list(pool.map(self._detect_one, images))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def embed_sets(self, images: Sequence[ImageLike]) -> list[NDArray[np.float32]]:
        """Descriptors of all faces of each image: n arrays float32 (n_i, 128), n_i may be 0.

        Raises:
            ImageError: an image cannot be read.
        """
        return [descriptors(faces) for faces in self.detect(images)]

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        """Descriptor of the largest face of each image, a zero row where there is none: float32 (n, 128).

        Raises:
            ImageError: an image cannot be read.
        """
        rows = np.zeros((len(images), DESCRIPTOR), dtype=np.float32)
        for row, faces in zip(rows, self.detect(images), strict=True):
            face = largest(faces)
            if face is not None:
                row[:] = face.descriptor
        return rows

    @property
    def wanted_size(self) -> tuple[int, int]:
        """So large that no JPEG is decoded at reduced scale: the faces must not depend on who decodes."""
        return 1_000_000, 1_000_000

    def close(self) -> None:
        """End the processes that help with many images; they start again when needed."""
        self._team.close()

    def _detect_one(self, image: ImageLike) -> list[Face]:
        pixels = decode(image)
        found = self._team.faces(pixels)
        return self._models.faces(pixels) if found is None else found

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.embed(pixels)


class _Team:
    """The worker processes of one encoder; several threads may ask it at once."""

    def __init__(self, options: FaceOptions) -> None:
        self._options = options
        self._free: queue.SimpleQueue[FaceWorker] = queue.SimpleQueue()
        self._all: set[FaceWorker] = set()
        self._owner = os.getpid()

    @property
    def running(self) -> bool:
        return bool(self._all) and self._owner == os.getpid()

    def grow(self, count: int) -> None:
        if self._owner != os.getpid():  # forked: the parent's processes are not ours
            self._free, self._all, self._owner = queue.SimpleQueue(), set(), os.getpid()
        with contextlib.suppress(WorkerLost):
            while len(self._all) < count:
                worker = FaceWorker(self._options)
                self._all.add(worker)
                self._free.put(worker)

    def faces(self, pixels: NDArray[np.uint8]) -> list[Face] | None:
        """None when no worker gives an answer."""
        try:
            worker = self._free.get_nowait()
        except queue.Empty:
            return None
        found: list[Face] | None = None
        try:
            with contextlib.suppress(WorkerLost):
                found = worker.faces(pixels)
        finally:
            if found is None:  # also when interrupted: half an answer may still be on its way
                self._all.discard(worker)
                worker.close()
            else:
                self._free.put(worker)
        return found

    def close(self) -> None:
        if self._owner == os.getpid():
            self._free = queue.SimpleQueue()
            while self._all:
                self._all.pop().close()


def _card(options: FaceOptions) -> EncoderCard:
    files = weight_files(options)
    digests = [remembered_sha256(file) for file in files.values()]
    version = str(getattr(load_dlib(), "__version__", "unknown"))
    return EncoderCard(
        name=options.name,
        dim=DESCRIPTOR,
        input_size=(150, 150),
        preprocessing=Preprocessing(resize="crop", interpolation="bilinear"),
        normalized=False,
        licence="BSL-1.0 (dlib), CC0-1.0 (weights); the 68 landmarks learned from iBUG 300-W: not for commercial use",
        source="face_recognition_models, from github.com/davisking/dlib-models",
        training_data="about 3 million faces of 7,485 people (FaceScrub, VGG and others)",
        size_bytes=sum(file.stat().st_size for file in files.values()),
        sha256=hashlib.sha256("\n".join(digests).encode()).hexdigest(),
        version=_VERSION,
        details={
            "detector": options.detector,
            "upsample": options.upsample,
            "landmarks": options.landmarks,
            "largest_side": LARGEST_SIDE[options.detector],
            "dlib": version,
        },
        title="dlib face descriptor",
    )


def load(argument: str, options: EncoderOptions) -> FaceEncoder:
    """``faces:ARGUMENT`` (see :func:`parse_options`); of the options only ``threads`` applies."""
    return FaceEncoder(parse_options(argument), options.threads)
