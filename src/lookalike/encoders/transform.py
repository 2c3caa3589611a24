"""An unsupervised transform for any encoder: fitted on images, without knowing which belong together.

``fit_whitening`` learns it, ``TransformedEncoder`` is an encoder and a whitening as one encoder, and
``whitened`` does both for a set of images. By name: ``whiten:FILE`` or ``NAME|whiten:FILE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.encoders.transform_sides import Mirrored, embed_sides
from lookalike.encoders.transform_whitening import DIMS, EXPONENT, Whitening
from lookalike.errors import EncoderError, InvalidArgument, NoSuchOutput, printable
from lookalike.images import ImageLike
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.cache import EmbeddingCache

__all__ = [
    "DIMS",
    "EXPONENT",
    "FIT_LIMIT",
    "LEAST_IMAGES",
    "Mirrored",
    "TransformedEncoder",
    "Whitening",
    "fit_whitening",
    "whitened",
]

LEAST_IMAGES = 100
"""With fewer images the result was worse than no transform (docs/how-to/whiten.md has the figures)."""

FIT_LIMIT = 5_000
"""A larger set is sampled: more images change the components little and cost an embedding each."""


class TransformedEncoder(Encoder):
    """An encoder followed by a whitening.

    The feature map is the base encoder's own. Text is refused even where the base understands it: words lie
    in another region of the space than images (Liang et al., "Mind the gap", NeurIPS 2022), and a mean and
    components of images say nothing about that region.

    Args:
        base: the encoder that the whitening was fitted to.
        whitening: mean, components and scales.
        name: of the card; None means ``NAME | whiten``.
        cache: where the base's embeddings, plain and mirrored, are looked up and kept; None computes them.

    Raises:
        EncoderError: the whitening was fitted to another encoder.
    """

    def __init__(
        self,
        base: Encoder,
        whitening: Whitening,
        *,
        name: str | None = None,
        cache: EmbeddingCache | None = None,
    ) -> None:
        _refuse_other(base, whitening)
        self.base = base
        self.whitening = whitening
        self.cache = cache
        self.concurrent = base.concurrent
        self.batch_size = base.batch_size
        self.fitted_pairs = base.fitted_pairs
        self.card = replace(
            base.card,
            name=name or f"{base.card.name} | whiten",
            dim=whitening.dim,
            normalized=True,
            text=False,
            details={"base": base.card.fingerprint, "base_details": base.card.details, **whitening.details()},
            title=f"{base.card.title or base.card.name}, whitened",
            parts=(),
        )

    @property
    def wanted_size(self) -> tuple[int, int]:
        return self.base.wanted_size

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        if not len(images):
            return np.empty((0, self.card.dim), dtype=np.float32)
        return self.whitening.apply(*embed_sides(self.base, images, self.whitening.mirror, self.cache))

    def feature_map(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        return self.base.feature_map(images)

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NoSuchOutput(
            f"encoder {self.card.name} takes images only: its whitening was fitted on images and would misplace "
            f"{len(texts)} text{'s' if len(texts) != 1 else ''}; search by text without the transform"
        )

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.embed(pixels)


def fit_whitening(
    encoder: Encoder,
    images: Sequence[ImageLike],
    *,
    cache: EmbeddingCache | None = None,
    limit: int = FIT_LIMIT,
    seed: int = 0,
    dims: int = DIMS,
    exponent: float = EXPONENT,
    sqrt: bool | None = None,
    mirror: bool = True,
    progress: Progress | None = None,
) -> Whitening:
    """Fit a whitening to an encoder on images; which of them belong together is not asked for.

    Args:
        encoder: whose embeddings are to be transformed.
        images: at least :data:`LEAST_IMAGES`, of the kind that will be compared.
        cache: look the encoder's embeddings up in it, and keep them there.
        limit: of more images than this, a sample of so many is taken.
        seed: of the sample.
        dims, exponent, sqrt: see :meth:`Whitening.fit`.
        mirror: average each embedding with that of the mirrored image (twice the embeddings to compute).
        progress: called as images are embedded.

    Raises:
        InvalidArgument: too few images, or a value out of range.
        ImageError: an image cannot be read.
    """
    if limit < LEAST_IMAGES:
        raise InvalidArgument(f"a whitening needs at least {LEAST_IMAGES} images, got limit = {limit}")
    chosen = images
    if len(images) > limit:
        rows = np.sort(np.random.default_rng(seed).choice(len(images), limit, replace=False))
        chosen = [images[row] for row in rows]
    refuse_few(len(chosen))
    plain, mirrored = embed_sides(encoder, chosen, mirror, cache, progress)
    return fit_sides(encoder, plain, mirrored, dims=dims, exponent=exponent, sqrt=sqrt)


def refuse_few(count: int, where: str = "") -> None:
    """Raise InvalidArgument when there are too few images for a whitening."""
    if count < LEAST_IMAGES:
        raise InvalidArgument(
            f"{where}a whitening is fitted on at least {LEAST_IMAGES} images, there "
            f"{'is' if count == 1 else 'are'} {count}; give more images or do without the transform"
        )


def fit_sides(
    encoder: Encoder,
    plain: NDArray[np.float32],
    mirrored: NDArray[np.float32] | None,
    *,
    dims: int = DIMS,
    exponent: float = EXPONENT,
    sqrt: bool | None = None,
) -> Whitening:
    """:meth:`Whitening.fit` on embeddings of ``encoder``, whose name and fingerprint are kept with the result."""
    return Whitening.fit(
        plain,
        mirrored,
        dims=dims,
        exponent=exponent,
        sqrt=sqrt,
        encoder=encoder.card.name,
        fitted_to=encoder.card.fingerprint,
    )


def whitened(
    encoder: Encoder,
    images: Sequence[ImageLike],
    *,
    cache: EmbeddingCache | None = None,
    limit: int = FIT_LIMIT,
    seed: int = 0,
    dims: int = DIMS,
    exponent: float = EXPONENT,
    progress: Progress | None = None,
) -> TransformedEncoder:
    """``encoder`` with a whitening fitted on ``images``; its card is called ``NAME | whiten``.

    For a benchmark: fitted on the benchmark's own images without their pairing. With a cache, embedding
    those images afterwards runs no network again.

    Raises:
        InvalidArgument, ImageError: as :func:`fit_whitening`.
    """
    fitted = fit_whitening(
        encoder, images, cache=cache, limit=limit, seed=seed, dims=dims, exponent=exponent, progress=progress
    )
    return TransformedEncoder(encoder, fitted, cache=cache)


def _refuse_other(base: Encoder, whitening: Whitening) -> None:
    fitted_to = whitening.fitted_to
    if fitted_to and fitted_to != base.card.fingerprint:
        raise EncoderError(
            f"this whitening was fitted to encoder {printable(whitening.encoder) or 'unknown'} (fingerprint "
            f"{fitted_to[:8]}), not to {base.card.name} ({base.card.fingerprint[:8]}); fit one to that encoder"
        )
    if whitening.input_dim != base.card.dim:
        raise EncoderError(
            f"this whitening takes vectors of {whitening.input_dim} numbers, encoder {base.card.name} gives "
            f"{base.card.dim}; fit one to that encoder"
        )
