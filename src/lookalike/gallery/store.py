"""The record: two Lance tables, `images` (one row an image) and `problems` (one row a bad file)."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import BadFilter, GalleryDamaged, GalleryError
from lookalike.gallery.codecs import Codec
from lookalike.gallery.columns import (
    BUILTIN_COLUMNS,
    HEAVY_COLUMNS,
    SQL_TYPES,
    check_kind,
    column_names,
    images_schema,
    problems_schema,
)

if TYPE_CHECKING:
    import pyarrow as pa


class Store:
    """Reads and writes the two tables; every write is one atomic commit."""

    def __init__(self, location: str, codec: Codec, *, create: bool) -> None:
        self.location = location
        self.codec = codec
        self.images: Any
        self.problems: Any
        self.generation = 0
        """Raised by every write and refresh through this object: what was read before may be out of date."""
        # Lance announces every new table as a warning on stderr.
        os.environ.setdefault("LANCEDB_LOG", "error")
        import lancedb

        with translated(location):
            connection: Any = lancedb.connect(location)
            if create:
                self.images = connection.create_table("images", schema=images_schema(codec), mode="overwrite")
                self.problems = connection.create_table(
                    "problems", schema=problems_schema(), mode="overwrite"
                )
                return
            try:
                self.images = connection.open_table("images")
                self.problems = connection.open_table("problems")
            except (ValueError, FileNotFoundError) as error:
                raise GalleryDamaged(
                    f"gallery {location}: its tables are missing; restore them from a copy or index into a new gallery"
                ) from error

    @property
    def version(self) -> int:
        """Version of the `images` table; every commit raises it."""
        return int(self.images.version)

    def refresh(self) -> None:
        """See what other processes have committed."""
        self.generation += 1
        with translated(self.location):
            self.images.checkout_latest()
            self.problems.checkout_latest()

    def count(self, where: str | None = None) -> int:
        """Rows, or those that a SQL expression selects."""
        return int(self._read(lambda: self.images.count_rows(where)))

    def problem_rows(self) -> pa.Table:
        """The `problems` table."""
        return self._read(lambda: self.problems.search().to_arrow())

    def _read(self, read: Callable[[], Any], where: str | None = None) -> Any:
        """Read; once more after a refresh when another process has meanwhile removed the version that was open."""
        with translated(self.location, where):
            try:
                return read()
            except (ValueError, RuntimeError, OSError) as error:
                if "not found" not in str(error).lower():
                    raise
                self.refresh()
                return read()

    def metadata_columns(self) -> list[str]:
        """Names of the columns that came with the user's own tables."""
        return [name for name in self.images.schema.names if name not in (*BUILTIN_COLUMNS, *HEAVY_COLUMNS)]

    def light_columns(self) -> list[str]:
        """All columns but the thumbnail and the vector."""
        return [name for name in self.images.schema.names if name not in HEAVY_COLUMNS]

    def scan(self, columns: Sequence[str], where: str | None = None, *, present: bool = False) -> pa.Table:
        """Columns of the rows that a SQL expression selects, in no particular order.

        Args:
            columns: their names.
            where: SQL over the columns; None takes every row.
            present: leave out rows that are marked missing.

        Raises:
            BadFilter: the expression cannot be understood.
        """
        import pyarrow.compute as pc

        wanted = list(dict.fromkeys([*columns, "missing"])) if present else list(columns)

        def read() -> pa.Table:
            query = self.images.search().select(wanted)
            return (query.where(f"({where})") if where else query).to_arrow()

        table = self._read(read, where)
        if present:
            # Not part of the SQL: "true) OR (true" would reach past any parentheses around it.
            table = table.filter(pc.invert(table.column("missing"))).select(list(columns))
        return table

    def scan_batches(self, columns: Sequence[str], size: int = 8_192) -> Iterator[pa.RecordBatch]:
        """Columns of all rows, a batch at a time, for tables that do not fit in memory."""
        with translated(self.location):
            yield from self.images.search().select(list(columns)).to_batches(size)

    def by_ids(self, ids: Sequence[int] | NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Columns of the rows with these ids, in no particular order."""
        import pyarrow as pa

        wanted = sorted({int(i) for i in ids})
        pieces = [
            self.scan(columns, f"id IN ({', '.join(map(str, wanted[i : i + 2_000]))})")
            for i in range(0, len(wanted), 2_000)
        ]
        if pieces:
            return pa.concat_tables(pieces)
        return self.scan(columns, "id < 0")

    def append(self, rows: pa.Table) -> None:
        """Add new rows."""
        self.generation += 1
        with translated(self.location):
            self.images.add(self._complete(rows))

    def replace_by_path(self, rows: pa.Table) -> None:
        """Put rows in the place of those with the same path, or add them: one commit, so nothing is lost between."""
        self.generation += 1
        with translated(self.location):
            merge = self.images.merge_insert("path").when_matched_update_all().when_not_matched_insert_all()
            merge.execute(self._complete(rows))

    def update_by_id(self, rows: pa.Table) -> None:
        """Set some columns (those in ``rows``, which must hold ``id``) of existing rows."""
        import pyarrow as pa

        if rows.num_rows:
            self.generation += 1
            schema = self.images.schema
            typed = rows.cast(pa.schema([schema.field(name) for name in rows.column_names]))
            with translated(self.location):
                self.images.merge_insert("id").when_matched_update_all().execute(typed)

    def mark_missing(self, ids: Sequence[int], *, missing: bool = True) -> None:
        """Mark rows whose file is gone, or take the mark away."""
        import pyarrow as pa

        self.update_by_id(pa.table({"id": pa.array(ids, pa.int64()), "missing": [missing] * len(ids)}))

    def problem_paths(self, source: str) -> list[str]:
        """Paths of the bad files that this source was last found to hold."""
        wanted = f"source = {sql_text(source)}"
        table = self._read(lambda: self.problems.search().select(["path"]).where(wanted).to_arrow())
        return [str(path) for path in table.column("path").to_pylist()]

    def delete_ids(self, ids: Sequence[int]) -> None:
        """Remove rows for good."""
        self.generation += 1
        with translated(self.location):
            for i in range(0, len(ids), 2_000):
                self.images.delete(f"id IN ({', '.join(str(int(n)) for n in ids[i : i + 2_000])})")

    def replace_problems(self, rows: pa.Table, paths: Sequence[str]) -> None:
        """Record bad files anew: rows of these paths are replaced by ``rows``."""
        with translated(self.location):
            for i in range(0, len(paths), 500):
                quoted = ", ".join(sql_text(path) for path in paths[i : i + 500])
                self.problems.delete(f"path IN ({quoted})")
            if rows.num_rows:
                self.problems.add(rows)

    def ensure_columns(self, schema: Mapping[str, str], source: str) -> dict[str, str]:
        """Add the user's metadata columns where they are not there yet; returns name in the source -> column.

        Raises:
            SourceError: a column holds another kind of values than before.
        """
        mapping = column_names(schema)
        there = {field.name: field.type for field in self.images.schema}
        new = {}
        for name, kind in schema.items():
            column = mapping[name]
            if column in there:
                check_kind(column, there[column], kind, source)
            else:
                new[column] = f"cast(NULL as {SQL_TYPES[kind]})"
        if new:
            self.generation += 1
            with translated(self.location):
                self.images.add_columns(new)
        return mapping

    def tidy(self, *, keep: timedelta = timedelta(hours=1)) -> None:
        """Merge small fragments and forget versions older than ``keep`` (open readers use those)."""
        self.generation += 1
        with translated(self.location), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.images.optimize(cleanup_older_than=keep)
            self.problems.optimize(cleanup_older_than=keep)

    def index_ids(self) -> None:
        """A B-tree over `id`, which large tables need to fetch the rows of a result quickly."""
        self.generation += 1
        from lancedb.index import BTree

        with translated(self.location):
            self.images.create_index("id", config=BTree(), replace=True)

    def _complete(self, rows: pa.Table) -> pa.Table:
        """Rows with every column of the table, in its order and types; absent ones are null."""
        import pyarrow as pa

        schema = self.images.schema
        columns = [
            rows.column(field.name).cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ]
        return pa.table(columns, schema=schema)


def sql_text(text: str) -> str:
    """``text`` as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def vector_column(rows: Any) -> NDArray[Any]:
    """The `vector` column of a table or batch as (n, width), in its stored type."""
    column = rows.column("vector")
    array = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    if hasattr(array, "chunks"):
        array = array.chunk(0) if array.num_chunks else None
    width = column.type.list_size
    if array is None or len(array) == 0:
        return np.empty((0, width), dtype=column.type.value_type.to_pandas_dtype())
    flat = array.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat).reshape(len(array), width)


@contextlib.contextmanager
def translated(location: str, where: str | None = None) -> Iterator[None]:
    """Lance's errors as ours, in one line.

    Raises:
        BadFilter: ``where`` was given and cannot be understood.
        GalleryError: anything else.
    """
    try:
        yield
    except (ValueError, RuntimeError, OSError) as error:
        text = " ".join(str(error).split())
        if where is not None and isinstance(error, ValueError | RuntimeError) and "No space left" not in text:
            raise BadFilter(
                f"filter {where!r} cannot be used: {_short(text)}; write SQL such as \"label = 'cup' AND width > 500\""
            ) from error
        if "No space left" in text or "os error 28" in text:
            raise GalleryError(
                f"gallery {location}: the disk is full; what was reported as indexed is kept: free some space and run again"
            ) from error
        raise GalleryError(f"gallery {location}: {_short(text)}") from error


def _short(text: str) -> str:
    """The part of Lance's message that people can use: no Rust source places, at most 300 characters."""
    text = text.split(", /")[0].split(" /home")[0].split(" /root")[0]
    return text if len(text) <= 300 else text[:297] + "..."
