"""Faces kept on disk by content and encoder: detection takes a tenth of a second an image, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.encoders.blob_store import StoreFolder, cache_folder
from lookalike.encoders.content import identify
from lookalike.encoders.faces_types import Face, pack, unpack
from lookalike.errors import InvalidArgument
from lookalike.images import ImageLike
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.faces import FaceEncoder

_DETECT_AT_ONCE = 32
"""What a killed run loses at most."""


class FaceCache(StoreFolder):
    """The faces of images by encoder fingerprint and content id; every bit comes back as it was put.

    Args:
        folder: where the files lie; None means ``faces`` in :func:`lookalike.encoders.cache.cache_folder`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder if folder is not None else cache_folder() / "faces")

    def get_many(self, fingerprint: str, content_ids: Sequence[str]) -> dict[str, list[Face]]:
        """Those of the wanted images that are known: content id -> its faces (maybe none)."""
        known: dict[str, list[Face]] = {}
        for content, blob in self._store(fingerprint).read(list(dict.fromkeys(content_ids))).items():
            try:
                known[content] = unpack(blob)
            except InvalidArgument:
                continue  # written by another version: found again
        return known

    def put_many(self, fingerprint: str, faces: Mapping[str, Sequence[Face]]) -> None:
        """Keep the faces of images; an image that is there already is replaced."""
        if faces:
            self._store(fingerprint).write({content: pack(found) for content, found in faces.items()})


def detect_cached(
    encoder: FaceEncoder,
    images: Sequence[ImageLike],
    cache_folder: Path | None = None,
    progress: Progress | None = None,
) -> list[list[Face]]:
    """As :meth:`FaceEncoder.detect`, but the faces of images that the cache holds are not looked for again.

    Args:
        encoder: its fingerprint decides which of the kept faces are meant.
        images: n of anything :func:`lookalike.images.decode` takes; copies of one image are done once.
        cache_folder: where faces are kept; None: ``faces`` in the user's cache folder.
        progress: called as ``progress("faces", done, n)``.

    Returns:
        n lists of faces, in the order of ``images``; [] for an image without any.

    Raises:
        ImageError: an image cannot be read; says which. What was found before it is kept.
    """
    found: list[list[Face]] = []
    fingerprint = encoder.card.fingerprint
    with FaceCache(cache_folder) as cache:
        try:
            for start in range(0, len(images), _DETECT_AT_ONCE):
                contents = [identify(image) for image in images[start : start + _DETECT_AT_ONCE]]
                known = cache.get_many(fingerprint, [content for content, _ in contents])
                wanted = {content: source for content, source in contents if content not in known}
                if wanted:
                    fresh = dict(zip(wanted, encoder.detect(list(wanted.values())), strict=True))
                    cache.put_many(fingerprint, fresh)
                    known.update(fresh)
                found += [known[content] for content, _ in contents]
                if progress is not None:
                    progress("faces", len(found), len(images))
        finally:
            encoder.close()
    return found
