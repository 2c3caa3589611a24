"""From the names that a table of text uses for images to files and content ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lookalike.errors import JudgmentError, printable
from lookalike.images.formats import EXTENSIONS
from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.columns import Where, flat, shown
from lookalike.judgments.content import content_ids

_HINT = "; if the images lie elsewhere, pass their folder (images=, --images)"


class ImageFolder:
    """The images below a folder, found by path or file name, with or without the ending.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _index(self) -> list[dict[str, list[Path]]]:
        """By relative path, relative path without ending, file name, file name without ending."""
        tables: list[dict[str, list[Path]]] = [defaultdict(list) for _ in range(4)]
        for file in sorted(self.root.rglob("*")):
            if file.suffix.lower() in EXTENSIONS and file.is_file():
                place = PurePosixPath(file.relative_to(self.root).as_posix())
                keys = (str(place), str(place.with_suffix("")), place.name, place.stem)
                for table, key in zip(tables, keys, strict=True):
                    table[key].append(file)
        return tables

    def candidates(self, name: str) -> list[Path]:
        """The files that a name may mean: none, one, or several that are equally likely."""
        try:
            direct = self.root / name
            if direct.is_file():
                return [direct]
        except (OSError, ValueError):
            return []
        key = name.replace("\\", "/").removeprefix("./")
        return next((table[key] for table in self._index if key in table), [])


def resolve(
    columns: Mapping[str, pa.ChunkedArray],
    folders: Mapping[str, Sequence[ImageFolder]],
    root: Path,
    where: Where,
) -> tuple[dict[str, pa.Array], ImageCatalogue]:
    """Columns of names to columns of content ids.

    Args:
        columns: column -> names (n,).
        folders: column -> where its names are looked for, in this order.
        root: the catalogue's names are relative to it.

    Raises:
        BadRow: no image has that name, or several have.
        ImageError: a file cannot be read.
    """
    coded = {name: flat(values).dictionary_encode() for name, values in columns.items()}
    files: dict[str, list[Path]] = {}
    for name, codes in coded.items():
        files[name], bad = _files(codes.dictionary.to_pylist(), folders[name])
        if bad:
            _refuse_names(name, codes.indices.to_numpy(), bad, where)
    listed = [file for found in files.values() for file in found]
    contents = dict(zip(listed, content_ids(listed), strict=True))
    arrays = {
        name: pa.array([contents[file] for file in files[name]], pa.string()).take(codes.indices)
        for name, codes in coded.items()
    }
    return arrays, ImageCatalogue.from_hashed(
        ((contents[file], file) for file in dict.fromkeys(listed)), root
    )


def _refuse_names(column: str, codes: NDArray[np.int32], bad: Mapping[int, str], where: Where) -> None:
    where.refuse(np.isin(codes, list(bad)), lambda row: f"{column}: {bad[int(codes[row])]}")


def _files(names: Sequence[str], folders: Sequence[ImageFolder]) -> tuple[list[Path], dict[int, str]]:
    """(file of each name, position of each bad name -> what is wrong); a bad name has a meaningless file."""
    files: list[Path] = []
    bad: dict[int, str] = {}
    for position, name in enumerate(names):
        found = next((some for folder in folders if (some := folder.candidates(name))), [])
        if not found:
            bad[position] = f"no image {shown(name)} in {printable(str(folders[0].root))}{_HINT}"
        elif len(found) > 1:
            both = " or ".join(printable(str(file)) for file in found[:2])
            bad[position] = (
                f"the name {shown(name)} may mean {both}; choose a folder with images= or --images"
            )
        files.append(found[0] if found else Path())
    return files, bad


def given_folder(data: Path, images: Path | str) -> Path:
    """The folder that somebody named: relative to the dataset, else to the working directory.

    Raises:
        JudgmentError: there is none.
    """
    found = next((folder for folder in (data / images, Path(images)) if folder.is_dir()), None)
    if found is not None:
        return found
    there = sorted(folder.name for folder in data.iterdir() if folder.is_dir())
    listed = f" (in the dataset: {', '.join(printable(name) for name in there)})" if there else ""
    raise JudgmentError(f"there is no folder of images {printable(str(images))}{listed}")


def choose_folder(data: Path, images: Path | str | None, names: Iterable[str]) -> tuple[ImageFolder, str]:
    """(where the images of a dataset lie, a line for people where there was a choice).

    Args:
        data: the dataset's folder.
        images: a folder in it, or any folder; None chooses: the dataset's folder itself unless names are
            ambiguous there, then its first sub-folder (by name) that has all images.
        names: the names that must be found.

    Raises:
        JudgmentError: ``images`` is no folder.
    """
    if images is not None:
        return ImageFolder(given_folder(data, images)), ""
    whole = ImageFolder(data)
    wanted = list(dict.fromkeys(names))
    if all(len(whole.candidates(name)) < 2 for name in wanted):
        return whole, ""
    subs = [ImageFolder(folder) for folder in sorted(data.iterdir()) if folder.is_dir()]
    complete = [sub for sub in subs if all(len(sub.candidates(name)) == 1 for name in wanted)]
    if not complete:
        return whole, ""
    others = ", ".join(f"{sub.root.name}/" for sub in complete[1:])
    note = f"images of {complete[0].root.name}/" + (
        f" (also there: {others}; choose with images= or --images)" if others else ""
    )
    return complete[0], note
