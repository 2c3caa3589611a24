"""Tables of judgments on disk: Parquet with a schema version, and the images' names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lookalike.errors import JudgmentError, printable
from lookalike.judgments.base import SCHEMA_VERSION, Judgments
from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.columns import Where
from lookalike.judgments.refused import SKIP_HINT
from lookalike.judgments.safe_files import is_file, is_folder, not_an_image
from lookalike.judgments.tables import KINDS
from lookalike.progress import Progress

TABLE_FILE = "judgments.parquet"
IMAGES_FILE = "images.parquet"
IMAGES_FOLDER = "images"
_KEY = b"lookalike"


def save_judgments(judgments: Judgments, folder: Path, *, copy_images: bool = False) -> None:
    """See :meth:`Judgments.save`. Files appear whole or not at all; an older table in the folder is replaced."""
    used = judgments.images.only(judgments.distinct_images())
    facts = {"schema_version": judgments.SCHEMA_VERSION, "kind": judgments.kind, "meta": judgments.meta}
    # pandas' own metadata, if any, describes the table it came from and may hold paths: it is dropped.
    table = judgments.table.replace_schema_metadata({_KEY: json.dumps(facts).encode()})
    names = used.names()
    listing = pa.table({"content": list(names), "name": list(names.values())}, _LISTING)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if copy_images:
            _copy(used, folder / IMAGES_FOLDER)
        for content, file in ((listing, folder / IMAGES_FILE), (table, folder / TABLE_FILE)):
            new = file.with_name(f"{file.name}.new")
            with new.open("wb") as stream:  # Arrow takes no names that are not UTF-8
                pq.write_table(content, stream)
            new.replace(file)
    except OSError as error:
        raise JudgmentError(f"cannot write {printable(str(folder))}: {error.strerror or error}") from error


_LISTING = pa.schema([("content", pa.string()), ("name", pa.string())])


def _copy(images: ImageCatalogue, folder: Path) -> None:
    for content in images:
        source, target = images.path(content), folder / images.name(content)
        # A folder with copies is passed on: whatever led here, only images go into it.
        problem = not_an_image(source)
        if problem:
            raise JudgmentError(
                f"{printable(images.name(content))} is not copied: it is {problem}{SKIP_HINT}"
            )
        if target.exists() and target.samefile(source):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f"{target.name}.new")
        shutil.copyfile(source, new)
        new.replace(target)


def is_saved(folder: Path) -> bool:
    """Whether the folder holds a saved table."""
    return is_file(folder / TABLE_FILE)


def load_judgments(
    folder: Path | str,
    images: Path | str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> Judgments:
    """A table that :meth:`Judgments.save` wrote.

    Args:
        folder: holds ``judgments.parquet``.
        images: folder of the images, laid out as when they were read or in any other way; None means the
            copies in ``images/`` of the folder. An image counts as found when its bytes are the same. Images that
            are not found are absent: they are missed when their path is asked for.
        skip_bad: leave out rows with absent images, and list them in ``refused``.
        progress: told how many images were hashed.

    Raises:
        JudgmentError: no table there, damaged, or written by a newer lookalike.
        BadRow: a row is wrong.
    """
    place = Path(folder)
    if images is not None and not is_folder(Path(images)):
        raise JudgmentError(f"{printable(str(images))} is no folder of images")
    table, facts = _read(place / TABLE_FILE)
    kind, meta = facts.get("kind"), facts.get("meta", {})
    if not isinstance(kind, str) or kind not in KINDS:
        raise JudgmentError(f"{printable(str(place))}: tables of the kind {kind!r} are unknown here")
    catalogue = _read_names(place / IMAGES_FILE)
    for there in (Path(images),) if images is not None else (place / IMAGES_FOLDER,):
        if there.is_dir():
            catalogue = catalogue.located(there, progress)
    if skip_bad:
        catalogue = catalogue.without_absent()
    strings = {str(key): str(value) for key, value in meta.items()} if isinstance(meta, dict) else {}
    return KINDS[kind](table, catalogue, meta=strings, where=Where(str(place / TABLE_FILE)))


def _read(file: Path) -> tuple[pa.Table, dict[str, Any]]:
    table = _parquet(file)
    try:
        facts = json.loads((table.schema.metadata or {})[_KEY])
        version = int(facts["schema_version"])
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise JudgmentError(
            f"{printable(str(file))} was not saved by lookalike: it has no schema version; "
            "for a Parquet table of your own, write it as CSV"
        ) from error
    if version > SCHEMA_VERSION:
        raise JudgmentError(
            f"{printable(str(file))} was written by a newer lookalike (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}): upgrade lookalike to read it"
        )
    return table.replace_schema_metadata(None), facts


def _read_names(file: Path) -> ImageCatalogue:
    listing = _parquet(file)
    if not {"content", "name"} <= set(listing.column_names):
        raise JudgmentError(f"{printable(str(file))} is damaged: it lacks the columns content and name")
    rows = zip(listing.column("content").to_pylist(), listing.column("name").to_pylist(), strict=True)
    names = {str(content): str(name) for content, name in rows}
    return ImageCatalogue(names)


def _parquet(file: Path) -> pa.Table:
    if not is_file(file):
        raise JudgmentError(f"{printable(str(file.parent))} holds no saved judgments: {file.name} is missing")
    try:
        # Not read_table: it would take folders called name=value for partition columns.
        with file.open("rb") as stream:
            return pq.ParquetFile(stream).read()
    except (pa.ArrowException, OSError) as error:
        reason = printable(str(error).splitlines()[0]) if str(error) else "unreadable"
        raise JudgmentError(f"{printable(str(file))} is damaged or no Parquet file ({reason})") from error
