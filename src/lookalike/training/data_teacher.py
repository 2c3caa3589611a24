"""Embeddings of one or several teachers as targets, each image's computed once and kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, normalize
from lookalike.encoders.fitted import Hashes, joined
from lookalike.errors import RecipeError, TrainingError
from lookalike.images import ImageLike
from lookalike.training.data_features import sides_of, spread
from lookalike.training.data_likeness import Likeness, likeness_of

if TYPE_CHECKING:
    from lookalike.encoders.faces import FaceEncoder
    from lookalike.progress import Progress
    from lookalike.similarity.comparator import Comparator


LEAST_KNOWN = 4
"""Images whose relations a second teacher is asked for, in a set and in a batch: three have hardly any."""


@dataclass(frozen=True)
class Teacher:
    """Who is imitated.

    Attributes:
        encoders: names of encoders (or encoders), whose unit embeddings are joined. ``faces`` beside others says nothing
            of a picture without exactly one face: its target is the others' alone, of unit length.
        whiten: bring each teacher through square root, mean with the mirror image, corpus mean, PCA and half
            whitening (:mod:`lookalike.encoders.transform`), fitted on the training images; or the file of a
            fitted whitening, for a single teacher. Descriptors of faces are only centred, whatever stands here.
        dims: components that the whitening keeps.
        exponent: of the whitening; 0.5 is half.
        weights: of the teachers: the cosine of two joined targets is the weighted mean of the teachers' cosines. Where
            one picture of two has a face, it is that of the others times the root of their share of the weights.
        partial: a second teacher that knows some images only, apart from the others; see :func:`partial_targets`.
        comparator: a fitted comparator (or its folder), who says which images of a batch people pair; see
            :mod:`lookalike.training.data_likeness`.

    Raises:
        RecipeError: no encoder, faces alone, or weights that do not fit.
    """

    encoders: tuple[str | Encoder, ...]
    whiten: bool | str = False
    dims: int = 256
    exponent: float = 0.5
    weights: tuple[float, ...] = ()
    partial: str | Encoder | None = None
    comparator: str | Comparator | None = None

    def __post_init__(self) -> None:
        if not self.encoders:
            raise RecipeError("a teacher is needed: name an encoder in data.teacher")
        if self.weights and (len(self.weights) != len(self.encoders) or min(self.weights) <= 0):
            raise RecipeError(
                f"data.teacher weights: {len(self.encoders)} numbers above 0 are needed, got {list(self.weights)}"
            )
        if isinstance(self.whiten, str) and len(self.encoders) > 1:
            raise RecipeError("data.teacher whiten: a whitening file belongs to one encoder; name only one")
        if len(self.encoders) == 1 and _is_faces(self.encoders[0]):
            raise RecipeError(
                "data.teacher.encoders: faces alone say nothing of most images; name another encoder beside them, or "
                "make them the second teacher (data.teacher.partial)"
            )

    def opened(self) -> Teacher:
        """The same with every encoder loaded.

        Raises:
            EncoderError: one cannot be had.
            ComparatorError: there is no such comparator.
        """
        from lookalike.encoders import load_encoder
        from lookalike.similarity.comparator import Comparator

        loaded = [load_encoder(one) if isinstance(one, str) else one for one in self.encoders]
        partial = load_encoder(self.partial) if isinstance(self.partial, str) else self.partial
        comparator = self.comparator
        if isinstance(comparator, str):
            comparator = Comparator.load(comparator)
        if comparator is not None:  # what it needs is asked for before anything takes long
            _ = comparator.encoder, comparator.face_encoder
        return replace(self, encoders=tuple(loaded), partial=partial, comparator=comparator)

    @property
    def fitted_pairs(self) -> Hashes | None:
        """Hashes of the human judgments that an opened teacher learned from: whoever imitates it learns of them too."""
        everyone = [*self.encoders, self.partial]
        known = [one.fitted_pairs for one in everyone if isinstance(one, Encoder)]
        if self.comparator is not None and not isinstance(self.comparator, str):
            known += [self.comparator.fitted, self.comparator.encoder.fitted_pairs]
        return joined(known)


@dataclass(frozen=True)
class Lesson:
    """What teachers say of N pictures; zeros for those that cannot be read.

    Attributes:
        targets: the teachers' joined embeddings, float32 (N, t), or None.
        partial: what the second teacher knows, float32 (N, p), zeros where nothing, or None.
        likeness: what the comparator says, or None.
        fitted_pairs: hashes of the human judgments that the teachers learned from, or None.
        notes: lines for people.
    """

    targets: NDArray[np.float32] | None = None
    partial: NDArray[np.float32] | None = None
    likeness: Likeness | None = None
    fitted_pairs: Hashes | None = None
    notes: tuple[str, ...] = ()


def taught(
    teacher: Teacher,
    pictures: Sequence[ImageLike],
    unreadable: Collection[int],
    train: NDArray[np.int64],
    progress: Progress | None = None,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Lesson:
    """What teachers say of pictures.

    Args:
        teacher: who, and how.
        pictures: N images.
        unreadable: numbers of those to leave out.
        train: numbers of those of the training rows; a whitening is fitted on them.
        progress: called as pictures are embedded.
        pairs: numbers of the first and the second pictures of the training rows, for a comparator.

    Raises:
        EncoderError, ComparatorError: a teacher cannot be had.
        ImageError, InvalidArgument, TrainingError: as :func:`teacher_targets` and :func:`partial_targets`.
    """
    if teacher.comparator is not None and pairs is None:
        raise RecipeError("data.teacher.comparator says how alike two images are; give data of pairs")
    teacher, count = teacher.opened(), len(pictures)
    readable = [number for number in range(count) if number not in unreadable]
    wanted = [pictures[number] for number in readable]
    fit_on = np.searchsorted(np.array(readable, dtype=np.int64), train)
    targets = spread(teacher_targets(teacher, wanted, fit_on, progress), readable, count)
    likeness = None
    if teacher.comparator is not None and not isinstance(teacher.comparator, str) and pairs is not None:
        likeness = likeness_of(teacher.comparator, pictures, *pairs, progress=progress)
    if not isinstance(teacher.partial, Encoder):
        return Lesson(targets, None, likeness, teacher.fitted_pairs)
    partial = spread(partial_targets(teacher.partial, wanted, progress), readable, count)
    known = int(partial[train].any(axis=1).sum())
    note = f"the second teacher, {teacher.partial.card.name}, knows {known:,} of the {len(train):,} training images"
    return Lesson(targets, partial, likeness, teacher.fitted_pairs, (note,))


def teacher_targets(
    teacher: Teacher,
    pictures: Sequence[ImageLike],
    fit_on: NDArray[np.int64] | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Targets of unit length: float32 (N, t).

    Args:
        teacher: who, and how; encoders that are names still are loaded.
        pictures: N images.
        fit_on: numbers of the pictures that the whitening is fitted on (those of the training); None: all.
        progress: called as pictures are embedded.

    Raises:
        ImageError: a picture cannot be read.
        InvalidArgument: too few pictures for a whitening.
        TrainingError: fewer than :data:`LEAST_KNOWN` pictures to fit on show one face, where ``faces`` teach.
    """
    teacher = teacher.opened()
    weights = teacher.weights or (1.0,) * len(teacher.encoders)
    parts = []
    for encoder, weight in zip(teacher.encoders, weights, strict=True):
        assert isinstance(encoder, Encoder)
        unit = normalize(_target(teacher, encoder, pictures, fit_on, progress))
        parts.append(unit * np.float32(np.sqrt(weight / sum(weights))))
    return normalize(np.concatenate(parts, axis=1))


def partial_targets(
    encoder: Encoder, pictures: Sequence[ImageLike], progress: Progress | None = None
) -> NDArray[np.float32]:
    """What a teacher that knows some images only says of each: float32 (N, p), zeros where it knows nothing.

    An encoder of faces knows the images with exactly one face: of several faces none stands for the image.

    Raises:
        ImageError: a picture cannot be read.
        TrainingError: it knows fewer than :data:`LEAST_KNOWN` of the pictures.
    """
    from lookalike.encoders.faces import FaceEncoder

    if isinstance(encoder, FaceEncoder):
        found = _single_faces(encoder, pictures, progress)
    else:
        found = sides_of(encoder, pictures, False, progress)[0]
    known = int(found.any(axis=1).sum())
    if known < LEAST_KNOWN:
        raise TrainingError(
            f"data.teacher.partial: {encoder.card.name} knows {known} of the {len(pictures):,} images, at least "
            f"{LEAST_KNOWN} are needed to relate them to one another; give images of its kind or leave it out"
        )
    return found


def _is_faces(encoder: str | Encoder) -> bool:
    from lookalike.encoders.faces import FaceEncoder

    if isinstance(encoder, str):
        return encoder.partition(":")[0] == "faces"
    return isinstance(encoder, FaceEncoder)


def _single_faces(
    encoder: FaceEncoder, pictures: Sequence[ImageLike], progress: Progress | None
) -> NDArray[np.float32]:
    """The descriptor of each image's face, float32 (N, 128); zeros where there is not exactly one."""
    from lookalike.encoders.faces import detect_cached

    found = np.zeros((len(pictures), encoder.card.dim), dtype=np.float32)
    for row, faces in zip(found, detect_cached(encoder, pictures, progress=progress), strict=True):
        if len(faces) == 1:
            row[:] = faces[0].descriptor
    return found


def _target(
    teacher: Teacher,
    encoder: Encoder,
    pictures: Sequence[ImageLike],
    fit_on: NDArray[np.int64] | None,
    progress: Progress | None,
) -> NDArray[np.float32]:
    from lookalike.encoders.faces import FaceEncoder

    if isinstance(encoder, FaceEncoder):
        return _face_target(encoder, pictures, fit_on, progress)
    if not teacher.whiten:
        return sides_of(encoder, pictures, False, progress)[0]
    from lookalike.encoders.transform import Whitening

    if isinstance(teacher.whiten, str):
        whitening = Whitening.load(teacher.whiten)
        plain, mirrored = sides_of(encoder, pictures, whitening.mirror, progress)
        return whitening.apply(plain, mirrored)
    plain, mirrored = sides_of(encoder, pictures, True, progress)
    assert mirrored is not None
    chosen = np.arange(len(plain)) if fit_on is None else fit_on
    whitening = Whitening.fit(plain[chosen], mirrored[chosen], dims=teacher.dims, exponent=teacher.exponent)
    return whitening.apply(plain, mirrored)


def _face_target(
    encoder: FaceEncoder,
    pictures: Sequence[ImageLike],
    fit_on: NDArray[np.int64] | None,
    progress: Progress | None,
) -> NDArray[np.float32]:
    """How each face differs from the mean face, float32 (N, 128); zeros where there is not exactly one."""
    found = _single_faces(encoder, pictures, progress)
    known = np.flatnonzero(found.any(axis=1))
    fitted = known if fit_on is None else np.intersect1d(known, fit_on)
    if len(fitted) < LEAST_KNOWN:
        raise TrainingError(
            f"data.teacher.encoders: {encoder.card.name} finds one face in {len(fitted)} of the training images, "
            f"at least {LEAST_KNOWN} are needed; give images of people or leave it out"
        )
    found[known] -= found[fitted].mean(axis=0)
    return found
