"""What one running application holds open: galleries, encoders, uploads, explanations, work, streams."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request

from lookalike.encoders import DEFAULT_ENCODER, Encoder, load_encoder
from lookalike.errors import LookalikeError, printable
from lookalike.explain.sentences import encoder_name
from lookalike.serving.streams import Streams
from lookalike.web.explaining import Explainer
from lookalike.web.faults import PageError, public_text
from lookalike.web.findings import Findings
from lookalike.web.inflight import AT_ONCE, Room
from lookalike.web.kept import Kept
from lookalike.web.lanes import Lanes
from lookalike.web.served_gallery import ServedGallery
from lookalike.web.settings import WebSettings
from lookalike.web.uploads import Uploads
from lookalike.web.work import Work

if TYPE_CHECKING:
    from lookalike.explain import Explanation
    from lookalike.web.pictures import Picture

log = logging.getLogger("lookalike.web")

COVER = 4


@dataclass(frozen=True)
class Glance:
    """A gallery on the first page; with ``error`` nothing else is known."""

    name: str
    images: int = 0
    problems: int = 0
    encoder: str = ""
    cover: tuple[int, ...] = ()
    error: str = ""


class AppContext:
    """Everything that requests share; all methods may be called from several threads at once.

    Attributes:
        settings: what the application was started with.
        routes: names of the modules that serve pages.
        uploads: images that people gave, in memory, for a while.
        arriving: room for the bytes of images that are being sent.
        work, findings: what is done in the background, and what it found.
        lanes: threads for slow requests.
        streams: who is being told how far work is.
        vectors, rankings, full_images: answers that are kept for a while.
        studies: the places (`lookalike.studies.server.site.Place`) of the studies that are served.
    """

    def __init__(self, settings: WebSettings, routes: Sequence[str] = ()) -> None:
        self.settings = settings
        self.routes = frozenset(routes)
        self.uploads = Uploads(settings.upload_max_bytes, settings.upload_max_pixels)
        self.arriving = Room(AT_ONCE * settings.upload_max_bytes)
        self.work = Work()
        self.findings = Findings(self.work)
        self.lanes = Lanes()
        self.streams = Streams()
        self.vectors = Kept(2_000)
        self.rankings = Kept(200)
        self.full_images = Kept(64)
        self.explainer = Explainer(self)
        self.studies: list[Any] = []
        self.closing: list[Any] = []
        self._galleries: dict[str, ServedGallery] = {}
        self._encoders: dict[str, Encoder] = {}
        self._opening = threading.Lock()
        self._loading = threading.Lock()

    def gallery(self, name: str) -> ServedGallery:
        """A gallery by its name, opened at the first call.

        Raises:
            PageError: no gallery of that name is served (404).
            GalleryError: it cannot be opened.
        """
        place = self.settings.galleries.get(name)
        if place is None:
            raise PageError.of(404, "no_gallery", name=printable(name))
        with self._opening:
            if name not in self._galleries:
                self._galleries[name] = ServedGallery(name, str(place), self.encoder)
            return self._galleries[name]

    def encoder(self, spec: str) -> Encoder:
        """An encoder by its name, loaded once; it may be called by several threads.

        Raises:
            EncoderError: it cannot be had.
        """
        with self._loading:
            if spec not in self._encoders:
                self._encoders[spec] = one_at_a_time(load_encoder(spec))
            return self._encoders[spec]

    def glance(self, name: str) -> Glance:
        """What the first page says of a gallery; never raises for a gallery that is broken."""
        try:
            served = self.gallery(name)
            rows = served.snapshot()
            return Glance(
                name, len(rows), served.problem_count(), encoder_name(served.settings.encoder),
                tuple(int(one) for one in rows.ids[:: max(1, len(rows) // COVER)][:COVER]),
            )  # fmt: skip
        except LookalikeError as error:
            log.error("gallery %s: %s", name, error)
            return Glance(name, error=public_text(error))

    def explain(
        self,
        a: Picture,
        b: Picture,
        encoder: str | None = None,
        *,
        maps: Sequence[str] = ("decomposition",),
        curves: bool = False,
    ) -> Explanation:
        """Why two pictures look alike; the last 64 answers are kept. One is computed at a time.

        The mean of a gallery is subtracted, and content is compared with its pairs, where a gallery was indexed with
        the encoder: that of a picture, else the first one that is served.

        Args:
            a: a picture. b: another.
            encoder: None takes the default.
            maps: see `lookalike.explain.explain`.
            curves: measure every map by deletion and insertion, which takes longer than all the rest.

        Raises:
            LookalikeError: as `lookalike.explain.explain`.
        """
        return self.explainer.explain(a, b, encoder or DEFAULT_ENCODER, maps, curves=curves)

    def warm(self) -> None:
        """Open every gallery and run its encoder once, so that the first visitor does not wait."""
        for name in self.settings.galleries:
            self.gallery(name).warm()
            self.glance(name)
        threading.Thread(target=self._warm_explanations, name="warm", daemon=True).start()

    def _warm_explanations(self) -> None:
        for name in self.settings.galleries:
            try:
                self.explainer.warm(name)
            except LookalikeError as error:  # explanations go on without it
                log.warning("gallery %s: %s", name, error)

    def close(self) -> None:
        """Stop work and close what was opened."""
        self.streams.close()
        self.work.close()
        self.lanes.close()
        for one in self.closing:
            one.close()


def one_at_a_time(encoder: Encoder) -> Encoder:
    """The same encoder, asked by one thread at a time in all that it can; one that is `concurrent` stays as it is.

    Networks keep state between the steps of a call. The methods are replaced on the object itself, so that its class
    and its other methods stay what explanations and indexing look for.
    """
    if encoder.concurrent:
        return encoder
    lock = threading.RLock()

    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return method(*args, **kwargs)

        return call

    for name in ("embed", "feature_map", "embed_text", "embed_parts"):
        if (method := getattr(encoder, name, None)) is not None:
            setattr(encoder, name, guarded(method))
    return encoder


def context_of(request: Request) -> AppContext:
    """The application's context."""
    context: AppContext = request.app.state.context
    return context
