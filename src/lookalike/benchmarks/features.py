"""The three features of the Totally-Looks-Like paper for the images of a table, each image once, kept on disk.

G: one vector of an image (:class:`~lookalike.encoders.Encoder`). F: a descriptor of each face. GF: the generic
encoder applied to each face crop (arXiv 1803.01485, section 3).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.encoders.base import check_finite
from lookalike.encoders.cache import EmbeddingCache, embed_cached
from lookalike.errors import BenchmarkError, EncoderError, ImageError, JudgmentError, LookalikeError
from lookalike.images import decode
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.faces import Face, FaceEncoder
    from lookalike.judgments import Judgments

_AT_ONCE = 64


@dataclass(frozen=True)
class BadImage:
    """An image that cannot be used: its name in the table and the reason in words."""

    name: str
    reason: str


class Features:
    """Features of a set of images, computed when asked for and kept in the embedding cache by content.

    Args:
        images: content id (sha256 hex) -> file; the order is that of every array handed out.
        cache_folder: where embeddings and faces are kept; None: the user's cache.
        cache: False computes everything anew and keeps nothing.
        progress: told about every batch.
    """

    def __init__(
        self,
        images: Mapping[str, Path],
        *,
        cache_folder: Path | None = None,
        cache: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self.contents = tuple(images)
        self.paths = tuple(images.values())
        self.face_folder = cache_folder / "faces" if cache_folder is not None else None
        self.cache = EmbeddingCache(cache_folder / "embeddings" if cache_folder else None) if cache else None
        self.progress = progress
        self._row = {content: row for row, content in enumerate(self.contents)}
        self._faces: dict[str, list[list[Face]]] = {}

    @classmethod
    def of(cls, judgments: Judgments, columns: Sequence[str], **options: Any) -> Features:
        """The distinct images of some image columns of a table; ``options`` as for the class itself.

        Raises:
            JudgmentError: an image is not where the table says.
        """
        wanted = dict.fromkeys(content for name in columns for content in judgments.column(name))
        return cls({content: judgments.images.path(content) for content in wanted}, **options)

    def __len__(self) -> int:
        return len(self.contents)

    def rows(self, contents: Iterable[str]) -> NDArray[np.intp]:
        """Positions of images in the arrays of this object: intp (n,)."""
        return np.array([self._row[content] for content in contents], dtype=np.intp)

    def embed(self, encoder: Encoder) -> NDArray[np.float32]:
        """G: float32 (number of images, d).

        Raises:
            ImageError: an image cannot be read; the message names it.
            EncoderError: the encoder fails, whatever it raises, or gives a value that is not a number.
        """
        vectors = np.empty((len(self), encoder.card.dim), dtype=np.float32)
        known = self._known(encoder)
        missing = []
        for row, content in enumerate(self.contents):
            if content in known:
                vectors[row] = known[content]
            else:
                missing.append(row)
        stage = f"embedding: {encoder.card.name}"
        self._tell(stage, len(self) - len(missing))
        for start in range(0, len(missing), _AT_ONCE):
            rows = missing[start : start + _AT_ONCE]
            vectors[rows] = self._compute(encoder, [self.paths[row] for row in rows])
            self._tell(stage, len(self) - len(missing) + start + len(rows))
        check_finite(vectors, encoder.card.name, self.paths)  # the cache may hold what was never looked at
        return vectors

    def faces(self, encoder: FaceEncoder) -> list[list[Face]]:
        """F: the faces of each image, with box, landmarks and descriptor; an empty list where there is none.

        Raises:
            ImageError: an image cannot be read.
            MissingDependency: dlib is not installed.
        """
        key = encoder.card.fingerprint
        if key not in self._faces:
            from lookalike.encoders.faces import detect_cached

            if self.cache is None:
                self._faces[key] = [encoder.detect([path])[0] for path in self.paths]
            else:
                self._faces[key] = detect_cached(encoder, self.paths, self.face_folder, self.progress)
        return self._faces[key]

    def face_sets(self, encoder: FaceEncoder) -> list[NDArray[np.float32]]:
        """F as sets of descriptors, each float32 (n_i, 128); errors as in :meth:`faces`."""
        from lookalike.encoders.faces import descriptors

        return [descriptors(found) for found in self.faces(encoder)]

    def generic_facial(self, face_encoder: FaceEncoder, encoder: Encoder) -> list[NDArray[np.float32]]:
        """GF: the encoder's vectors of each image's face crops, each float32 (n_i, d); errors as in :meth:`embed`."""
        from lookalike.encoders.faces import face_crops, generic_facial

        faces = self.faces(face_encoder)
        with only_typed(encoder):
            if self.cache is not None and _cacheable(encoder):
                return generic_facial(
                    face_encoder, encoder, self.paths, faces=faces, cache=self.cache, progress=self.progress
                )
            sets = []
            for row, (path, found) in enumerate(zip(self.paths, faces, strict=True)):
                sets.append(encoder.embed(face_crops(path, found) if found else []))
                self._tell(f"face crops: {encoder.card.name}", row + 1)
            return sets

    def whitened(self, encoder: Encoder, *, seed: int = 0) -> NDArray[np.float32]:
        """The encoder's own vectors after a whitening fitted on these images, which knows of no pairing.

        The one path of all benchmarks: what :func:`lookalike.encoders.transform.whitened` gives.

        Args:
            encoder: as it was loaded, scaled to unit length or not.
            seed: which images are taken for the fit, where there are more than the limit of ``fit_whitening``.

        Returns:
            float32 (number of images, d'), unit length.

        Raises:
            InvalidArgument: too few images for a fit.
            ImageError, EncoderError: as :meth:`embed`.
        """
        from lookalike.encoders.transform import refuse_few, whitened

        refuse_few(len(self))
        paths = [str(path) for path in self.paths]
        cache = self.cache if _cacheable(encoder) else None
        with only_typed(encoder):
            changed = whitened(encoder, paths, cache=cache, seed=seed, progress=self.progress)
            vectors = changed.embed(paths)
        check_finite(vectors, changed.card.name, self.paths)
        return vectors

    def find_bad(self, encoder: Encoder | None = None) -> dict[str, BadImage]:
        """Images that cannot be decoded, by content id; those that the cache knows are not looked at again."""
        known = self._known(encoder) if encoder is not None else {}
        bad: dict[str, BadImage] = {}
        for row, (content, path) in enumerate(zip(self.contents, self.paths, strict=True)):
            if content not in known:
                try:
                    decode(str(path))
                except ImageError as error:
                    bad[content] = BadImage(path.name, error.reason)
            if row % _AT_ONCE == 0 or row + 1 == len(self):
                self._tell("checking the images", row + 1)
        return bad

    def _known(self, encoder: Encoder) -> dict[str, NDArray[np.float32]]:
        if self.cache is None or not _cacheable(encoder):
            return {}
        return self.cache.get_many(encoder.card.fingerprint, self.contents, encoder.card.dim)

    def _compute(self, encoder: Encoder, paths: Sequence[Path]) -> NDArray[np.float32]:
        names = [str(path) for path in paths]
        with only_typed(encoder):
            if self.cache is None or not _cacheable(encoder):
                return encoder.embed(names)
            return embed_cached(encoder, names, self.cache)

    def _tell(self, stage: str, done: int) -> None:
        if self.progress is not None:
            self.progress(stage, done, len(self))


def raw(encoder: Encoder) -> Encoder:
    """The same encoder without the scaling to unit length, on which L2 and cosine would rank alike.

    The paper compares L2 with cosine on what the network's layer gives (figure 2a). The original is not changed.
    """
    if not encoder.card.normalized:
        return encoder
    other = copy.copy(encoder)
    other.card = replace(encoder.card, normalized=False)
    return other


def images_of(judgments: Judgments, columns: Sequence[str]) -> tuple[dict[str, Path], dict[str, BadImage]]:
    """Where the distinct images of some columns lie, and which of them are not there."""
    found: dict[str, Path] = {}
    absent: dict[str, BadImage] = {}
    for name in columns:
        for content in judgments.column(name):
            if content in found or content in absent:
                continue
            try:
                found[content] = judgments.images.path(content)
            except JudgmentError as error:
                absent[content] = BadImage(judgments.images.name(content), str(error))
    if not found:
        raise BenchmarkError("none of the table's images is there; name the folder they lie in")
    return found, absent


@contextmanager
def only_typed(encoder: Encoder) -> Iterator[None]:
    """Whatever an encoder raises becomes an EncoderError, so that one of many can fail by itself."""
    try:
        yield
    except LookalikeError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise EncoderError(
            f"encoder {encoder.card.name} failed with {type(error).__name__}: {reason}"
        ) from error


def _cacheable(encoder: Encoder) -> bool:
    """False for a function without a version: its fingerprint says nothing about what it computes."""
    return bool(getattr(encoder, "cacheable", True))
