"""Which image is which: content id -> a name for people, and where the file lies on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from lookalike.errors import JudgmentError, printable
from lookalike.images.formats import EXTENSIONS
from lookalike.judgments.content import content_ids, readable_content_ids
from lookalike.judgments.refused import BadImage
from lookalike.progress import Progress

HOW_TO_POINT = (
    "pass images=FOLDER to load_judgments or open_judgments (--images FOLDER), or save with copied images"
)


class ImageCatalogue:
    """The images of a table, by content id (sha256 hex of the file's bytes); immutable.

    Names are relative and for people ("left/aaa.jpg"). Where a file lies is known only in memory, so what is
    saved holds no path of this machine. An image may be known by name alone, its file being elsewhere.

    Args:
        names: content id -> relative name, with forward slashes.
        files: content id -> file; entries without a name are refused.
        bad: what stands for an image that cannot be had in the columns of a table -> that image; a table leaves
            out the rows that show it (:attr:`Judgments.refused`).

    Raises:
        JudgmentError: a name is absolute or climbs out of its folder, or a file has no name.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        files: Mapping[str, Path] | None = None,
        *,
        bad: Mapping[str, BadImage] | None = None,
    ) -> None:
        for name in names.values():
            _check_relative(name)
        self._names = dict(names)
        self._files = {content: Path(file) for content, file in (files or {}).items()}
        self.bad: Mapping[str, BadImage] = MappingProxyType(dict(bad or {}))
        nameless = self._files.keys() - self._names.keys()
        if nameless:
            raise JudgmentError(f"the image {min(nameless)[:12]} has a file but no name in the catalogue")

    @classmethod
    def from_files(
        cls, files: Iterable[Path], root: Path, *, progress: Progress | None = None
    ) -> ImageCatalogue:
        """A catalogue of files, named relative to ``root`` (by their file name where they lie outside).

        Of several files with the same bytes, the first gives the name. Known hashes are kept by path, size
        and modification time in the cache folder.

        Raises:
            ImageError: a file cannot be read.
        """
        listed = [Path(file) for file in files]
        return cls.from_hashed(zip(content_ids(listed, progress), listed, strict=True), root)

    @classmethod
    def from_hashed(
        cls, hashed: Iterable[tuple[str, Path]], root: Path, *, bad: Mapping[str, BadImage] | None = None
    ) -> ImageCatalogue:
        """As :meth:`from_files`, with content ids that are known already; ``bad`` as for the class."""
        names: dict[str, str] = {}
        paths: dict[str, Path] = {}
        taken: set[str] = set()
        base = root.absolute()
        for content, file in hashed:
            if content in names:
                continue
            place = file.absolute()
            name = place.relative_to(base).as_posix() if place.is_relative_to(base) else place.name
            if name in taken or ".." in PurePosixPath(name).parts:
                name = f"{content[:12]}/{place.name}"
            taken.add(name)
            names[content], paths[content] = name, place
        return cls(names, paths, bad=bad)

    def path(self, content: str) -> Path:
        """Where the image lies here.

        Raises:
            JudgmentError: unknown image, or its file is not known on this machine; says which name was expected.
        """
        found = self._files.get(content)
        if found is not None:
            return found
        if content in self._names:
            raise JudgmentError(
                f"{printable(self._names[content])}: this image of the table was not found here; {HOW_TO_POINT}"
            )
        raise JudgmentError(f"no image {printable(content[:12])} is in the catalogue of {len(self)} images")

    def name(self, content: str) -> str:
        """The relative name of an image.

        Raises:
            JudgmentError: unknown image.
        """
        if content not in self._names:
            raise JudgmentError(
                f"no image {printable(content[:12])} is in the catalogue of {len(self)} images"
            )
        return self._names[content]

    def names(self) -> Mapping[str, str]:
        """Content id -> name, read-only."""
        return MappingProxyType(self._names)

    def absent(self) -> list[str]:
        """Content ids of the images whose file is not known here."""
        return [content for content in self._names if content not in self._files]

    def only(self, contents: Iterable[str]) -> ImageCatalogue:
        """The same, with these images alone."""
        wanted = dict.fromkeys(contents)
        return ImageCatalogue(
            {content: self.name(content) for content in wanted},
            {content: self._files[content] for content in wanted if content in self._files},
        )

    def merged(self, other: ImageCatalogue) -> ImageCatalogue:
        """The images of both; this one's names count where both know an image."""
        return ImageCatalogue({**other._names, **self._names}, {**other._files, **self._files})

    def without_absent(self) -> ImageCatalogue:
        """The same, where images whose file is not known here count as bad."""
        gone = {
            content: BadImage(self._names[content], "no file with its bytes was found here")
            for content in self.absent()
        }
        return ImageCatalogue(self._names, self._files, bad={**self.bad, **gone})

    def located(self, folder: Path, progress: Progress | None = None) -> ImageCatalogue:
        """The same images with files found in ``folder``: by name, else by content anywhere below it.

        A file counts only when its bytes are those that the table was made with. Images that are not there
        stay absent, unless a file was known before.
        """
        by_name = {content: folder / name for content, name in self._names.items()}
        there = {content: file for content, file in by_name.items() if file.is_file()}
        seen = {file: content for content, file in readable_content_ids(list(there.values()), progress)}
        found = {content: file.absolute() for content, file in there.items() if seen.get(file) == content}
        if len(found) < len(self._names):
            found = {**self._search(folder, self._names.keys() - found.keys(), progress), **found}
        return ImageCatalogue(self._names, {**self._files, **found})

    @staticmethod
    def _search(folder: Path, wanted: Iterable[str], progress: Progress | None) -> dict[str, Path]:
        files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in EXTENSIONS and f.is_file())
        known = dict(readable_content_ids(files, progress))
        return {content: known[content].absolute() for content in wanted if content in known}

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, content: object) -> bool:
        return content in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __repr__(self) -> str:
        gone = len(self.absent())
        return f"ImageCatalogue({len(self)} images{f', {gone} of them absent' if gone else ''})"


def _check_relative(name: str) -> None:
    """A name from a saved table is joined to folders: it must not lead out of them."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith(("/", "\\")) or ".." in parts or "\0" in name or (":" in parts[0][:2]):
        raise JudgmentError(
            f"{printable(name)!r} is no name for an image: it must be relative and stay below"
        )
