"""One gallery behind the pages: opened once, warm, safe for many threads."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.gallery import Gallery, IndexOptions, IndexReport
from lookalike.gallery.reranking import images_of
from lookalike.images import ImageLike, open_source
from lookalike.web.faults import PageError
from lookalike.web.snapshot import Snapshot

if TYPE_CHECKING:
    from lookalike.gallery.settings import GallerySettings

LOOK_SECONDS = 5.0
"""How often the record is asked whether another process wrote to it."""

KEPT_THUMBNAILS = 20_000
"""About 5 kB each."""

KEPT_FILTERS = 64


class ServedGallery:
    """A gallery and what of it is kept in memory.

    Attributes:
        name: in addresses.
        gallery: opened for reading; pages that need more than is here may use it (its reading methods may be
            called by several threads).
    """

    def __init__(self, name: str, place: str, encoder_for: Callable[[str], Encoder]) -> None:
        self.name = name
        self._place = place
        self.gallery = Gallery.open(place)
        if not self.gallery.settings.encoder_options:
            self._encoder_for: Callable[[str], Encoder] | None = encoder_for
        else:
            self._encoder_for = None  # other weights or precision than usual: the gallery's own
        self._lock = threading.RLock()
        self._embedding = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._looked = 0.0
        self._indexing = False
        self._problems: int | None = None
        self._thumbnails: OrderedDict[int, bytes] = OrderedDict()
        self._filters: OrderedDict[str, NDArray[np.int64]] = OrderedDict()

    @property
    def settings(self) -> GallerySettings:
        """What the gallery was made with."""
        return self.gallery.settings

    @property
    def encoder(self) -> Encoder:
        """Loaded once; shared with other galleries of the same encoder."""
        with self._lock:
            if self._encoder_for is not None:
                loaded = self._encoder_for(self.gallery.settings.encoder)
                self.gallery = Gallery.open(self._place, encoder=loaded)
                self._encoder_for = None
            return self.gallery.encoder

    def warm(self) -> None:
        """Load rows, vectors and the encoder, and use each once."""
        rows = self.snapshot()
        if rows.in_memory and len(rows):
            rows.nearest(rows.vectors.matrix[:1], 1)
        rows.percentile(0.5)
        self.embed([np.zeros((64, 64, 3), dtype=np.uint8)])

    def snapshot(self) -> Snapshot:
        """The newest version of the rows; the record is looked at every five seconds, but not while we index."""
        with self._lock:
            now = time.monotonic()
            if self._snapshot is not None and (self._indexing or now - self._looked < LOOK_SECONDS):
                return self._snapshot
            self._looked = now
            if self._snapshot is not None:
                self.gallery.refresh()
                if self.gallery.store.version == self._snapshot.version:
                    return self._snapshot
            self._snapshot = Snapshot(self.gallery)
            self._filters.clear()
            self._thumbnails.clear()
            self._problems = None
            return self._snapshot

    def forget(self) -> None:
        """Something was written: the next `snapshot` looks at the record."""
        with self._lock:
            self._looked = 0.0

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        """Vectors float32 (m, d); an encoder that uses all cores is asked by one thread at a time."""
        encoder = self.encoder
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
            BadFilter: it cannot be understood.
        """
        rows = self.snapshot()
        with self._lock:
            if where in self._filters:
                self._filters.move_to_end(where)
                return self._filters[where]
        found = np.sort(self.gallery.rows(["id"], where=where).column("id").to_numpy()).astype(np.int64)
        found = found[np.isin(found, rows.ids, assume_unique=True)]
        with self._lock:
            self._filters[where] = found
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
            raise PageError(404, "the gallery has no such image")
        return images_of([path])[0]

    def row(self, row_id: int) -> dict[str, Any]:
        """All metadata of a row; the path is among them.

        Raises:
            PageError: there is no such row (404).
        """
        if not self.snapshot().has(row_id):
            raise PageError(404, "the gallery has no such image")
        found = self.gallery.store.by_ids([row_id], self.gallery.store.light_columns()).to_pylist()
        if not found:
            raise PageError(404, "the gallery has no such image")
        return dict(found[0])

    def problem_count(self) -> int:
        """Bad files that indexing met."""
        with self._lock:
            if self._problems is None:
                self._problems = int(self.gallery.problems().num_rows)
            return self._problems

    def index(
        self, folder: str, progress: Callable[[IndexReport], None], counted: Callable[[int | None], None]
    ) -> IndexReport:
        """Index a folder; pages go on with the old version until it is done.

        Raises:
            LookalikeError: as `Gallery.index`.
        """
        encoder = self.encoder
        source = open_source(folder)
        counted(source.count())
        writer = Gallery.open(self._place, encoder=encoder)
        with self._lock:
            self._indexing = True
        try:
            return writer.index(source, wait=10.0, options=IndexOptions(progress=progress))
        finally:
            with self._lock:
                self._indexing = False
                self._looked = 0.0
                self._problems = None
