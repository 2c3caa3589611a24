"""Answers from a file: Parquet, CSV and JSON as `study export` writes them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from lookalike.errors import StudyError, printable
from lookalike.studies.answers import ANSWER_SCHEMA

ORDER = "order"
ADDED = ("shown_for_ms", "late")
"""Columns that files of earlier versions do not have."""


def read_answer_file(path: Path | str) -> pa.Table:
    """Answers as :data:`lookalike.studies.answers.ANSWER_SCHEMA`; further columns are dropped, :data:`ADDED` ones filled up.

    Args:
        path: ``.parquet``, ``.csv`` or ``.json``, as ``lookalike study export`` writes them.

    Raises:
        StudyError: no such file, another format, a column is missing or of another type.
    """
    file = Path(path)
    shown = printable(str(file))
    readers = {".parquet": _parquet, ".csv": _csv, ".json": _json}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise StudyError(f"{shown}: answers are read from .parquet, .csv or .json")
    try:
        table = reader(file)
    except OSError as error:
        raise StudyError(f"{shown} cannot be read: {error.strerror or error}") from error
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise StudyError(
            f"{shown} holds no table of answers: {' '.join(str(error).split())[:200]}"
        ) from error
    for name in ADDED:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, ANSWER_SCHEMA.field(name).type))
    missing = [name for name in ANSWER_SCHEMA.names if name not in table.column_names]
    if missing:
        raise StudyError(
            f"{shown}: the table of answers lacks the column {missing[0]}; give what `study export` wrote"
        )
    try:
        return table.select(ANSWER_SCHEMA.names).cast(ANSWER_SCHEMA)
    except (pa.ArrowException, ValueError) as error:
        raise StudyError(f"{shown}: {' '.join(str(error).split())[:200]}") from error


def _parquet(file: Path) -> pa.Table:
    with file.open("rb") as stream:
        return pq.ParquetFile(stream).read()


def _csv(file: Path) -> pa.Table:
    types = {f.name: pa.string() if f.name == ORDER else f.type for f in ANSWER_SCHEMA}
    with file.open("rb") as stream:
        table = arrow_csv.read_csv(
            stream,
            # Proposals are free text: a quoted cell may hold line breaks.
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
    if ORDER in table.column_names:
        cells = table.column(ORDER).to_pylist()
        orders = [[int(part) for part in (cell or "").split()] for cell in cells]
        place = table.column_names.index(ORDER)
        table = table.set_column(place, ORDER, pa.array(orders, pa.list_(pa.int32())))
    # An empty cell of a column that is never empty is an empty text.
    for field in ANSWER_SCHEMA:
        if not field.nullable and field.type == pa.string() and field.name in table.column_names:
            place = table.column_names.index(field.name)
            table = table.set_column(place, field.name, table.column(field.name).fill_null(""))
    return table


def _json(file: Path) -> pa.Table:
    document: Any = json.loads(file.read_text(encoding="utf-8"))
    rows = document["answers"]
    for row in rows:
        row["answered_at"] = datetime.fromisoformat(row["answered_at"])
    return pa.Table.from_pylist(rows, schema=ANSWER_SCHEMA)
