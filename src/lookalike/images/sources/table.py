"""A table of images: CSV, TSV or Parquet with a column of paths; its other columns become metadata."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lookalike.errors import ImageError, ImageNotFound, SourceError, printable
from lookalike.images.ref import ImageRef
from lookalike.images.sources.base import ImageSource, Namer
from lookalike.images.sources.listing import listed
from lookalike.images.sources.patterns import Chooser

if TYPE_CHECKING:
    import pyarrow as pa

PATH_COLUMNS = (
    "path",
    "file",
    "filename",
    "image",
    "filepath",
    "file_path",
    "file_name",
    "image_path",
    "img",
)
LABEL_COLUMN = "label"
_BATCH_ROWS = 4096
_BLOCK_BYTES = 4 << 20
_COLUMN_NUMBER = re.compile(r"In CSV column #(\d+)")


class TableSource(ImageSource):
    """The images of a table, in its order, read in batches.

    One column holds the paths (relative ones start at the folder of the table). A column ``label`` gives
    the label; all
    others are metadata: integers, floating-point numbers, truth values and text keep their type, dates and
    everything else become text. CSV types are inferred over the whole file, so a late word makes a column
    text, not an error.
    """

    def __init__(self, path: str, chooser: Chooser, path_column: str | None = None) -> None:
        super().__init__(path)
        self._chooser = chooser
        self._folder = os.path.dirname(path)  # noqa: PTH120
        self._types: dict[str, Any] = {}
        schema = self._schema()
        self.path_column = _path_column(path, schema.names, path_column)
        self._label = next(
            (n for n in schema.names if n.lower() == LABEL_COLUMN and n != self.path_column), None
        )
        others = [n for n in schema.names if n not in (self.path_column, self._label)]
        self._metadata = {name: _kind(schema.field(name).type) for name in others}

    def covers(self, name: str) -> bool:
        """Whether ``name`` is in the table."""
        return any(ref.name == name for ref in self._list([]))

    def metadata_schema(self) -> dict[str, str]:
        """Column name -> "int", "float", "string" or "bool", for all columns but the path and the label."""
        return dict(self._metadata)

    def _list(self, problems: list[ImageError]) -> Iterator[ImageRef]:
        namer = Namer(self._folder)
        seen: set[int] = set()
        row = 0
        for batch in self._batches():
            for record in batch.to_pylist():
                row += 1
                written = record[self.path_column]
                if written is None or not str(written).strip():
                    problems.append(ImageNotFound(self.spec, f"row {row} has no path"))
                    continue
                ref = listed(str(written), namer, self._folder, problems)
                if ref is None or hash(ref.name) in seen or not self._chooser.allows(ref.name, self._folder):
                    continue
                seen.add(hash(ref.name))
                label = record[self._label] if self._label else None
                metadata = {name: _value(record[name], kind) for name, kind in self._metadata.items()}
                yield ImageRef(ref.name, None if label is None else str(label), metadata)

    def _schema(self) -> pa.Schema:
        """Column names and types; for CSV by reading all of it once, widening types until every value
        fits."""
        if self.spec.lower().endswith(".parquet"):
            with _readable(self.spec):
                import pyarrow.parquet as pq

                return pq.read_schema(self.spec)
        import pyarrow as pa

        wider = {pa.null(): pa.int64(), pa.int64(): pa.float64()}
        while True:
            with _readable(self.spec):
                reader = self._csv()
                try:
                    for _ in reader:
                        pass
                except pa.ArrowInvalid as error:
                    found = _COLUMN_NUMBER.search(str(error))
                    name = reader.schema.names[int(found[1])] if found else None
                    if name is None or self._types.get(name) == pa.string():
                        raise
                    self._types[name] = wider.get(reader.schema.field(name).type, pa.string())
                    continue
                return reader.schema

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with _readable(self.spec):
            if not self.spec.lower().endswith(".parquet"):
                for block in self._csv():
                    for start in range(0, block.num_rows, _BATCH_ROWS):
                        yield block.slice(start, _BATCH_ROWS)
                return
            import pyarrow.parquet as pq

            with pq.ParquetFile(self.spec) as file:
                yield from file.iter_batches(batch_size=_BATCH_ROWS)

    def _csv(self) -> Any:
        from pyarrow import csv

        return csv.open_csv(
            self.spec,
            read_options=csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
            parse_options=csv.ParseOptions(delimiter=_delimiter(self.spec), newlines_in_values=True),
            convert_options=csv.ConvertOptions(column_types=self._types, strings_can_be_null=True),
        )


class _readable:  # noqa: N801 - a context manager used like a function
    """Whatever pyarrow and the file system raise, as one clear SourceError."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError | ValueError | KeyError) and not isinstance(error, SourceError):
            words = " ".join(str(error).split())[:200]
            raise SourceError(f"{printable(self._path)}: the table cannot be read ({words})") from error


def _delimiter(path: str) -> str:
    """A tab for .tsv; for .csv whichever of comma, semicolon and tab the header line holds most of."""
    if path.lower().endswith(".tsv"):
        return "\t"
    with open(path, "rb") as file:  # noqa: PTH123
        header = file.readline(1 << 16)
    return max(",;\t", key=lambda mark: header.count(mark.encode()))


def _path_column(path: str, names: list[str], wanted: str | None) -> str:
    columns = ", ".join(printable(name) for name in names) or "none"
    if len(set(names)) != len(names):
        raise SourceError(f"{printable(path)}: a column name occurs twice; found: {columns}")
    if wanted is not None:
        if wanted in names:
            return wanted
        raise SourceError(f"{printable(path)}: no column {wanted!r}; found: {columns}")
    lower = {name.strip().lower(): name for name in reversed(names)}
    for name in PATH_COLUMNS:
        if name in lower:
            return lower[name]
    known = ", ".join(PATH_COLUMNS[:4])
    raise SourceError(
        f"{printable(path)}: no column of paths; found: {columns}; "
        f"name one of them {known}, or give its name as path_column"
    )


def _kind(arrow_type: Any) -> str:
    import pyarrow.types as types

    if types.is_boolean(arrow_type):
        return "bool"
    if types.is_integer(arrow_type):
        return "int"
    return "float" if types.is_floating(arrow_type) or types.is_decimal(arrow_type) else "string"


def _value(value: Any, kind: str) -> object:
    if value is None:
        return None
    if kind == "float":
        return float(value)
    return str(value) if kind == "string" else value
