"""One gallery behind the pages: opened once, warm, safe for many threads."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.errors import BadFilter, LookalikeError, printable
from lookalike.gallery import Gallery, IndexOptions, IndexReport
from lookalike.gallery.reranking import images_of
from lookalike.images import ImageLike, open_source
from lookalike.web.faults import PageError
from lookalike.web.snapshot import PLACES, Snapshot
from lookalike.web.uploads import DECODERS

if TYPE_CHECKING:
    from lookalike.gallery.settings import GallerySettings

log = logging.getLogger("lookalike.web")

LOOK_SECONDS = 5.0
"""How often the record is asked whether another process wrote to it."""

KEPT_THUMBNAILS = 20_000
"""About 5 kB each."""

KEPT_FILTERS = 64

_SECRET = re.compile(rf"\b({'|'.join(sorted(PLACES))})\b", re.IGNORECASE)
_TEXT = re.compile(r"'(?:[^']|'')*'")
_ODD = re.compile(r'--|/\*|["`\\$]')
"""With these in a filter it is not certain where a text begins and ends."""


class ServedGallery:
    """A gallery and what of it is kept in memory.

    Attributes:
        name: in addresses.
        gallery: opened for reading, replaced when it changes; pages that need more than is here may use it (its
            reading methods may be called by several threads).
    """

    def __init__(self, name: str, place: str, encoder_for: Callable[[str], Encoder]) -> None:
        self.name = name
        self._place = place
        self.gallery = Gallery.open(place)
        # With other weights or precision than usual, the gallery loads an encoder of its own.
        usual = not self.gallery.settings.encoder_options
        self._encoder_for: Callable[[str], Encoder] | None = encoder_for if usual else None
        self._watch = Gallery.open(place)
        self._encoder: Encoder | None = None
        self._lock = threading.RLock()
        self._reading = threading.Lock()
        self._loading = threading.Lock()
        self._embedding = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._looked = 0.0
        self._indexing = False
        self._problems = 0
        self._thumbnails: OrderedDict[int, bytes] = OrderedDict()
        self._filters: OrderedDict[tuple[int, str], NDArray[np.int64]] = OrderedDict()

    @property
    def settings(self) -> GallerySettings:
        """What the gallery was made with."""
        return self.gallery.settings

    @property
    def encoder(self) -> Encoder:
        """Loaded once; shared with other galleries of the same encoder."""
        with self._loading:
            if self._encoder is None:
                if self._encoder_for is not None:
                    base = self._encoder_for(self.gallery.settings.encoder)
                    self._encoder = Gallery.open(self._place, encoder=base).encoder
                else:
                    self._encoder = self.gallery.encoder
            return self._encoder

    def warm(self) -> None:
        """Load rows, vectors and the encoder, and use each once."""
        rows = self.snapshot()
        if rows.vectors is not None and len(rows):
            rows.nearest(rows.vectors.matrix[:1], 1)
        rows.percentile(0.5)
        self.thumbnails(rows.ids[:60].tolist())
        if not self.gallery.awaits_transform:
            self.embed([np.zeros((64, 64, 3), dtype=np.uint8)])

    def snapshot(self) -> Snapshot:
        """The newest version of the rows that is ready.

        The record is looked at every five seconds, but not while we index ourselves; a new version is read in the
        background, and the old one is served until it is there.
        """
        with self._lock:
            current, now = self._snapshot, time.monotonic()
            if current is not None:
                if not self._indexing and now - self._looked >= LOOK_SECONDS:
                    self._looked = now
                    threading.Thread(target=self._look, daemon=True).start()
                return current
        return self._renew(None)

    def _look(self) -> None:
        """Read the record anew where another process wrote to it."""
        try:
            self._watch.refresh()
            with self._lock:
                current = self._snapshot
            if current is not None and self._watch.store.version != current.version:
                self._renew(current)
        except LookalikeError as error:  # the old version is served on
            log.warning("gallery %s: %s", self.name, error)

    def _renew(self, old: Snapshot | None) -> Snapshot:
        """Read a new version, unless somebody else did while we waited; a handle of its own keeps it consistent."""
        with self._reading:
            with self._lock:
                if self._snapshot is not old and self._snapshot is not None:
                    return self._snapshot
            gallery = Gallery.open(self._place)
            made = Snapshot(gallery)
            problems = int(gallery.problems().num_rows)
            with self._lock:
                self.gallery, self._snapshot, self._problems = gallery, made, problems
                self._looked = time.monotonic()
                self._filters.clear()
                self._thumbnails.clear()
            return made

    def forget(self) -> None:
        """Something was written by this process: read it now."""
        with self._lock:
            current = self._snapshot
        self._renew(current)

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        """Vectors float32 (m, d); an encoder that uses all cores is asked by one thread at a time."""
        encoder = self.encoder
        with DECODERS:
            if encoder.concurrent:
                return encoder.embed(images)
            with self._embedding:
                return encoder.embed(images)

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 (m, d) of words.

        Raises:
            NoSuchOutput: the encoder knows images only.
        """
        encoder = self.encoder
        with self._embedding:
            return encoder.embed_text(texts)

    def allowed(self, where: str) -> NDArray[np.int64]:
        """Ids of the rows that a filter selects, ascending.

        Raises:
            PageError: it cannot be understood (400).
            BadFilter: it asks for places on the server.
        """
        refuse_places(where)
        self.snapshot()
        with self._lock:
            rows, gallery = self._snapshot, self.gallery
            assert rows is not None
            key = (rows.version, where)
            if key in self._filters:
                self._filters.move_to_end(key)
                return self._filters[key]
        try:
            found = np.sort(gallery.rows(["id"], where=where).column("id").to_numpy()).astype(np.int64)
        except BadFilter as error:  # in the words of the record's engine
            log.info("filter: %s", error)
            raise PageError.of(
                400, "bad_filter", where=printable(where), columns=", ".join(rows.columns())
            ) from error
        found = found[np.isin(found, rows.ids, assume_unique=True)]
        with self._lock:
            self._filters[key] = found
            while len(self._filters) > KEPT_FILTERS:
                self._filters.popitem(last=False)
        return found

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """JPEG bytes by id; those that are not kept yet are fetched in one go."""
        with self._lock:
            found = {one: self._thumbnails[one] for one in ids if one in self._thumbnails}
        wanted = [one for one in ids if one not in found]
        if wanted:
            fetched = self.gallery.thumbnails(wanted)
            found |= fetched
            with self._lock:
                self._thumbnails |= fetched
                while len(self._thumbnails) > KEPT_THUMBNAILS:
                    self._thumbnails.popitem(last=False)
        return found

    def source_of(self, row_id: int) -> ImageLike:
        """What to read the image of a row from.

        Raises:
            PageError: there is no such row (404).
        """
        path = self.snapshot().path(row_id)
        if path is None:
            raise PageError.of(404, "no_image")
        return images_of([path])[0]

    def row(self, row_id: int) -> dict[str, Any]:
        """All metadata of a row; the path is among them.

        Raises:
            PageError: there is no such row (404).
        """
        if not self.snapshot().has(row_id):
            raise PageError.of(404, "no_image")
        found = self.gallery.store.by_ids([row_id], self.gallery.store.light_columns()).to_pylist()
        if not found:
            raise PageError.of(404, "no_image")
        return dict(found[0])

    def problem_count(self) -> int:
        """Bad files that indexing met."""
        self.snapshot()
        return self._problems

    def index(
        self, folder: str, progress: Callable[[IndexReport], None], counted: Callable[[int | None], None]
    ) -> IndexReport:
        """Index a folder; pages go on with the old version until it is done.

        Raises:
            LookalikeError: as `Gallery.index`.
        """
        source = open_source(folder)
        counted(source.count())
        writer = Gallery.open(
            self._place, encoder=self._encoder_for and self._encoder_for(self.settings.encoder)
        )
        with self._lock:
            self._indexing = True
        try:
            return writer.index(source, wait=10.0, options=IndexOptions(progress=progress))
        finally:
            with self._lock:
                self._indexing = False
            self.forget()


def refuse_places(where: str) -> None:
    """Filters by the place of a file would tell, question by question, where files lie on the server.

    Raises:
        BadFilter: the filter names such a column.
    """
    named = _SECRET.search(where if _ODD.search(where) else _TEXT.sub(" '' ", where))
    if named:
        raise BadFilter(f"the column {named[1].lower()} cannot be asked here; filter by another column")
