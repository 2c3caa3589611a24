"""Measure random pairs of a collection: means, spreads and quantiles of every attribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.errors import ExplainError, ImageError
from lookalike.explain.attributes import (
    PIXEL_ATTRIBUTES,
    Norm,
    face_layout_similarity,
    face_similarity,
    pixel_similarity,
)
from lookalike.explain.attributes_pixels import pixel_features
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.explain.percentiles import (
    LEAST_IMAGES,
    MOST_IMAGES,
    PAIRS,
    ContentReference,
    Quantiles,
    Reference,
)
from lookalike.images import ImageLike, decode
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.faces_types import Face

_LOOK = 160  # pixels of the shorter side at least: the attributes' working image has 112
_AT_ONCE = 32
_LEAST_FACES = 8

TYPICAL = 24
"""What a removal does to any two images is averaged over so many random pairs."""

MAPS = 200
"""The mean of feature maps is taken over so many images."""


def reference_of(
    images: Sequence[ImageLike],
    encoder: Encoder | None = None,
    *,
    vectors: NDArray[np.floating] | None = None,
    kind: str = "images",
    name: str = "",
    faces: Callable[[Sequence[ImageLike]], list[list[Face]]] | None = None,
    most: int = MOST_IMAGES,
    pairs: int = PAIRS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Reference:
    """A reference set from images; what cannot be read is left out.

    Args:
        images: of the kind that is compared; thumbnails of 160 pixels do.
        encoder: for ``content``; None leaves it out.
        vectors: embeddings float (n, d) of a whole collection by ``encoder`` (a gallery's), used instead of embedding
            ``images``.
        kind, name: of the reference, for people.
        faces: finds the faces of images; None: percentiles of faces are left out.
        most: of more images, so many are taken.
        pairs: how many random pairs are compared.
        seed: of the choice and of the pairs.
        progress: told about every batch.

    Raises:
        ExplainError: fewer than :data:`LEAST_IMAGES` images can be read.
    """
    rng = np.random.default_rng(seed)
    chosen = list(images)
    if len(chosen) > most:
        chosen = [chosen[int(place)] for place in np.sort(rng.permutation(len(chosen))[:most])]
    kept, features = _features(chosen, progress)
    if len(kept) < LEAST_IMAGES:
        raise ExplainError(
            f"a reference needs at least {LEAST_IMAGES} images to draw random pairs from, {len(kept)} could be read; "
            "name a larger folder or gallery"
        )
    norms = {block: Norm.of(np.stack([one[block] for one in features])) for block in features[0]}
    drawn = random_places(len(kept), pairs, rng)
    quantiles = {
        attribute: Quantiles.of(
            np.array([pixel_similarity(attribute, features[i], features[j], norms) for i, j in drawn])
        )
        for attribute in PIXEL_ATTRIBUTES
    }
    if faces is not None:
        _add_faces(faces(kept), norms, quantiles, pairs, rng)
    reference = Reference(kind, name, len(kept), norms, quantiles)
    if encoder is None:
        return reference
    from lookalike.explain.counterfactuals import typical_changes

    made = content_of(encoder, kept, vectors=vectors, pairs=pairs, seed=seed, progress=progress)
    made = replace(made, typical=typical_changes(encoder, made.mean, kept, pairs=TYPICAL, progress=progress))
    return reference.with_content(encoder.card.fingerprint, made)


def content_of(
    encoder: Encoder,
    images: Sequence[ImageLike],
    *,
    vectors: NDArray[np.floating] | None = None,
    pairs: int = PAIRS,
    seed: int = 0,
    progress: Progress | None = None,
) -> ContentReference:
    """Mean and centred cosines of random pairs, as an encoder sees them.

    Args:
        encoder: any. images: that are embedded, unless ``vectors`` are given; feature maps are always taken of these.
        vectors: embeddings (n, d) of a larger collection, as the encoder gives them.
        pairs, seed, progress: as for :func:`reference_of`.
    """
    rows = _embedded(encoder, list(images), progress) if vectors is None else np.asarray(vectors, np.float32)
    mean = CorpusMean.from_vectors(rows, encoder)
    if encoder.card.feature_map is not None:
        pooled = CorpusMean.from_images(list(images)[:MAPS], encoder, progress=progress)
        mean = replace(mean, feature_mean=pooled.feature_mean)
    drawn = random_places(len(rows), pairs, np.random.default_rng([seed, 1]))
    cosines = np.empty(len(drawn))
    for start in range(0, len(drawn), 4096):
        part = drawn[start : start + 4096]
        cosines[start : start + 4096] = centred_cosine(rows[part[:, 0]], rows[part[:, 1]], mean)
    return ContentReference(mean, Quantiles.of(cosines), float(cosines.std()))


def random_places(n: int, pairs: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Different pairs of different places below n, at most all there are: intp (m, 2), i < j."""
    total = n * (n - 1) // 2
    if total <= pairs:
        return np.stack(np.triu_indices(n, 1), axis=1)
    first = rng.integers(n, size=2 * pairs)
    second = (first + rng.integers(1, n, size=2 * pairs)) % n
    codes = np.unique(np.minimum(first, second) * n + np.maximum(first, second))
    codes = rng.permutation(codes)[:pairs]
    return np.stack(np.divmod(codes, n), axis=1).astype(np.intp)


def _features(
    images: list[ImageLike], progress: Progress | None
) -> tuple[list[ImageLike], list[dict[str, NDArray[np.float32]]]]:
    kept, features = [], []
    for done, image in enumerate(images, start=1):
        try:
            features.append(pixel_features(decode(image, min_size=(_LOOK, _LOOK))))
        except ImageError:
            continue
        kept.append(image)
        if progress is not None and (done % _AT_ONCE == 0 or done == len(images)):
            progress("looking at the reference", done, len(images))
    return kept, features


def _embedded(encoder: Encoder, images: list[ImageLike], progress: Progress | None) -> NDArray[np.float32]:
    from lookalike.encoders.cache import EmbeddingCache, embed_cached

    rows = []
    with EmbeddingCache() as cache:
        for start in range(0, len(images), _AT_ONCE):
            part = images[start : start + _AT_ONCE]
            cacheable = bool(getattr(encoder, "cacheable", True))
            rows.append(embed_cached(encoder, part, cache) if cacheable else encoder.embed(part))
            if progress is not None:
                progress("embedding the reference", start + len(part), len(images))
    return np.concatenate(rows)


def _add_faces(
    found: list[list[Face]],
    norms: dict[str, Norm],
    quantiles: dict[str, Quantiles],
    pairs: int,
    rng: np.random.Generator,
) -> None:
    """Quantiles over pairs in which both images have a face; nothing where too few have one."""
    from lookalike.similarity.cues_faces import by_size, landmark_shape

    having = [one for one in found if one]
    if len(having) < _LEAST_FACES:
        return
    norms["landmarks"] = Norm.of(np.stack([landmark_shape(by_size(one)[0]) for one in having]))
    drawn = random_places(len(having), pairs, rng)
    quantiles["face"] = Quantiles.of(np.array([face_similarity(having[i], having[j]) for i, j in drawn]))
    quantiles["face_layout"] = Quantiles.of(
        np.array([face_layout_similarity(having[i], having[j], norms["landmarks"]) for i, j in drawn])
    )
