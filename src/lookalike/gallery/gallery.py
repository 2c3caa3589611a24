"""Many images, found again."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions, absolute_spec, load_encoder
from lookalike.errors import EncoderMismatch, GalleryError, GalleryExists, InvalidArgument
from lookalike.gallery.codecs import make_codec
from lookalike.gallery.exact import VectorSet
from lookalike.gallery.hits import Hit, Hits
from lookalike.gallery.index_report import IndexOptions, IndexReport
from lookalike.gallery.lock import write_lock
from lookalike.gallery.query import Box, Combine, Query
from lookalike.gallery.searcher import Found, Mode, Searcher
from lookalike.gallery.settings import FILE_NAME, GallerySettings, is_remote, read_settings, write_settings
from lookalike.gallery.store import Store
from lookalike.images import ImageLike, ImageSource, open_source

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.gallery.check import CheckReport
    from lookalike.gallery.clusters import Clusters
    from lookalike.gallery.duplicates import Duplicates
    from lookalike.gallery.label import LabelEvaluation, Labels
    from lookalike.gallery.map import MapData

OWN_FILES = {FILE_NAME, "gallery.json.new", "images.lance", "problems.lance", "lock", "index", "moves"}
REFINE = 3
"""An approximate search fetches this many times k candidates and ranks them by their stored vectors."""


class Gallery:
    """A folder (or an object store's address) that remembers what images look like.

    Use :meth:`create` or :meth:`open`. Distances are cosine distances ``1 - cos`` in [0, 2].

    Attributes:
        location: the folder as an absolute path, or the address.
        settings: encoder, storage and version of the layout.
    """

    def __init__(self, location: str, settings: GallerySettings, store: Store, encoder: Encoder | None = None) -> None:
        self.location = location
        self.settings = settings
        self.store = store
        self._encoder = encoder
        self._searcher = Searcher(location, store, settings)

    @classmethod
    def create(
        cls,
        location: str | os.PathLike[str],
        encoder: str | Encoder = DEFAULT_ENCODER,
        *,
        storage: str = "float32",
        options: EncoderOptions | None = None,
    ) -> Gallery:
        """Make an empty gallery.

        Args:
            location: a folder that is new or empty, or an address such as ``s3://bucket/name``.
            encoder: what turns images into vectors; fixed for the gallery's life.
            storage: ``float32``, ``float16``, ``int8`` or ``binary`` (a fourth, an eighth ... of the space; docs/how-to).
            options: device, precision, weights of the encoder.

        Raises:
            GalleryExists: there is a gallery, or something else, at that place.
            EncoderError: the encoder cannot be had.
        """
        place = _absolute(location)
        spec = absolute_spec(encoder) if isinstance(encoder, str) else encoder.card.name
        options = options or EncoderOptions()
        loaded = load_encoder(spec if isinstance(encoder, str) else encoder, options)
        card = loaded.card
        settings = GallerySettings(
            encoder=spec,
            fingerprint=card.fingerprint,
            dim=card.dim,
            storage=storage,
            card=card.to_dict(),
            encoder_options=_kept_options(options),
        )
        codec = make_codec(storage, card.dim)
        _prepare_folder(place)
        with write_lock(place):
            _refuse_existing(place)
            store = Store(place, codec, create=True)
            write_settings(place, settings)
        return cls(place, settings, store, loaded)

    @classmethod
    def open(
        cls,
        location: str | os.PathLike[str],
        *,
        encoder: str | Encoder | None = None,
        options: EncoderOptions | None = None,
    ) -> Gallery:
        """Open a gallery that exists.

        Args:
            location: where it is.
            encoder: when given, must be the one that the gallery was made with.
            options: device and threads for this session.

        Raises:
            GalleryNotFound: there is none.
            GalleryVersionError: a newer lookalike wrote it.
            EncoderMismatch: it was made with another encoder.
            GalleryDamaged: its files contradict one another.
        """
        place = _absolute(location)
        settings = read_settings(place)
        loaded: Encoder | None = None
        if encoder is not None:
            loaded = load_encoder(absolute_spec(encoder) if isinstance(encoder, str) else encoder, options)
            _refuse_other_encoder(place, settings, loaded)
        store = Store(place, make_codec(settings.storage, settings.dim, settings.codec), create=False)
        gallery = cls(place, settings, store, loaded)
        gallery._options = options
        return gallery

    _options: EncoderOptions | None = None

    def __len__(self) -> int:
        """Images that are present (not marked missing)."""
        return int(self.store.images.count_rows("missing = false"))

    def __repr__(self) -> str:
        return f"<Gallery {self.location}: {len(self)} images, encoder {self.settings.encoder}>"

    @property
    def encoder(self) -> Encoder:
        """The gallery's encoder, loaded when first asked for.

        Raises:
            EncoderMismatch: the weights under that name are no longer those that the gallery was made with.
        """
        if self._encoder is None:
            options = self._options or EncoderOptions()
            kept = self.settings.encoder_options
            if options.weights is None and kept.get("weights"):
                options = EncoderOptions(**{**asdict(options), "weights": Path(kept["weights"])})
            if kept.get("precision"):
                options = EncoderOptions(**{**asdict(options), "precision": kept["precision"]})
            loaded = load_encoder(self.settings.encoder, options)
            _refuse_other_encoder(self.location, self.settings, loaded)
            self._encoder = loaded
        return self._encoder

    def index(
        self,
        source: str | os.PathLike[str] | ImageSource,
        *,
        cache: bool = True,
        wait: float = 0.0,
        options: IndexOptions | None = None,
    ) -> IndexReport:
        """Add or refresh the images of a source; what has not changed is not computed again.

        Args:
            source: folder, list, table, archive, glob or file (see :func:`lookalike.images.open_source`).
            cache: look embeddings up in, and add them to, the cache that all galleries share.
            wait: seconds to wait while another process writes.
            options: workers, pruning, progress.

        Raises:
            SourceError: the source cannot be read.
            GalleryLocked: another process is writing.
        """
        from lookalike.encoders.cache import EmbeddingCache
        from lookalike.gallery.indexing import Indexer

        opened = source if isinstance(source, ImageSource) else open_source(os.fspath(source))
        encoder = self.encoder
        with write_lock(self.location, wait=wait):
            self.refresh()
            indexer = Indexer(
                self.store,
                encoder,
                opened,
                EmbeddingCache() if cache else None,
                self.settings.next_id,
                self._save_settings,
                options or IndexOptions(),
            )
            report = indexer.run()
            if report.indexed or report.moved or report.pruned:
                self.store.tidy()
        return report

    def build_index(self, *, wait: float = 0.0) -> dict[str, Any]:
        """Build, or bring up to date, the index for approximate search; a small gallery needs none.

        Locally a faiss index beside the record; Lance's own in an object store or where memory is too small.

        Returns:
            What was built: engine, and for faiss rows, lists, probes and the measured recall@10.

        Raises:
            InvalidArgument: too few images.
            GalleryLocked: another process is writing.
        """
        from lookalike.gallery import lance_index

        with write_lock(self.location, wait=wait):
            self.refresh()
            if is_remote(self.location) or not self._searcher.index_fits():
                lance_index.build(self.store)
                return {"engine": "lance"}
            self.store.index_ids()
            return {"engine": "faiss", **asdict(self._searcher.build().stamp)}

    @property
    def wants_index(self) -> bool:
        """True when the gallery is too large for exact search from memory."""
        return self._searcher.wants_index()

    def refresh(self) -> None:
        """See what other processes have written since this gallery was opened."""
        self.store.refresh()
        self.settings = read_settings(self.location)
        self.store.codec.parameters = self.settings.codec

    def rows(self, columns: Sequence[str] | None = None, *, where: str | None = None, missing: bool = False) -> pa.Table:
        """Metadata of the images, sorted by id.

        Args:
            columns: names; None gives all but thumbnail and vector.
            where: SQL over the columns, such as ``label = 'cup' AND width > 500``.
            missing: also rows whose file is gone.

        Raises:
            BadFilter: ``where`` cannot be understood.
        """
        wanted = list(columns) if columns is not None else self.store.light_columns()
        table = self.store.scan(list(dict.fromkeys([*wanted, "id"])), where, present=not missing).sort_by("id")
        return table.select(wanted)

    def problems(self) -> pa.Table:
        """Bad files that indexing met: path, kind, reason, source."""
        return self.store.problems.search().to_arrow()

    def vectors(self, ids: NDArray[np.int64] | None = None) -> VectorSet:
        """Vectors of unit length of all present images, or of those with these ids, sorted by id."""
        everything = self._searcher.vectors()
        if ids is None:
            return everything
        chosen = everything.positions(np.unique(ids))
        return VectorSet(everything.ids[chosen], everything.matrix[chosen])

    def thumbnails(self, ids: Sequence[int] | NDArray[np.int64]) -> dict[int, bytes]:
        """JPEG bytes (long side at most 160 px) by id."""
        table = self.store.by_ids(ids, ("id", "thumbnail"))
        pairs = zip(table.column("id").to_pylist(), table.column("thumbnail").to_pylist(), strict=True)
        return {row_id: data for row_id, data in pairs if data}

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, ids: NDArray[np.int64] | None = None, mode: Mode = "auto"
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Neighbours of vectors: (cosine distances float32 (m, k), ids int64 (m, k)), padded with +inf and -1.

        Args:
            queries: float32 (m, d).
            k: how many.
            ids: rows to choose from; None takes all that are present.
            mode: ``auto``, ``exact`` or ``index``.
        """
        found = self.find(queries, k, ids=ids, mode=mode)
        return found.distances, found.ids

    def find(
        self, queries: NDArray[np.float32], k: int, *, ids: NDArray[np.int64] | None = None, mode: Mode = "auto"
    ) -> Found:
        """As :meth:`nearest`, and says whether the answer is exact and which engine gave it."""
        if queries.ndim != 2 or queries.shape[1] != self.settings.dim:
            raise InvalidArgument(f"queries must have shape (m, {self.settings.dim}), got {queries.shape}")
        return self._searcher.nearest(queries, k, allowed=ids, mode=mode)

    def search(
        self,
        images: ImageLike | Sequence[ImageLike] | None = None,
        *,
        text: str | Sequence[str] | None = None,
        negative: ImageLike | Sequence[ImageLike] | None = None,
        crop: Box | None = None,
        combine: Combine = "mean",
        k: int = 10,
        where: str | None = None,
        max_distance: float | None = None,
        mode: Mode = "auto",
    ) -> Hits:
        """Find what looks alike.

        Args:
            images: one image or several.
            text: words, for encoders that understand them.
            negative: images whose like is not wanted.
            crop: (left, top, right, bottom) in pixels: look only at this part of the query images.
            combine: several images: ``mean`` or ``max`` (best match with any).
            k: how many.
            where: SQL over the metadata, such as ``label = 'cup' AND width > 500``.
            max_distance: leave out what is farther (cosine distance, in [0, 2]).
            mode: ``auto`` (exact up to 128 million numbers, else the index), ``exact`` or ``index``.

        Raises:
            ImageError: a query image cannot be read.
            BadFilter: ``where`` cannot be understood.
            InvalidArgument: k < 1, nothing to search for, a box outside the image.
        """
        query = Query(_several(images), _several(text), _several(negative), crop, combine)
        return self.search_vectors(
            query.vectors(self.encoder), k=k, where=where, max_distance=max_distance, mode=mode
        )

    def search_vectors(
        self,
        queries: NDArray[np.float32],
        *,
        k: int = 10,
        where: str | None = None,
        max_distance: float | None = None,
        mode: Mode = "auto",
    ) -> Hits:
        """As :meth:`search`, from vectors float32 (m, d); with m > 1 an image counts by its best match."""
        started = time.perf_counter()
        allowed = None
        if where is not None:
            allowed = np.sort(self.store.scan(("id",), where, present=True).column("id").to_numpy())
        found = self.find(queries, k, ids=allowed, mode=mode)
        if not found.exact:
            found = self.find(queries, k * REFINE, ids=allowed, mode=mode)
        best: dict[int, float] = {}
        for row_id, distance in zip(found.ids.ravel().tolist(), found.distances.ravel().tolist(), strict=True):
            if row_id >= 0 and distance < best.get(row_id, np.inf):
                best[row_id] = distance
        if not found.exact:
            best = self._exact_distances(queries, list(best))
        ranked = sorted(best.items(), key=lambda item: (item[1], item[0]))[:k]
        if max_distance is not None:
            ranked = [(row_id, distance) for row_id, distance in ranked if distance <= max_distance]
        considered = len(self) if allowed is None else len(allowed)
        return self._hits(ranked, found, considered, time.perf_counter() - started)

    def duplicates(self, **options: Any) -> Duplicates:
        """Groups of copies and near-copies; see :func:`lookalike.gallery.duplicates.find_duplicates`."""
        from lookalike.gallery.duplicates import find_duplicates

        return find_duplicates(self, **options)

    def clusters(self, **options: Any) -> Clusters:
        """Groups of similar images; see :func:`lookalike.gallery.clusters.cluster`."""
        from lookalike.gallery.clusters import cluster

        return cluster(self, **options)

    def map(self, **options: Any) -> MapData:
        """The gallery in two dimensions; see :func:`lookalike.gallery.map.project`."""
        from lookalike.gallery.map import project

        return project(self, **options)

    def label(self, images: ImageLike | Sequence[ImageLike] | None = None, **options: Any) -> Labels:
        """Recognise images by their neighbours (None: the gallery's own without a label).

        See :func:`lookalike.gallery.label.label_images`.
        """
        from lookalike.gallery.label import label_images

        return label_images(self, None if images is None else _several(images), **options)

    def evaluate_labels(self, **options: Any) -> LabelEvaluation:
        """How well neighbours predict a column; see :func:`lookalike.gallery.label.evaluate_labels`."""
        from lookalike.gallery.label import evaluate_labels

        return evaluate_labels(self, **options)

    def check(self, **options: Any) -> CheckReport:
        """Integrity, and recall of the index; see :func:`lookalike.gallery.check.check_gallery`."""
        from lookalike.gallery.check import check_gallery

        return check_gallery(self, **options)

    @property
    def index_stamp(self) -> dict[str, Any] | None:
        """What the approximate index was built from, or None when the gallery has none that is usable."""
        index = self._searcher.index()
        return None if index is None else asdict(index.stamp)

    def _hits(self, ranked: list[tuple[int, float]], found: Found, considered: int, seconds: float) -> Hits:
        columns = [*self.store.light_columns(), "thumbnail"]
        records = {row["id"]: row for row in self.store.by_ids([i for i, _ in ranked], columns).to_pylist()} if ranked else {}
        thumbnails = {row_id: row.pop("thumbnail") for row_id, row in records.items()}
        rows = tuple(
            Hit(rank, records[row_id]["path"], distance, row_id, records[row_id])
            for rank, (row_id, distance) in enumerate(((i, d) for i, d in ranked if i in records), start=1)
        )
        return Hits(rows, found.exact, found.engine, seconds, considered, {i: t for i, t in thumbnails.items() if t})

    def _exact_distances(self, queries: NDArray[np.float32], ids: list[int]) -> dict[int, float]:
        """Distances by the stored vectors, since an index knows rounded ones only."""
        from lookalike.gallery.store import vector_column

        rows = self.store.by_ids(ids, ("id", "vector"))
        matrix = self.store.codec.decode(vector_column(rows))
        distances = 1.0 - (matrix @ self.store.codec.query(queries).T).max(axis=1)
        return dict(zip(rows.column("id").to_pylist(), np.clip(distances, 0.0, 2.0).tolist(), strict=True))

    def _save_settings(self, **changes: Any) -> None:
        self.settings = self.settings.with_changes(**changes)
        write_settings(self.location, self.settings)


def _absolute(location: str | os.PathLike[str]) -> str:
    place = os.fspath(location)
    return place if is_remote(place) else str(Path(place).expanduser().absolute())


def _kept_options(options: EncoderOptions) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if options.weights is not None:
        kept["weights"] = str(Path(options.weights).absolute())
    if options.precision != "fp32":
        kept["precision"] = options.precision
    return kept


def _prepare_folder(place: str) -> None:
    if is_remote(place):
        return
    folder = Path(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted(item.name for item in folder.iterdir() if item.name not in OWN_FILES)
    except OSError as error:
        raise GalleryError(f"gallery {place}: cannot make this folder: {error.strerror}") from error
    if strangers:
        raise GalleryExists(f"folder {place} holds other files ({strangers[0]}); name a new or empty folder for the gallery")


def _refuse_existing(place: str) -> None:
    from lookalike.errors import GalleryNotFound

    try:
        read_settings(place)
    except GalleryNotFound:
        return
    raise GalleryExists(f"there is a gallery at {place} already; open it, or name another folder")


def _refuse_other_encoder(place: str, settings: GallerySettings, encoder: Encoder) -> None:
    if encoder.card.fingerprint != settings.fingerprint:
        raise EncoderMismatch(
            f"gallery {place} was made with encoder {settings.encoder} (fingerprint {settings.fingerprint[:8]}), not with "
            f"{encoder.card.name} ({encoder.card.fingerprint[:8]}); their vectors cannot be compared: use that encoder, "
            "or index into a new gallery"
        )


def _several(given: Any) -> Sequence[Any]:
    """One thing or several, as a sequence."""
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)
