"""The reading half of indexing: threads turn references into outcomes, in the order of the source."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from lookalike.encoders import Encoder, embed_with_gaps
from lookalike.encoders.cache import EmbeddingCache
from lookalike.encoders.parallel import available_cores
from lookalike.errors import ImageError, ImageUnreadable
from lookalike.gallery.index_rows import Outcome, Row, full_signature
from lookalike.gallery.known import Known
from lookalike.images import ImageRef, ImageSource, read_image, thumbnail
from lookalike.images.files import content_id


class Reader:
    """Reads, hashes, decodes and, where the encoder allows it, embeds in several threads."""

    def __init__(
        self,
        encoder: Encoder,
        cache: EmbeddingCache | None,
        known: Known,
        workers: int | None,
        *,
        rehash: bool,
    ) -> None:
        self.encoder = encoder
        self.cache = cache
        self.known = known
        # One more than cores: while one waits for a file or for a runtime's own threads, another decodes.
        self.workers = workers or available_cores() + 1
        self.rehash = rehash
        self._fingerprint = encoder.card.fingerprint

    def outcomes(self, source: ImageSource) -> Iterator[Outcome]:
        """One outcome an image, in the source's order; a bounded number is under way at any time."""
        # Whole pictures wait for a batch encoder; after any other only vectors and thumbnails, and of those as many as are
        # made while rows are written.
        in_flight = self.workers * (256 if self.encoder.concurrent else 2)
        waiting: deque[Future[Outcome]] = deque()
        with ThreadPoolExecutor(self.workers, thread_name_prefix="lookalike-index") as pool:
            try:
                for ref in source:
                    known = self._if_unchanged(ref)
                    if known is not None:
                        waiting.append(_done(known))
                    else:
                        waiting.append(pool.submit(self._process, ref))
                    while waiting and (len(waiting) >= in_flight or waiting[0].done()):
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _if_unchanged(self, ref: ImageRef) -> Outcome | None:
        """The outcome of an image that is known and, by size and times, as it was; else None."""
        position = self.known.position(ref.name)
        if position is None or self.rehash or self.known.is_missing(position):
            return None
        try:
            signature = full_signature(ref)
        except ImageError:
            return None
        return (
            Outcome(ref, signature, same=position) if self.known.has_signature(position, signature) else None
        )

    def _process(self, ref: ImageRef) -> Outcome:
        try:
            # The signature comes before the bytes: a file that changes in between is read again next time.
            signature = full_signature(ref)
            data = ref.read()
            content = content_id(data)
            position = self.known.position(ref.name)
            if position is not None and self.known.content(position) == content:
                return Outcome(ref, signature, touched=position)
            if position is None and (moved := self.known.claim_moved(content, ref.name)) is not None:
                return Outcome(ref, signature, moved=moved)
            return self._embed(Row(ref, signature, content), data)
        except ImageError as error:
            return Outcome(ref, "", problem=error)

    def _embed(self, row: Row, data: bytes) -> Outcome:
        try:
            image = read_image(data, min_size=self.encoder.wanted_size, name=row.ref.name)
            row.thumbnail = thumbnail(image.pixels)
        except ImageError:
            raise
        except (Exception, MemoryError) as error:  # one odd file must not stop the other 999,999
            raise ImageUnreadable(
                row.ref.name,
                f"decoding failed unexpectedly ({type(error).__name__}: {error}); please report this file",
            ) from error
        row.info = image.info
        if self.cache is not None:
            row.vector = self.cache.get_many(self._fingerprint, [row.content], self.encoder.card.dim).get(
                row.content
            )
        if row.vector is not None:
            return Outcome(row.ref, row.signature, row=row)
        if self.encoder.concurrent:
            row.vector, row.computed = embed_with_gaps(self.encoder, [image.pixels])[0], True
            return Outcome(row.ref, row.signature, row=row)
        return Outcome(row.ref, row.signature, row=row, pixels=image.pixels)


def _done(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
