"""A folder of images, walked lazily in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lookalike.errors import ImageError, ImageNotFound, ImageUnreadable
from lookalike.images.ref import ImageRef
from lookalike.images.sources.base import ImageSource, utf8_problem
from lookalike.images.sources.patterns import Chooser, has_image_ending


class FolderSource(ImageSource):
    """All image files in a folder: first the files of a folder by name, then its subfolders by name.

    A file is an image when its name ends like one (content is looked at only when it is read). Whatever
    else bears such a name (a folder, a FIFO, a link to nothing) is yielded too, so that reading it reports
    what is wrong. Links to files are followed; links to folders only with ``follow_symlinks``, and then
    each real folder is walked once.
    """

    def __init__(
        self,
        root: str,
        chooser: Chooser,
        *,
        recursive: bool = True,
        follow_symlinks: bool = False,
        spec: str | None = None,
    ) -> None:
        super().__init__(spec or root)
        self.root = root
        self._chooser = chooser
        self._recursive = recursive
        self._follow = follow_symlinks

    def covers(self, name: str) -> bool:
        """Whether ``name`` lies in the folder and would be chosen by pattern, depth and hidden rule."""
        prefix = self.root.rstrip("/") + "/"
        if not name.startswith(prefix):
            return False
        relative = name[len(prefix) :]
        return (self._recursive or "/" not in relative) and self._chooser.chooses(relative)

    def _list(self, problems: list[ImageError]) -> Iterator[ImageRef]:
        # One frame for each folder on the way down: its path relative to the root, and its identity.
        stack: list[tuple[str, tuple[tuple[int, int], ...]]] = [("", ())]
        seen: set[tuple[int, int]] = set()
        while stack:
            relative, above = stack.pop()
            path = f"{self.root.rstrip('/')}/{relative}" if relative else self.root
            inside = above
            if self._follow:
                identity = _identity(path, problems)
                if identity is None:
                    continue
                if identity in above:
                    problems.append(ImageNotFound(path, "a link back to a folder above it; not followed"))
                if identity in seen:
                    continue
                seen.add(identity)
                inside = (*above, identity)
            files, folders = self._entries(path, relative, problems)
            label = os.path.basename(relative) or None  # noqa: PTH119
            base = self.root.rstrip("/")
            for name in files:
                yield ImageRef(f"{base}/{name}", label)
            stack.extend((folder, inside) for folder in reversed(folders))

    def _entries(self, path: str, relative: str, problems: list[ImageError]) -> tuple[list[str], list[str]]:
        """Relative paths of the images in one folder, and of the folders to go down to, both sorted."""
        try:
            with os.scandir(path) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            words = os.strerror(error.errno) if error.errno else str(error)
            problems.append(ImageUnreadable(path, f"the folder cannot be listed ({words})"))
            return [], []
        files: list[str] = []
        folders: list[str] = []
        for entry in entries:
            name = f"{relative}/{entry.name}" if relative else entry.name
            folder = _is_folder(entry, follow=True)
            bad = utf8_problem(f"{path}/{entry.name}")
            if bad is not None:
                if folder or has_image_ending(entry.name):
                    problems.append(bad)
                continue
            if self._chooser.chooses(name):
                files.append(name)
            if not folder or not self._recursive or (entry.name.startswith(".") and not self._chooser.hidden):
                continue
            if self._follow or not entry.is_symlink():
                folders.append(name)
        return files, folders


def _is_folder(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a loop of links: reading it will say so
        return False


def _identity(path: str, problems: list[ImageError]) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        words = os.strerror(error.errno) if error.errno else str(error)
        problems.append(ImageUnreadable(path, f"the folder cannot be entered ({words})"))
        return None
    return status.st_dev, status.st_ino


class SingleSource(ImageSource):
    """One image file."""

    def covers(self, name: str) -> bool:
        """Whether ``name`` is that file."""
        return name == self.spec

    def _list(self, problems: list[ImageError]) -> Iterator[ImageRef]:
        bad = utf8_problem(self.spec)
        if bad is not None:
            problems.append(bad)
            return
        yield ImageRef(self.spec)
