"""Bring images into a gallery: read and write at the same time, and pick up where a dead run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder, embed_with_gaps
from lookalike.encoders.cache import EmbeddingCache
from lookalike.errors import ImageError, ImageUnreadable
from lookalike.gallery.codecs import FIT_ROWS
from lookalike.gallery.columns import problems_schema
from lookalike.gallery.index_reader import Reader
from lookalike.gallery.index_report import IndexOptions, IndexReport
from lookalike.gallery.index_rows import Outcome, Row, rows_table, updates_table
from lookalike.gallery.known import Known
from lookalike.gallery.store import Store
from lookalike.gallery.vanished import Vanished
from lookalike.images import ImageSource

COMMIT_SECONDS = 3.0
BATCH_PIXEL_BYTES = 128 * 1024 * 1024
"""Decoded images that wait for a batch encoder take at most about this much memory."""


class Indexer:
    """One run over one source. The caller holds the gallery's write lock."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        source: ImageSource,
        cache: EmbeddingCache | None,
        next_id: int,
        save_settings: Callable[..., None],
        options: IndexOptions,
    ) -> None:
        self.store = store
        self.encoder = encoder
        self.source = source
        self.cache = cache
        self.options = options
        self.report = IndexReport()
        self.known = Known(store)
        self.columns = store.ensure_columns(source.metadata_schema(), source.spec)
        self._save_settings = save_settings
        self._next_id = max(next_id, self.known.largest_id + 1)
        self._rows: list[Row] = []
        self._pixels: list[tuple[Row, NDArray[np.uint8]]] = []
        self._updates: list[tuple[int, Outcome]] = []
        self._problems: dict[str, ImageError] = {}
        self._bad: set[str] = set()
        self._unfit = store.codec.needs_fit and not store.codec.parameters
        self._last_commit = self._last_progress = time.monotonic()

    def run(self) -> IndexReport:
        """Index the whole source."""
        started = time.monotonic()
        reader = Reader(
            self.encoder, self.cache, self.known, self.options.workers, rehash=self.options.rehash
        )
        for outcome in reader.outcomes(self.source):
            self._take(outcome)
            if self._time_to_commit():
                self._commit()
            self._show(started)
        for problem in self.source.problems:
            self._note(problem)
        self._commit()
        self._mark_vanished()
        self._forget_solved_problems()
        self._time(started)
        if self.options.progress:
            self.options.progress(self.report)
        return self.report

    def _take(self, outcome: Outcome) -> None:
        if outcome.problem is not None:
            self._note(outcome.problem)
            return
        if outcome.row is not None:
            self._take_row(outcome.row, outcome.pixels)
            return
        if outcome.same is not None:
            self.report.unchanged += self.known.see(outcome.same)
            return
        kept = outcome.moved if outcome.moved is not None else outcome.touched
        assert kept is not None
        first = self.known.see(kept)
        if outcome.moved is not None:
            self.report.moved += 1
        else:
            self.report.unchanged += first
        self._updates.append((self.known.id(kept), outcome))

    def _take_row(self, row: Row, pixels: NDArray[np.uint8] | None) -> None:
        position = self.known.position(row.ref.name)
        if position is not None:
            self.known.see(position)
        self._rows.append(row)
        if pixels is not None:
            self._pixels.append((row, pixels))
            waiting = sum(image.nbytes for _, image in self._pixels)
            if len(self._pixels) >= self.encoder.batch_size or waiting > BATCH_PIXEL_BYTES:
                self._embed_waiting()

    def _embed_waiting(self) -> None:
        if self._pixels:
            vectors = embed_with_gaps(self.encoder, [pixels for _, pixels in self._pixels])
            for (row, _), vector in zip(self._pixels, vectors, strict=True):
                row.vector, row.computed = vector, True
            self._pixels = []

    def _note(self, problem: ImageError) -> None:
        self.report.note(problem)
        self._problems[problem.name] = problem
        self._bad.add(problem.name)

    def _time_to_commit(self) -> bool:
        if self._unfit:
            return len(self._rows) >= FIT_ROWS
        waiting = len(self._rows) + len(self._updates) + len(self._problems)
        late = time.monotonic() - self._last_commit > COMMIT_SECONDS
        return waiting >= self.options.commit_rows or (waiting > 0 and late)

    def _commit(self) -> None:
        self._embed_waiting()
        if self._rows:
            # A list may name a file twice: the last word counts.
            self._commit_rows(list({row.ref.name: row for row in self._rows}.values()))
            self._rows = []
        if self._updates:
            latest = {row_id: (row_id, outcome) for row_id, outcome in self._updates}
            self.store.update_by_id(updates_table(list(latest.values()), self.source.spec, self.columns))
            self._updates = []
        if self._problems:
            self._commit_problems()
            self._problems = {}
        self._last_commit = time.monotonic()

    def _commit_rows(self, rows: list[Row]) -> None:
        rows = self._finite(rows)
        if not rows:
            return
        vectors = np.stack([row.vector for row in rows if row.vector is not None])
        if self._unfit:
            self._save_settings(codec=self.store.codec.fit(vectors))
            self._unfit = False
        codes = self.store.codec.encode(vectors)
        table = rows_table(rows, self._next_id, self.source.spec, codes, self.columns)
        if any(self.known.position(row.ref.name) is not None for row in rows):
            self.store.replace_by_path(table)
        else:
            self.store.append(table)
        self.known.add(rows, self._next_id, self.source.spec)
        self._next_id += len(rows)
        self.report.indexed += len(rows)
        self.report.cached += sum(not row.computed for row in rows)
        if self.options.on_commit:
            self.options.on_commit([row.ref.name for row in rows])
        if self.cache is not None:
            computed = {row.content: row.vector for row in rows if row.computed and row.vector is not None}
            if computed:
                self.cache.put_many(self.encoder.card.fingerprint, computed)

    def _finite(self, rows: list[Row]) -> list[Row]:
        """The rows whose vectors are numbers; an encoder that fails on an image makes that image a problem."""
        good = []
        for row in rows:
            if row.vector is not None and np.isfinite(row.vector).all():
                good.append(row)
            else:
                self.known.forget(row.ref.name)
                reason = f"encoder {self.encoder.card.name} gave values that are not finite numbers"
                self._note(ImageUnreadable(row.ref.name, reason))
        return good

    def _commit_problems(self) -> None:
        import pyarrow as pa

        rows = [
            {
                "path": _storable(name),
                "kind": p.kind,
                "reason": _storable(p.reason),
                "source": self.source.spec,
            }
            for name, p in self._problems.items()
        ]
        table = pa.Table.from_pylist(rows, schema=problems_schema())
        self.store.replace_problems(table, [row["path"] for row in rows])

    def _mark_vanished(self) -> None:
        """Rows whose file is gone are marked missing, or removed when pruning; rows of bad files are only marked."""
        vanished = Vanished(self.source, self.known)
        gone = vanished.rows()
        bad = [i for i in self._bad_rows() if not self.known.is_missing(i)]
        # A source without a single image is more likely a disk that is not there than an empty one.
        if self.options.prune and gone and (self.report.indexed or self.known.seen.any()):
            # Ids are never given out again, or an index that has not heard of the removal would lie.
            self._save_settings(next_id=self._next_id)
            self.store.delete_ids([self.known.id(i) for i in gone])
            self.report.pruned = len(gone)
            gone = []
        newly = [self.known.id(i) for i in dict.fromkeys([*gone, *bad]) if not self.known.is_missing(i)]
        self.store.mark_missing(newly)
        self.report.missing = len(newly)

    def _bad_rows(self) -> list[int]:
        """Positions of rows that were good images once and whose file is a bad one now."""
        positions = (self.known.position(name) for name in self._bad)
        return [i for i in positions if i is not None and i < len(self.known.seen) and not self.known.seen[i]]

    def _forget_solved_problems(self) -> None:
        still = {_storable(name) for name in self._bad}
        solved = [path for path in self.store.problem_paths(self.source.spec) if path not in still]
        if solved:
            self.store.replace_problems(problems_schema().empty_table(), solved)

    def _show(self, started: float) -> None:
        now = time.monotonic()
        if self.options.progress and now - self._last_progress > 0.1:
            self._last_progress = now
            self._time(started)
            self.options.progress(self.report)

    def _time(self, started: float) -> None:
        self.report.seconds = round(time.monotonic() - started, 3)
        self.report.images_per_second = round(self.report.indexed / max(self.report.seconds, 1e-9), 1)


def _storable(text: str) -> str:
    """File names that are not UTF-8 carry surrogates, which Arrow cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
