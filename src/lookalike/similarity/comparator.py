"""Similarity conditioned on both images: the open question of Totally-Looks-Like (arXiv 1803.01485, section 6).

A :class:`Comparator` weighs many cues of both images; which weights hold depends on the pair (whether both, one or
none has a face). It is learned from pairs that people made, says a probability, and shows what each cue added.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder, EncoderOptions, absolute_spec, load_encoder
from lookalike.errors import ComparatorError
from lookalike.images import ImageLike
from lookalike.progress import Progress
from lookalike.similarity.comparator_describe import Descriptions, describe, load_faces
from lookalike.similarity.comparator_model import (
    EVEN_ODDS,
    Trained,
    check_pairs,
    fit_described,
    score_matrix,
    to_probability,
)
from lookalike.similarity.comparator_pairs import hashes_of_images
from lookalike.similarity.comparator_space import Prepared

if TYPE_CHECKING:
    from lookalike.encoders.faces import FaceEncoder
    from lookalike.similarity.comparator_rerank import Reranked


@dataclass(eq=False)
class Comparator:
    """Scores pairs of images. Use :meth:`fit` or :meth:`load`.

    A score is the log odds that the pair was made by a person rather than by chance, one pair of each kind being
    offered (even odds); larger is more alike. ``score(a, b)`` equals ``score(b, a)`` up to float32 rounding.

    Attributes:
        trained: what was learned.
        encoder_spec: name of the encoder.
        fingerprint: of the encoder that it was fitted with.
        face_spec: name of the encoder of faces; None when faces are not looked at.
        face_fingerprint: of that encoder; '' without.
        fitted: hashes of the pairs it was fitted on (:mod:`lookalike.similarity.comparator_pairs`), uint64 (n,); None
            where an older lookalike saved it.
    """

    trained: Trained
    encoder_spec: str
    fingerprint: str
    face_spec: str | None = None
    face_fingerprint: str = ""
    options: EncoderOptions | None = None
    fitted: NDArray[np.uint64] | None = None
    _encoder: Encoder | None = field(default=None, repr=False)
    _faces: FaceEncoder | None = field(default=None, repr=False)

    @classmethod
    def fit(
        cls,
        left: Sequence[ImageLike],
        right: Sequence[ImageLike],
        *,
        encoder: str | Encoder,
        faces: bool | str | FaceEncoder = True,
        cues: Iterable[str] | None = None,
        options: EncoderOptions | None = None,
        cache: bool = True,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Comparator:
        """Learn from pairs: people put ``left[i]`` and ``right[i]`` together.

        Args:
            left: n images.
            right: n images.
            encoder: name of an encoder, or one; with a feature map it also gives the cue ``local``.
            faces: True: the encoder ``faces``; False: no faces; or another encoder of faces (``faces:cnn``).
            cues: use these cues only; None: all whose needs are met.
            options: device and threads of the encoder.
            cache: keep embeddings, maps and faces by content in the user's cache.
            seed: of rivals and folds; the same seed gives the same comparator.
            progress: told about long stages.

        Raises:
            ComparatorError: too few pairs, or sides of different lengths.
            MissingDependency: faces are wanted and dlib is not installed.
            ImageError: an image cannot be read.
        """
        check_pairs(len(left), len(right))
        loaded = load_encoder(absolute_spec(encoder) if isinstance(encoder, str) else encoder, options)
        face_encoder = load_faces("faces" if faces is True else faces)
        both = describe([*left, *right], loaded, face_encoder, cache=cache, progress=progress)
        rows = np.arange(len(both))
        if progress is not None:
            progress("learning the weights", 0, 0)
        trained = fit_described(
            both.take(rows[: len(left)]), both.take(rows[len(left) :]), cues=cues, seed=seed
        )
        return cls(
            trained,
            absolute_spec(encoder) if isinstance(encoder, str) else loaded.card.name,
            loaded.card.fingerprint,
            None if face_encoder is None else face_encoder.card.name,
            "" if face_encoder is None else face_encoder.card.fingerprint,
            options,
            hashes_of_images(left, right),
            loaded,
            face_encoder,
        )

    @property
    def encoder(self) -> Encoder:
        """The encoder of the fit, loaded when first asked for.

        Raises:
            ComparatorError: the weights under that name are not those of the fit.
        """
        if self._encoder is None:
            loaded = load_encoder(self.encoder_spec, self.options)
            refuse_other(self.fingerprint, self.encoder_spec, loaded)
            self._encoder = loaded
        return self._encoder

    @property
    def face_encoder(self) -> FaceEncoder | None:
        """The encoder of faces, loaded when first asked for; None when faces are not looked at.

        Raises:
            MissingDependency: dlib is not installed.
            ComparatorError: another version of it is.
        """
        if self._faces is None and self.face_spec is not None:
            loaded = load_faces(self.face_spec)
            assert loaded is not None
            refuse_other(self.face_fingerprint, self.face_spec, loaded)
            self._faces = loaded
        return self._faces

    @property
    def name(self) -> str:
        """How tables call it."""
        return f"comparator ({self.encoder_spec}{' + ' + self.face_spec if self.face_spec else ''})"

    @property
    def cues(self) -> list[str]:
        """The cues that it weighs, in the order of contributions."""
        return list(dict.fromkeys(cue for cue, _ in self.trained.space.columns))

    @property
    def intercept(self) -> float:
        """Score of a pair whose cues add nothing."""
        return self.trained.calibration.intercept

    def describe(
        self, images: Sequence[ImageLike], *, cache: bool = True, progress: Progress | None = None
    ) -> Descriptions:
        """Describe images for :meth:`matrix`; each image is computed once.

        Raises:
            ImageError: an image cannot be read.
        """
        return describe(images, self.encoder, self.face_encoder, cache=cache, progress=progress)

    def prepare(self, images: Sequence[ImageLike] | Descriptions, *, cache: bool = True) -> Prepared:
        """Images ready for pair scores.

        Raises:
            ComparatorError: the descriptions were made by other encoders.
        """
        described = images if isinstance(images, Descriptions) else self.describe(images, cache=cache)
        other_faces = described.faces is not None and described.face_encoder != self.face_fingerprint
        if described.encoder != self.fingerprint or (self.face_spec and other_faces):
            raise ComparatorError(
                f"these images were described by another encoder than those of the {self.name}; describe them anew"
            )
        return self.trained.space.prepare(described)

    def matrix(
        self,
        a: Sequence[ImageLike] | Descriptions | Prepared,
        b: Sequence[ImageLike] | Descriptions | Prepared,
        *,
        progress: Progress | None = None,
    ) -> NDArray[np.float32]:
        """Scores of every image of ``a`` with every image of ``b``: float32 (n, m)."""
        first, second = self._ready(a, progress), self._ready(b, progress)
        return score_matrix(self.trained, first, second, progress=progress)

    def score(self, a: ImageLike, b: ImageLike, *, cache: bool = True) -> float:
        """Log odds that a person would pair the two images; larger is more alike."""
        both = self.prepare([a, b], cache=cache)
        return float(self.matrix(both.take(slice(0, 1)), both.take(slice(1, 2)))[0, 0])

    def probability(
        self, a: ImageLike, b: ImageLike, *, base_rate: float = EVEN_ODDS, cache: bool = True
    ) -> float:
        """Probability that a person would pair them.

        Args:
            a: one image.
            b: the other.
            base_rate: share of real pairs among the pairs that are asked about. 0.5: as many real pairs as chance
                pairs; when one of 1,200 candidates is right, 1 / 1200.
            cache: look embeddings up in, and add them to, the user's cache.

        Raises:
            InvalidArgument: a base rate outside (0, 1).
        """
        return float(to_probability(np.array(self.score(a, b, cache=cache)), base_rate))

    def contributions(self, a: ImageLike, b: ImageLike, *, cache: bool = True) -> dict[str, float]:
        """What each cue adds to the score: cue -> log odds; their sum and :attr:`intercept` are the score."""
        both = self.prepare([a, b], cache=cache)
        return self.contributions_of(both.take(slice(0, 1)), both.take(slice(1, 2)))

    def contributions_of(self, a: Prepared, b: Prepared) -> dict[str, float]:
        """As :meth:`contributions`, of two prepared images (each of length 1)."""
        columns = self.trained.space.compare(a, b)[:, 0, 0].astype(np.float64)
        added = dict.fromkeys(self.cues, 0.0)
        for (cue, _), weight, value in zip(
            self.trained.space.columns, self.trained.weights, columns, strict=True
        ):
            added[cue] += self.trained.calibration.slope * float(weight) * float(value)
        return added

    def rank(
        self, query: ImageLike, candidates: Sequence[ImageLike], *, cache: bool = True
    ) -> list[tuple[int, float]]:
        """(position, score) of the candidates, most alike first; ties keep their order."""
        if not len(candidates):
            return []
        ready = self.prepare([query, *candidates], cache=cache)
        scores = self.matrix(ready.take(slice(0, 1)), ready.take(slice(1, None)))[0]
        return [(int(i), float(scores[i])) for i in np.argsort(-scores, kind="stable")]

    def rerank(self, query: ImageLike, hits: Sequence[ImageLike], *, cache: bool = True) -> list[Reranked]:
        """The second stage of a search; see :func:`lookalike.similarity.comparator_rerank.rerank`."""
        from lookalike.similarity.comparator_rerank import rerank

        return rerank(self, query, hits, cache=cache)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write it to a folder (JSON and .npz, no pickles); see :mod:`lookalike.similarity.comparator_files`."""
        from lookalike.similarity.comparator_files import save

        save(self, folder)

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        *,
        encoder: str | Encoder | None = None,
        options: EncoderOptions | None = None,
    ) -> Comparator:
        """Read a folder that :meth:`save` wrote.

        Args:
            folder: where it lies.
            encoder: use this one, which must have the weights of the fit (its file may have moved).
            options: device and threads.

        Raises:
            ComparatorError: there is no comparator, it is damaged or newer, or the encoder is another one.
        """
        from lookalike.similarity.comparator_files import load

        return load(folder, encoder, options)

    def _ready(
        self, images: Sequence[ImageLike] | Descriptions | Prepared, progress: Progress | None
    ) -> Prepared:
        if isinstance(images, Prepared):
            return images
        if isinstance(images, Descriptions):
            return self.prepare(images)
        return self.prepare(self.describe(images, progress=progress))


def refuse_other(fingerprint: str, spec: str, encoder: Encoder) -> None:
    """Raise ComparatorError when an encoder is not the one of the fit."""
    if encoder.card.fingerprint != fingerprint:
        raise ComparatorError(
            f"the comparator was fitted with {spec} (fingerprint {fingerprint[:12]}), this encoder is "
            f"{encoder.card.name} ({encoder.card.fingerprint[:12]}); give the encoder of the fit, or fit anew"
        )
