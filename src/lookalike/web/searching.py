"""What a page's or a program's search asks for, and the ranking that answers it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import normalize
from lookalike.errors import InvalidArgument
from lookalike.gallery.query import NEGATIVE_WEIGHT
from lookalike.images import ImageLike
from lookalike.web.context import AppContext
from lookalike.web.faults import PageError
from lookalike.web.pictures import Fractions, cut
from lookalike.web.served_gallery import ServedGallery
from lookalike.web.snapshot import DEPTH
from lookalike.web.wishes import Wish


@dataclass(frozen=True)
class Ranking:
    """Rows in order.

    Attributes:
        ids: int64 (n,).
        distances: float32 (n,) cosine distances; None when the gallery is leafed through.
        searched: rows that were considered.
        exact: no better row can have been missed.
        seconds: it took.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.float32] | None
    searched: int
    exact: bool
    seconds: float


class Finder:
    """Answers wishes about one gallery."""

    def __init__(self, context: AppContext, served: ServedGallery) -> None:
        self._context = context
        self._served = served

    def rank(self, wish: Wish, depth: int = DEPTH) -> Ranking:
        """The rows in order of how well they fit.

        Raises:
            PageError: a row or an upload is not there (404).
            BadFilter: ``where`` cannot be understood.
            InvalidArgument: a crop of several images, or only things to be unlike.
            NoSuchOutput: words for an encoder that knows images only.
        """
        snapshot = self._served.snapshot()
        key = (self._served.name, snapshot.version, wish, depth)
        kept = self._context.rankings.get(key)
        if isinstance(kept, Ranking):
            return kept
        started = time.perf_counter()
        allowed = self._served.allowed(wish.where) if wish.where else None
        searched = len(snapshot) if allowed is None else len(allowed)
        if not wish.is_search:
            if wish.unlike or wish.unlike_images:
                raise InvalidArgument("say also what the images should be like, not only what not")
            ids = snapshot.ids if allowed is None else allowed
            return Ranking(ids, None, searched, True, time.perf_counter() - started)
        queries = self._queries(wish)
        distances, ids, exact = snapshot.nearest(queries, depth, allowed)
        ranking = Ranking(ids, distances, searched, exact, time.perf_counter() - started)
        self._context.rankings.put(key, ranking)
        return ranking

    def _queries(self, wish: Wish) -> NDArray[np.float32]:
        """Unit rows float32 (m, d), as `lookalike.gallery.query.Query.vectors` makes them."""
        if wish.crop is not None and len(wish.like) + len(wish.images) != 1:
            raise InvalidArgument("a part can be searched for in one image at a time")
        rows = [self._vectors(wish.like, wish.images, wish.crop)]
        if wish.text:
            rows.append(self._served.embed_text([wish.text]))
        wishes = normalize(np.concatenate(rows))
        if wish.combine == "mean":
            wishes = wishes.mean(axis=0, keepdims=True)
        if wish.unlike or wish.unlike_images:
            unwanted = normalize(self._vectors(wish.unlike, wish.unlike_images, None))
            wishes = wishes - NEGATIVE_WEIGHT * unwanted.mean(axis=0, keepdims=True)
        return normalize(np.asarray(wishes, dtype=np.float32))

    def _vectors(
        self, ids: Sequence[int], handles: Sequence[str], crop: Fractions | None
    ) -> NDArray[np.float32]:
        snapshot = self._served.snapshot()
        if any(not snapshot.has(one) for one in ids):
            raise PageError.of(404, "no_image")
        rows: list[NDArray[np.float32]] = [np.empty((0, self._served.settings.dim), dtype=np.float32)]
        if crop is None and ids:
            rows.append(snapshot.vectors_of(ids))
        elif ids:
            rows += [self._part_of_row(one, crop, snapshot.version) for one in ids]
        rows += [self._of_upload(handle, crop) for handle in handles]
        return np.concatenate(rows)

    def _part_of_row(self, row: int, crop: Fractions | None, version: int) -> NDArray[np.float32]:
        key = (self._served.name, row, version, crop)
        return self._embedded(key, lambda: self._served.source_of(row), crop)

    def _of_upload(self, handle: str, crop: Fractions | None) -> NDArray[np.float32]:
        upload = self._context.uploads.get(handle)
        return self._embedded(
            (self._served.settings.fingerprint, upload.digest, crop), lambda: upload.data, crop
        )

    def _embedded(
        self, key: tuple[object, ...], source: Callable[[], ImageLike], crop: Fractions | None
    ) -> NDArray[np.float32]:
        name = hashlib.sha256(repr(key).encode()).digest()
        kept = self._context.vectors.get(name)
        if isinstance(kept, np.ndarray):
            return kept
        image = cut(source(), crop, max_pixels=self._context.settings.upload_max_pixels)
        vector = self._served.embed([image])
        self._context.vectors.put(name, vector)
        return vector
