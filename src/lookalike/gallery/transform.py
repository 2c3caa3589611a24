"""A gallery's transform: fitted on its first images, kept in its folder, stamped in gallery.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder, EncoderCard, embed_with_gaps
from lookalike.encoders.cache import EmbeddingCache
from lookalike.encoders.parallel import available_cores
from lookalike.errors import EncoderError, GalleryDamaged, GalleryError, ImageError, InvalidArgument
from lookalike.gallery.settings import TRANSFORM_FILE, GallerySettings, read_file, write_file
from lookalike.images import ImageRef, ImageSource, read_image
from lookalike.images.files import content_id

TRANSFORMS = ("whiten",)

SEED = 0
_AT_ONCE = 64


def stored_dim(card: EncoderCard, transform: str | None) -> int:
    """Length of the vectors of a new gallery.

    Known before the transform is fitted: a fit that yields fewer components is filled up with zeros.

    Raises:
        InvalidArgument: no transform has that name.
    """
    from lookalike.encoders.transform import DIMS

    if transform is None:
        return card.dim
    if transform not in TRANSFORMS:
        raise InvalidArgument(f"transform {transform!r} is not known; use {' or '.join(TRANSFORMS)}")
    return min(DIMS, card.dim)


def is_pending(settings: GallerySettings) -> bool:
    """True when the gallery shall have a transform that no images have been seen for yet."""
    return bool(settings.transform) and "digest" not in settings.transform


def with_transform(place: str, settings: GallerySettings, base: Encoder) -> Encoder:
    """The gallery's own encoder: ``base`` as it is, or followed by the transform that lies in the folder.

    Raises:
        GalleryError: the transform has not been fitted yet.
        GalleryDamaged: its file is gone or is not the one that the gallery was made with.
    """
    from lookalike.encoders.transform import TransformedEncoder
    from lookalike.encoders.transform_file import from_bytes

    if not settings.transform or base.card.fingerprint == settings.fingerprint:
        return base
    if is_pending(settings):
        raise GalleryError(
            f"gallery {place} has no images yet, and its transform is fitted on the first ones; "
            f"add some: lookalike index FOLDER --gallery {place}"
        )
    where = f"gallery {place}: {TRANSFORM_FILE}"
    try:
        whitening = from_bytes(read_file(place, TRANSFORM_FILE), TRANSFORM_FILE)
    except (OSError, EncoderError) as error:
        raise GalleryDamaged(f"{where} cannot be read ({error}); index into a new gallery") from error
    if whitening.digest != settings.transform["digest"]:
        raise GalleryDamaged(
            f"{where} is not the one that the gallery was made with; index into a new gallery"
        )
    return TransformedEncoder(base, whitening)


def fit_transform(
    place: str,
    settings: GallerySettings,
    base: Encoder,
    sources: Sequence[ImageSource],
    cache: EmbeddingCache | None,
    workers: int | None = None,
) -> tuple[Encoder, dict[str, Any]]:
    """Fit the pending transform on a sample of the images and write its file; the caller holds the write lock.

    A process killed before the caller has written the settings leaves a gallery whose transform is still
    pending; the next run fits it again, from the same sample.

    Returns:
        The gallery's encoder, and the settings to change.

    Raises:
        InvalidArgument: fewer than ``LEAST_IMAGES`` different images can be read.
    """
    from lookalike.encoders.transform import FIT_LIMIT, TransformedEncoder, fit_sides, refuse_few
    from lookalike.encoders.transform_file import to_bytes

    refs = sample((ref for source in sources for ref in source), FIT_LIMIT, SEED)
    contents, plain, mirrored = _embed(base, refs, cache, workers)
    refuse_few(len(contents), f"gallery {place}: ")
    whitening = fit_sides(base, plain, mirrored, dims=settings.dim).padded(settings.dim)
    encoder = TransformedEncoder(base, whitening)
    if cache is not None:
        cache.put_many(
            encoder.card.fingerprint, dict(zip(contents, whitening.apply(plain, mirrored), strict=True))
        )
    write_file(place, TRANSFORM_FILE, to_bytes(whitening))
    stamp = {**settings.transform, "digest": whitening.digest, "images": whitening.images}
    return encoder, {
        "transform": stamp,
        "fingerprint": encoder.card.fingerprint,
        "card": encoder.card.to_dict(),
    }


def sample(refs: Iterable[ImageRef], limit: int, seed: int) -> list[ImageRef]:
    """At most ``limit`` of them, each as likely as any other (Vitter 1985, algorithm R); seeded."""
    rng = np.random.default_rng(seed)
    chosen: list[ImageRef] = []
    for position, ref in enumerate(refs):
        if position < limit:
            chosen.append(ref)
        elif (place := int(rng.integers(position + 1))) < limit:
            chosen[place] = ref
    return chosen


def _embed(
    base: Encoder, refs: Sequence[ImageRef], cache: EmbeddingCache | None, workers: int | None
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    """Content ids (n) and both sides' vectors, float32 (n, d) each; bad files and copies are left out."""
    from lookalike.encoders.transform import Mirrored

    def load(ref: ImageRef) -> tuple[str, NDArray[np.uint8]] | None:
        try:
            data = ref.read()
            pixels = read_image(data, min_size=base.wanted_size, name=ref.name).pixels
        except ImageError:
            return None  # indexing comes after this and reports it
        except Exception:  # whatever a decoder raises on one odd file: indexing reports that too
            return None
        return content_id(data), pixels

    seen: list[str] = []
    sides: list[list[NDArray[np.float32]]] = [[], []]
    with ThreadPoolExecutor(workers or available_cores() + 1, thread_name_prefix="lookalike-fit") as pool:
        for start in range(0, len(refs), _AT_ONCE):
            loaded = dict(one for one in pool.map(load, refs[start : start + _AT_ONCE]) if one is not None)
            fresh = {content: pixels for content, pixels in loaded.items() if content not in set(seen)}
            seen += fresh
            for side, encoder in zip(sides, (base, Mirrored(base)), strict=True):
                side.extend(_vectors(encoder, fresh, cache))
    if not seen:
        nothing = np.empty((0, base.card.dim), dtype=np.float32)
        return [], nothing, nothing
    plain, mirrored = (np.stack(side) for side in sides)
    good = np.flatnonzero(np.isfinite(plain).all(axis=1) & np.isfinite(mirrored).all(axis=1))
    return [seen[row] for row in good], plain[good], mirrored[good]


def _vectors(
    encoder: Encoder, images: dict[str, NDArray[np.uint8]], cache: EmbeddingCache | None
) -> list[NDArray[np.float32]]:
    fingerprint = encoder.card.fingerprint
    known = cache.get_many(fingerprint, list(images), encoder.card.dim) if cache is not None else {}
    wanted = [content for content in images if content not in known]
    if wanted:
        vectors = embed_with_gaps(encoder, [images[content] for content in wanted])
        computed = dict(zip(wanted, vectors, strict=True))
        if cache is not None:
            cache.put_many(fingerprint, {c: v for c, v in computed.items() if np.isfinite(v).all()})
        known.update(computed)
    return [known[content] for content in images]
