"""`open_source`: from what a person typed to an `ImageSource`."""

from __future__ import annotations

import os
from pathlib import Path

from lookalike.errors import SourceError, printable
from lookalike.images.sources.base import ImageSource, canonical
from lookalike.images.sources.folder import FolderSource, SingleSource
from lookalike.images.sources.patterns import Chooser, is_pattern

LISTS = (".txt", ".lst")
TABLES = (".csv", ".tsv", ".parquet")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def open_source(
    spec: str | Path,
    *,
    pattern: str | None = None,
    recursive: bool = True,
    hidden: bool = False,
    follow_symlinks: bool = False,
    path_column: str | None = None,
) -> ImageSource:
    """The images named by ``spec``.

    Args:
        spec: a folder; a list file (.txt, .lst: one path a line); a table (.csv, .tsv, .parquet) with a
            column of paths; an archive (.tar, .tar.gz, .tgz, .tar.bz2, .tar.xz); a glob pattern
            (``photos/**/*.jpg``); or one image file. Paths in lists and tables are relative to the file
            that holds them.
        pattern: take only matching images: without a slash a pattern for the file's name, with one for the
            path below the root (``cup/*.png``, ``**/front/*``).
        recursive: go down into subfolders.
        hidden: also take files and folders whose name begins with a dot.
        follow_symlinks: go down into folders that are links (links to files are always followed).
        path_column: the table's column of paths; default: ``path``, ``file``, ``filename``, ``image`` and
            the like.

    Raises:
        SourceError: nothing there, or the list, table or archive cannot be read.
    """
    text = os.fspath(spec)
    chooser = Chooser(pattern, hidden=hidden)
    path = canonical(text)
    try:
        there = os.path.lexists(path)  # a link to nothing is there too: it is reported as an image
        folder = os.path.isdir(path)  # noqa: PTH112
    except ValueError as error:
        raise SourceError(f"{printable(text)}: not a possible path ({error})") from error
    if folder:
        root = os.path.realpath(path)
        return FolderSource(root, chooser, recursive=recursive, follow_symlinks=follow_symlinks)
    if not there and is_pattern(text):
        return _glob(text, hidden=hidden, follow_symlinks=follow_symlinks)
    if not there:
        raise SourceError(
            f"{printable(text)}: no such file or folder"
            " (give a folder, list, table, archive, pattern or image)"
        )
    return _file_source(path, chooser, path_column)


def _file_source(path: str, chooser: Chooser, path_column: str | None) -> ImageSource:
    lower = path.lower()
    if lower.endswith(LISTS):
        from lookalike.images.sources.listing import ListSource

        return ListSource(path, chooser)
    if lower.endswith(TABLES):
        from lookalike.images.sources.table import TableSource

        return TableSource(path, chooser, path_column)
    if lower.endswith(ARCHIVES):
        from lookalike.images.sources.archive import TarSource

        return TarSource(path, chooser)
    return SingleSource(path)


def _glob(text: str, *, hidden: bool, follow_symlinks: bool) -> ImageSource:
    """A pattern is a folder source over its fixed beginning."""
    parts = Path(text).parts
    fixed = next(i for i, part in enumerate(parts) if is_pattern(part))
    root = os.path.realpath(os.path.join(*parts[:fixed]) if fixed else ".")  # noqa: PTH118
    rest = "/".join(parts[fixed:])
    if not os.path.isdir(root):  # noqa: PTH112
        raise SourceError(
            f"{printable(text)}: no such file, and the folder {printable(root)} of the pattern does not exist"
        )
    chooser = Chooser(
        rest, hidden=hidden or any(part.startswith(".") for part in parts[fixed:]), anchored=True
    )
    return FolderSource(
        root,
        chooser,
        recursive="/" in rest or "**" in rest,
        follow_symlinks=follow_symlinks,
        spec=f"{root.rstrip('/')}/{rest}",
    )
