"""Explanations for pages and programs: around the gallery's own mean, kept for a while, curves only when asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.web.kept import Kept

if TYPE_CHECKING:
    from lookalike.encoders import Encoder
    from lookalike.explain import Explanation
    from lookalike.explain.percentiles import ContentReference
    from lookalike.web.context import AppContext
    from lookalike.web.pictures import Picture
    from lookalike.web.served_gallery import ServedGallery

log = logging.getLogger("lookalike.web")

KEPT = 64
FEW = 20
"""Below so many images a gallery has no mean worth the name (`lookalike.explain.centring.LEAST_IMAGES`)."""

ROWS = 20_000
"""Of a larger gallery, the mean and the random pairs are taken from so many rows."""

THUMBNAILS = 200
"""Feature maps are averaged over so many."""

GROWTH = 0.1
"""A gallery that grew or shrank by this share gets a new mean."""


class Explainer:
    """Explains pairs; one at a time, for an explanation uses all cores."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._explanations = Kept(KEPT)
        self._corpora = Kept(KEPT)
        self._turn = threading.RLock()

    def explain(self, a: Picture, b: Picture, spec: str, maps: Sequence[str], *, curves: bool) -> Explanation:
        """See `AppContext.explain`."""
        from lookalike.explain import Reference, explain

        loaded = self._context.encoder(spec)
        with self._turn:
            gallery, content = self.corpus(a, b, spec)
            # An explanation that is kept holds its content, so the id is nobody else's while the key is there.
            key = (a.key, b.key, spec, tuple(maps), gallery, id(content))
            for wanted in ((*key, True), (*key, curves)):
                kept = self._explanations.get(wanted)
                if kept is not None:
                    return cast("Explanation", kept)
            found = cast("Explanation | None", self._explanations.get((*key, False)))
            if found is None:
                against = Reference.builtin()
                if content is not None:
                    against = against.with_content(loaded.card.fingerprint, content)
                found = explain(
                    a.source, b.source, encoder=loaded, reference=against, where=maps, faithfulness=False
                )
                self._explanations.put((*key, False), found)
            if curves:
                found = measured(found, loaded)
                self._explanations.put((*key, True), found)
            return found

    def corpus(self, a: Picture, b: Picture, spec: str) -> tuple[str, ContentReference | None]:
        """The gallery whose mean is subtracted, and what is known of its random pairs; ("", None) without one.

        A gallery that one of the pictures is of goes first, then any that was indexed with the same encoder.
        """
        context = self._context
        fingerprint = context.encoder(spec).card.fingerprint
        for name in dict.fromkeys([a.gallery, b.gallery, *context.settings.galleries]):
            if not name:
                continue
            try:
                served = context.gallery(name)
                if served.settings.fingerprint == fingerprint:
                    content = self._content(served)
                    if content is not None:
                        return name, content
            except LookalikeError as error:  # the first page says what is wrong with it
                log.warning("gallery %s: %s", name, error)
        return "", None

    def warm(self, name: str) -> None:
        """Look at a gallery's random pairs before somebody waits for it."""
        with self._turn:
            self._content(self._context.gallery(name))

    def _content(self, served: ServedGallery) -> ContentReference | None:
        count = len(served.snapshot())
        if count < FEW:
            return None
        kept = cast("tuple[int, ContentReference] | None", self._corpora.get(served.name))
        if kept is None or abs(kept[0] - count) > GROWTH * kept[0]:
            kept = count, content_of_gallery(served)
            self._corpora.put(served.name, kept)
        return kept[1]


def content_of_gallery(served: ServedGallery) -> ContentReference:
    """The mean and the random pairs of a gallery as its own encoder sees them, from stored vectors and thumbnails.

    Raises:
        LookalikeError: the thumbnails or vectors cannot be read.
    """
    from lookalike.explain.reference_build import content_of

    rows, encoder = served.snapshot(), served.encoder
    order = np.random.default_rng(0).permutation(rows.ids)
    thumbnails = list(served.gallery.thumbnails(np.sort(order[:THUMBNAILS]).tolist()).values())
    stored = None
    if (
        encoder.card.normalized
    ):  # else the stored rows were scaled to unit length, which its embeddings have not
        stored = rows.vectors_of(np.sort(order[:ROWS]).tolist())
    return content_of(encoder, thumbnails, vectors=stored)


def measured(found: Explanation, encoder: Encoder) -> Explanation:
    """The same with every map measured by deletion and insertion; what maps have to beat is measured once for all."""
    from lookalike.explain.centring import CorpusMean
    from lookalike.explain.explaining import mean_of
    from lookalike.explain.faithfulness import Judge

    if not found.where:
        return found
    content = found.reference.content.get(encoder.card.fingerprint)
    mean = mean_of(None, encoder, content) or CorpusMean.nothing(encoder)
    judge = Judge(found.a.source, found.b.source, encoder, mean)
    return replace(
        found, where=tuple(replace(place, faith=judge.measure(place.map)) for place in found.where)
    )
