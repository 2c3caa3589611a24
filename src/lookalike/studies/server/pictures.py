"""The study's images as participants get them: one format, one frame, one file length, no metadata.

File names, EXIF, dimensions or sizes of the originals could tell which option is the right one (a pair cut from one
page has one size). What is sent differs in pixels only; it is made once and kept in the study's folder.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import statistics
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import ServeError, printable

if TYPE_CHECKING:
    from lookalike.studies.study import Study

FOLDER = "served"
MANIFEST = "manifest.json"
SIDE = 640
QUALITIES = (92, 86, 80)
"""A picture over twice the median length is coded again at the next one, as all are padded to the longest."""
RECIPE = 1
"""Changes when the pictures would come out differently."""


@dataclass(frozen=True)
class Picture:
    """One image as it is served: sha256 (hex) and length of its file, its frame in pixels."""

    sha256: str
    bytes: int
    width: int
    height: int
    path: Path


class ServedPictures:
    """All images of a study, made ready.

    Args:
        study: whose images; they are decoded with the project's limits, so SVG, bombs and broken files are refused.
        side: longest side of the common frame in pixels; smaller when all images are.
        progress: called with (done, total).

    Raises:
        ServeError: the folder cannot be written.
        ImageError, StudyError: an image is missing or broken.
    """

    def __init__(
        self, study: Study, *, side: int = SIDE, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self._folder = study.folder / FOLDER
        contents = study.items.images()
        recipe = {"recipe": RECIPE, "side": side, "qualities": list(QUALITIES), "images": _digest(contents)}
        try:
            manifest = self._read_manifest(recipe)
            if manifest is None:
                manifest = _Kitchen(study, contents, self._folder, side, progress).make(recipe)
        except OSError as error:
            shown = printable(str(self._folder))
            raise ServeError(
                f"cannot keep the served images in {shown}: {error.strerror or error}"
            ) from error
        width, height = manifest["frame"]
        self._pictures = {
            content: Picture(sha, manifest["length"], width, height, self._folder / f"{content}.webp")
            for content, sha in manifest["pictures"].items()
        }

    def __getitem__(self, content: str) -> Picture:
        return self._pictures[content]

    def __len__(self) -> int:
        return len(self._pictures)

    def _read_manifest(self, recipe: dict[str, Any]) -> dict[str, Any] | None:
        """What lies in the folder, when it was made by this recipe and is complete."""
        try:
            manifest = json.loads((self._folder / MANIFEST).read_text())
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(manifest, dict) or manifest.get("made_by") != recipe:
            return None
        length = manifest["length"]
        for content in manifest["pictures"]:
            file = self._folder / f"{content}.webp"
            if not file.is_file() or file.stat().st_size != length:
                return None
        return manifest


def image_token(secret: str, content: str) -> str:
    """The name of an image in one session: 132 bits that say nothing to anyone without the session's secret."""
    digest = hmac.new(secret.encode(), content.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:22]


def _digest(contents: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest()


class _Kitchen:
    """Makes the pictures: all are coded first, because the longest decides the length of every file."""

    def __init__(
        self,
        study: Study,
        contents: list[str],
        folder: Path,
        side: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._study = study
        self._contents = contents
        self._folder = folder
        self._side = side
        self._progress = progress

    def make(self, recipe: dict[str, Any]) -> dict[str, Any]:
        """Write every picture and then the manifest."""
        self._folder.mkdir(exist_ok=True)
        for old in self._folder.glob("*.webp*"):
            old.unlink()
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            frame = self._frame(pool)
            lengths = self._encode_all(pool, frame)
            length = max(lengths.values(), default=0) + 8
            shas = list(pool.map(lambda content: self._pad(content, length), self._contents))
        manifest = {
            "made_by": recipe,
            "frame": list(frame),
            "length": length,
            "pictures": dict(zip(self._contents, shas, strict=True)),
        }
        new = self._folder / f"{MANIFEST}.new"
        new.write_text(json.dumps(manifest))
        new.replace(self._folder / MANIFEST)
        return manifest

    def _frame(self, pool: ThreadPoolExecutor) -> tuple[int, int]:
        """The smallest frame that all images fit when their longer side is brought to one length."""
        sizes = list(pool.map(self._size, self._contents))
        side = min(self._side, max((max(size) for size in sizes), default=1))
        width = max((round(w * side / max(w, h)) for w, h in sizes), default=1)
        height = max((round(h * side / max(w, h)) for w, h in sizes), default=1)
        return max(1, width), max(1, height)

    def _size(self, content: str) -> tuple[int, int]:
        from PIL import Image

        from lookalike.images.decode import decode

        path = self._study.image_path(content)
        try:
            with Image.open(path) as image:
                size = image.size
                turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        except (OSError, ValueError, Image.DecompressionBombError):
            height, width = decode(path).shape[:2]  # raises one clear line where it is broken
            return width, height
        return (size[1], size[0]) if turned else size

    def _encode_all(self, pool: ThreadPoolExecutor, frame: tuple[int, int]) -> dict[str, int]:
        lengths: dict[str, int] = {}
        jobs = pool.map(lambda content: self._encode(content, frame, QUALITIES[0]), self._contents)
        for done, (content, length) in enumerate(zip(self._contents, jobs, strict=True), start=1):
            lengths[content] = length
            if self._progress is not None:
                self._progress(done, len(self._contents))
        budget = 2 * statistics.median(lengths.values()) if lengths else 0
        for quality in QUALITIES[1:]:
            large = [content for content, length in lengths.items() if length > budget]
            again = pool.map(lambda content, q=quality: self._encode(content, frame, q), large)
            lengths.update(zip(large, again, strict=True))
        return lengths

    def _encode(self, content: str, frame: tuple[int, int], quality: int) -> int:
        from lookalike.images.decode import decode
        from lookalike.studies.server.webp import encode

        pixels = decode(self._study.image_path(content), min_size=(frame[1], frame[0]))
        data = encode(pixels, frame, quality)
        (self._folder / f"{content}.webp.part").write_bytes(data)
        return len(data)

    def _pad(self, content: str, length: int) -> str:
        from lookalike.studies.server.webp import padded

        part = self._folder / f"{content}.webp.part"
        data = padded(part.read_bytes(), length, content)
        new = self._folder / f"{content}.webp.new"
        new.write_bytes(data)
        new.replace(self._folder / f"{content}.webp")
        part.unlink()
        return hashlib.sha256(data).hexdigest()
