"""Index a folder and print each committed path: run as a process of its own, to be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from lookalike.errors import GalleryNotFound, LookalikeError
from lookalike.gallery import Gallery, IndexOptions
from tests.gallery.conftest import Thumb


def main(place: str, photos: str, storage: str) -> None:
    """Open or create, index in small commits, tell what is on disk."""
    try:
        gallery = Gallery.open(place, encoder=Thumb())
    except GalleryNotFound:
        gallery = Gallery.create(place, Thumb(), storage=storage)

    def tell(paths: list[str]) -> None:
        sys.stdout.write("".join(f"{path}\n" for path in paths))
        sys.stdout.flush()

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    gallery.index(Path(photos), cache=False, options=IndexOptions(commit_rows=5, on_commit=tell))
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except LookalikeError as error:
        sys.exit(str(error))
