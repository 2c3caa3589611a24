"""Many images, found again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions, absolute_spec, load_encoder
from lookalike.gallery.codecs import make_codec
from lookalike.gallery.encoding import EncodingGallery
from lookalike.gallery.hits import Hits
from lookalike.gallery.index_report import IndexOptions, IndexReport
from lookalike.gallery.lock import write_lock
from lookalike.gallery.opening import (
    absolute_place,
    new_settings,
    prepare_folder,
    refuse_existing,
    refuse_other_encoder,
    remove_index,
    several,
)
from lookalike.gallery.query import Box, Combine, Query
from lookalike.gallery.ranking import rank
from lookalike.gallery.reranking import Rerank, reranked
from lookalike.gallery.searcher import Mode
from lookalike.gallery.settings import is_remote, read_settings, write_settings
from lookalike.gallery.store import Store
from lookalike.gallery.transform import is_pending
from lookalike.images import ImageLike, ImageSource, open_source

if TYPE_CHECKING:
    from lookalike.gallery.check import CheckReport
    from lookalike.gallery.clusters import Clusters
    from lookalike.gallery.duplicates import Duplicates
    from lookalike.gallery.label import LabelEvaluation, Labels
    from lookalike.gallery.map import MapData


class Gallery(EncodingGallery):
    """A folder (or an object store's address) that remembers what images look like.

    Use :meth:`create` or :meth:`open`. Distances are cosine distances ``1 - cos`` in [0, 2].
    """

    @classmethod
    def create(
        cls,
        location: str | os.PathLike[str],
        encoder: str | Encoder = DEFAULT_ENCODER,
        *,
        storage: str = "float32",
        transform: str | None = None,
        options: EncoderOptions | None = None,
    ) -> Gallery:
        """Make an empty gallery.

        Args:
            location: a folder that is new or empty, or an address such as ``s3://bucket/name``.
            encoder: what turns images into vectors; fixed for the gallery's life.
            storage: ``float32``, ``float16``, ``int8`` or ``binary`` (1, 1/2, 1/4, 1/32 of the space).
            transform: ``whiten`` fits a whitening (see :mod:`lookalike.encoders.transform`) on the first images
                that are indexed, and applies it to all; fixed for the gallery's life.
            options: device, precision, weights of the encoder.

        Raises:
            GalleryExists: there is a gallery, or something else, at that place.
            EncoderError: the encoder cannot be had.
        """
        place = absolute_place(location)
        spec = absolute_spec(encoder) if isinstance(encoder, str) else encoder.card.name
        options = options or EncoderOptions()
        loaded = load_encoder(spec if isinstance(encoder, str) else encoder, options)
        settings = new_settings(spec, loaded.card, storage, options, transform)
        codec = make_codec(storage, settings.dim)
        prepare_folder(place)
        with write_lock(place):
            refuse_existing(place)
            remove_index(place)
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
        place = absolute_place(location)
        settings = read_settings(place)
        loaded: Encoder | None = None
        if encoder is not None:
            loaded = load_encoder(absolute_spec(encoder) if isinstance(encoder, str) else encoder, options)
            refuse_other_encoder(place, settings, loaded)
        store = Store(place, make_codec(settings.storage, settings.dim, settings.codec), create=False)
        gallery = cls(place, settings, store, loaded)
        gallery._options = options or EncoderOptions()
        return gallery

    def __repr__(self) -> str:
        return f"<Gallery {self.location}: {len(self)} images, encoder {self.settings.encoder}>"

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
            InvalidArgument: too few images to fit the transform on.
        """
        from lookalike.encoders.cache import EmbeddingCache
        from lookalike.gallery.indexing import Indexer

        opened = source if isinstance(source, ImageSource) else open_source(os.fspath(source))
        options = options or IndexOptions()
        if is_pending(self.settings):
            self.fit_transform([opened], cache=cache, wait=wait, workers=options.workers)
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
                options,
            )
            report = indexer.run()
            if report.indexed or report.moved or report.pruned:
                self.store.tidy()
        return report

    def build_index(self, *, anew: bool = False, wait: float = 0.0) -> dict[str, Any]:
        """Build, or bring up to date, the index for approximate search; a small gallery needs none.

        Locally a faiss index beside the record; Lance's own in an object store or where memory is too small.

        Args:
            anew: build from nothing even where an index could be extended.
            wait: seconds to wait while another process writes.

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
            return {"engine": "faiss", **asdict(self._searcher.build(anew=anew).stamp)}

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
        rerank: Rerank | None = None,
        rerank_top: int = 100,
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
            rerank: a comparator, or its folder: puts the first ``rerank_top`` hits in its own order.

        Raises:
            ImageError: a query image cannot be read.
            BadFilter: ``where`` cannot be understood.
            InvalidArgument: k < 1, nothing to search for, a box outside the image.
        """
        query = Query(several(images), several(text), several(negative), crop, combine)
        first = k if rerank is None else max(k, rerank_top)
        hits = self.search_vectors(
            query.vectors(self.encoder), k=first, where=where, max_distance=max_distance, mode=mode
        )
        return hits if rerank is None else reranked(hits, several(images), rerank, k)

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
        return rank(self, queries, k=k, where=where, max_distance=max_distance, mode=mode)

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

        return label_images(self, None if images is None else several(images), **options)

    def evaluate_labels(self, **options: Any) -> LabelEvaluation:
        """How well neighbours predict a column; see :func:`lookalike.gallery.label.evaluate_labels`."""
        from lookalike.gallery.label import evaluate_labels

        return evaluate_labels(self, **options)

    def mark_files(self, paths: Sequence[str], *, missing: bool, wait: float = 0.0) -> int:
        """Note that files were taken away (they are found no more) or brought back; returns how many rows changed.

        Raises:
            GalleryLocked: another process is writing.
        """
        wanted = set(paths)
        with write_lock(self.location, wait=wait):
            self.refresh()
            rows = self.rows(["id", "path"], missing=True).to_pylist()
            ids = [row["id"] for row in rows if row["path"] in wanted]
            self.store.mark_missing(ids, missing=missing)
        return len(ids)

    def check(self, **options: Any) -> CheckReport:
        """Integrity, and recall of the index; see :func:`lookalike.gallery.check.check_gallery`."""
        from lookalike.gallery.check import check_gallery

        return check_gallery(self, **options)
