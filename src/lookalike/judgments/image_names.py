"""From the names that a table of text uses for images to files and content ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lookalike.errors import ImageError, JudgmentError, printable
from lookalike.images.formats import EXTENSIONS
from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.columns import Where, flat, shown
from lookalike.judgments.content import LOOKING, hashed
from lookalike.judgments.refused import SKIP_HINT, BadImage
from lookalike.judgments.safe_files import Fence, is_folder
from lookalike.progress import Progress

_HINT = "; if the images lie elsewhere, pass their folder (images=, --images)"


class ImageFolder:
    """The images below a folder, found by path or file name, with or without the ending.

    What lies outside, or is no image, is never found: the rules are in :mod:`lookalike.judgments.safe_files`.

    Attributes:
        root: the folder.
        by_path: only by the path from the folder on, not by a file name alone wherever it lies.
    """

    def __init__(self, root: Path, *, by_path: bool = False) -> None:
        self.root = root
        self.by_path = by_path
        self._fence = Fence(root)

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
        direct = self._fence.has(name)
        if direct is not None:
            return [direct]
        return [file for file in self._indexed(name) if not self._fence.refusal(file)]

    def why_not(self, name: str) -> str:
        """In words, why a name without candidates is refused, where it is more than that nothing is there."""
        return self._fence.why_not(name) or next(map(self._fence.refusal, self._indexed(name)), "")

    def _indexed(self, name: str) -> list[Path]:
        key = name.replace("\\", "/").removeprefix("./")
        tables = self._index[:2] if self.by_path else self._index
        return next((table[key] for table in tables if key in table), [])


@dataclass(frozen=True)
class _Bad:
    """A name without a usable image: the image for people, and the message where the table is refused."""

    image: BadImage
    message: str


def resolve(
    columns: Mapping[str, pa.ChunkedArray],
    folders: Mapping[str, Sequence[ImageFolder]],
    root: Path,
    where: Where,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> tuple[dict[str, pa.Array], ImageCatalogue]:
    """Columns of names to columns of content ids.

    Args:
        columns: column -> names (n,).
        folders: column -> where its names are looked for, in this order.
        root: the catalogue's names are relative to it.
        skip_bad: an image that is missing or whose file cannot be read is one of ``catalogue.bad``, and the table
            made with that catalogue leaves its rows out; False refuses the table.
        progress: told how many files were hashed.

    Raises:
        BadRow: no image has that name, several have, or a file cannot be read.
    """
    if progress is not None:
        progress(LOOKING, 0, 0)
    coded = {name: flat(values).dictionary_encode() for name, values in columns.items()}
    codes = {name: some.indices.to_numpy() for name, some in coded.items()}
    files: dict[str, list[Path | None]] = {}
    bad: dict[str, dict[int, _Bad]] = {}
    for name, some in coded.items():
        files[name], bad[name] = _files(name, some.dictionary.to_pylist(), folders[name], root, codes, where)
    listed = list(dict.fromkeys(file for found in files.values() for file in found if file is not None))
    if not skip_bad:
        # What a look can tell (no file, an empty one) is said before gigabytes are read.
        _note_unreadable(files, bad, hashed([file for file in listed if _is_empty(file)])[1], root)
        _refuse(codes, bad, where)
    contents, wrong = hashed(listed, progress)
    _note_unreadable(files, bad, wrong, root)
    if not skip_bad:
        _refuse(codes, bad, where)
    arrays = {}
    for name, found in files.items():
        ids = [contents.get(file, _mark(name, n)) if file else _mark(name, n) for n, file in enumerate(found)]
        arrays[name] = pa.array(ids, pa.string()).take(coded[name].indices)
    marks = {_mark(name, n): one.image for name, some in bad.items() for n, one in some.items()}
    good = ((contents[file], file) for file in listed if file in contents)
    return arrays, ImageCatalogue.from_hashed(good, root, bad=marks)


def _mark(column: str, position: int) -> str:
    """What stands for a bad image in a column: no sha256 looks like this."""
    return f"bad:{column}:{position}"


def _refuse(
    codes: Mapping[str, NDArray[np.int32]], bad: Mapping[str, Mapping[int, _Bad]], where: Where
) -> None:
    masks = {name: np.isin(codes[name], list(some)) for name, some in bad.items() if some}
    if not masks:
        return

    def reason(row: int) -> str:
        name = next(name for name, mask in masks.items() if mask[row])
        return f"{name}: {bad[name][int(codes[name][row])].message}"

    where.refuse(np.logical_or.reduce(list(masks.values())), reason)


def _files(
    column: str,
    names: Sequence[str],
    folders: Sequence[ImageFolder],
    root: Path,
    codes: Mapping[str, NDArray[np.int32]],
    where: Where,
) -> tuple[list[Path | None], dict[int, _Bad]]:
    """(file of each name, position of each name without one -> what is wrong); unclear names are refused."""
    files: list[Path | None] = []
    missing: dict[int, _Bad] = {}
    unclear: dict[int, _Bad] = {}
    for position, name in enumerate(names):
        found = next((some for folder in folders if (some := folder.candidates(name))), [])
        files.append(found[0] if len(found) == 1 else None)
        place = BadImage(relative_name(folders[0].root / name, root), "there is no such image")
        refusal = "" if found else next((why for folder in folders if (why := folder.why_not(name))), "")
        if refusal:
            message = f"{shown(name)} {refusal}{_HINT}{SKIP_HINT}"
            missing[position] = _Bad(place._replace(reason=refusal), message)
        elif not found:
            message = f"no image {shown(name)} in {printable(str(folders[0].root))}{_HINT}{SKIP_HINT}"
            missing[position] = _Bad(place, message)
        elif len(found) > 1:
            both = " or ".join(printable(str(file)) for file in found[:2])
            message = f"the name {shown(name)} may mean {both}; choose a folder with images= or --images"
            unclear[position] = _Bad(place, message)
    _refuse(codes, {column: unclear}, where)
    return files, missing


def _is_empty(file: Path) -> bool:
    try:
        return file.stat().st_size == 0
    except OSError:
        return True  # reading it says what is wrong


def _note_unreadable(
    files: Mapping[str, Sequence[Path | None]],
    bad: Mapping[str, dict[int, _Bad]],
    wrong: Mapping[Path, ImageError],
    root: Path,
) -> None:
    """Enter the files that cannot be read as bad names of their columns."""
    for name, found in files.items():
        for position, file in enumerate(found):
            if file is not None and file in wrong:
                reason = wrong[file].reason
                message = f"{printable(str(file))}: {reason}{SKIP_HINT}"
                bad[name][position] = _Bad(BadImage(relative_name(file, root), reason), message)


def relative_name(file: Path, root: Path) -> str:
    """A file for people: relative to ``root`` where it lies there, else its name."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name


def given_folder(data: Path, images: Path | str) -> Path:
    """The folder that somebody named: relative to the dataset, else to the working directory.

    Raises:
        JudgmentError: there is none.
    """
    found = next((folder for folder in (data / images, Path(images)) if is_folder(folder)), None)
    if found is not None:
        return found
    there = sorted(folder.name for folder in data.iterdir() if folder.is_dir())
    listed = f" (in the dataset: {', '.join(printable(name) for name in there)})" if there else ""
    raise JudgmentError(f"there is no folder of images {printable(str(images))}{listed}")


def choose_folder(
    data: Path, images: Path | str | None, names: Iterable[str], *, skip_bad: bool = False
) -> tuple[ImageFolder, str]:
    """(where the images of a dataset lie, a line for people where there was a choice).

    Args:
        data: the dataset's folder.
        images: a folder in it, or any folder; None chooses: the dataset's folder itself unless names are
            ambiguous there, then its first sub-folder (by name) that has all images.
        names: the names that must be found.
        skip_bad: where no sub-folder has all images, take the one that has most of them.

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
    counts = [sum(len(sub.candidates(name)) == 1 for name in wanted) for sub in subs]
    enough = max(counts, default=0) if skip_bad else len(wanted)
    complete = [sub for sub, count in zip(subs, counts, strict=True) if count == enough]
    if not complete or not enough:
        return whole, ""
    others = ", ".join(f"{sub.root.name}/" for sub in complete[1:])
    note = f"images of {complete[0].root.name}/" + (
        f" (also there: {others}; choose with images= or --images)" if others else ""
    )
    return complete[0], note
