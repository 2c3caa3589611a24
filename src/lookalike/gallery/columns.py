"""Columns of the two tables, and how the columns of a user's own table join them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookalike.errors import SourceError, printable
from lookalike.gallery.codecs import Codec

if TYPE_CHECKING:
    import pyarrow as pa

SQL_TYPES = {"int": "bigint", "float": "double", "string": "string", "bool": "boolean"}
BUILTIN_COLUMNS = (
    "id",
    "path",
    "content",
    "signature",
    "source",
    "label",
    "width",
    "height",
    "format",
    "bytes",
    "taken",
    "camera",
    "modified",
    "missing",
)
HEAVY_COLUMNS = ("thumbnail", "vector")
RESERVED = {*BUILTIN_COLUMNS, *HEAVY_COLUMNS, "rank", "distance", "exact"}
WORDS = {"int": "whole numbers", "float": "numbers", "string": "text", "bool": "true or false"}


def images_schema(codec: Codec) -> pa.Schema:
    """Columns of the `images` table before any metadata of the user's own."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("path", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("signature", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("label", pa.string()),
            pa.field("width", pa.int32()),
            pa.field("height", pa.int32()),
            pa.field("format", pa.string()),
            pa.field("bytes", pa.int64()),
            pa.field("taken", pa.timestamp("s")),
            pa.field("camera", pa.string()),
            pa.field("modified", pa.timestamp("s")),
            pa.field("missing", pa.bool_(), nullable=False),
            pa.field("thumbnail", pa.binary()),
            pa.field("vector", pa.list_(codec.arrow_value_type, codec.width), nullable=False),
        ]
    )


def problems_schema() -> pa.Schema:
    """Columns of the `problems` table."""
    import pyarrow as pa

    return pa.schema(
        [("path", pa.string()), ("kind", pa.string()), ("reason", pa.string()), ("source", pa.string())]
    )


def column_names(schema: Mapping[str, str]) -> dict[str, str]:
    """Names of a user's columns in the gallery: name in the source -> column.

    ``label`` is the label; other names that lookalike uses itself (or SQL cannot hold) get the prefix ``meta_``; dots
    and backticks become underscores.
    """
    mapping: dict[str, str] = {}
    for name in schema:
        column = re.sub(r"[.`]", "_", name)
        if column != "label" and (column in RESERVED or column.startswith("_")):
            column = f"meta_{column.lstrip('_')}"
        while column in mapping.values():
            column += "_2"
        mapping[name] = column
    return mapping


def check_kind(column: str, found: Any, kind: str, source: str) -> None:
    """Whole numbers may join a column of numbers; other kinds must be those that the column (an Arrow type) holds.

    Raises:
        SourceError: they are not.
    """
    import pyarrow as pa

    held = "bool" if pa.types.is_boolean(found) else "int" if pa.types.is_integer(found) else "string"
    held = "float" if pa.types.is_floating(found) else held
    if held != kind and (held, kind) != ("float", "int"):
        raise SourceError(
            f"{printable(source)}: column {column} holds {WORDS[kind]} here but {WORDS[held]} in the gallery; "
            "rename the column in the table"
        )
