"""Embeddings of one or several teachers as targets, each image's computed once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, normalize
from lookalike.errors import RecipeError
from lookalike.images import ImageLike
from lookalike.training.data_features import sides_of

if TYPE_CHECKING:
    from lookalike.progress import Progress


@dataclass(frozen=True)
class Teacher:
    """Who is imitated.

    Attributes:
        encoders: names of encoders (or encoders), whose unit embeddings are joined.
        whiten: bring each teacher through square root, mean with the mirror image, corpus mean, PCA and half
            whitening (:mod:`lookalike.encoders.transform`), fitted on the training images; or the file of a
            fitted whitening, for a single teacher.
        dims: components that the whitening keeps.
        exponent: of the whitening; 0.5 is half.
        weights: of the teachers: the cosine of two joined targets is the weighted mean of the teachers' cosines.

    Raises:
        RecipeError: no encoder, or weights that do not fit.
    """

    encoders: tuple[str | Encoder, ...]
    whiten: bool | str = False
    dims: int = 256
    exponent: float = 0.5
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.encoders:
            raise RecipeError("a teacher is needed: name an encoder in data.teacher")
        if self.weights and (len(self.weights) != len(self.encoders) or min(self.weights) <= 0):
            raise RecipeError(
                f"data.teacher weights: {len(self.encoders)} numbers above 0 are needed, got {list(self.weights)}"
            )
        if isinstance(self.whiten, str) and len(self.encoders) > 1:
            raise RecipeError("data.teacher whiten: a whitening file belongs to one encoder; name only one")


def teacher_targets(
    teacher: Teacher,
    pictures: Sequence[ImageLike],
    fit_on: NDArray[np.int64] | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Targets of unit length: float32 (N, t).

    Args:
        teacher: who, and how.
        pictures: N images.
        fit_on: numbers of the pictures that the whitening is fitted on (those of the training); None: all.
        progress: called as pictures are embedded.

    Raises:
        ImageError: a picture cannot be read.
        InvalidArgument: too few pictures for a whitening.
    """
    from lookalike.encoders import load_encoder

    weights = teacher.weights or (1.0,) * len(teacher.encoders)
    parts = []
    for named, weight in zip(teacher.encoders, weights, strict=True):
        encoder = load_encoder(named) if isinstance(named, str) else named
        unit = normalize(_target(teacher, encoder, pictures, fit_on, progress))
        parts.append(unit * np.float32(np.sqrt(weight / sum(weights))))
    return normalize(np.concatenate(parts, axis=1))


def _target(
    teacher: Teacher,
    encoder: Encoder,
    pictures: Sequence[ImageLike],
    fit_on: NDArray[np.int64] | None,
    progress: Progress | None,
) -> NDArray[np.float32]:
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
