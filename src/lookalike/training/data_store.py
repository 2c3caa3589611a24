"""Pixels decoded once, for a training that reads them again and again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Preprocessing
from lookalike.encoders.parallel import available_cores
from lookalike.encoders.preprocess import HasInput
from lookalike.errors import ImageError, TrainingError
from lookalike.images import ImageLike, ImageRef, decode, resize
from lookalike.training.augment import Augment

if TYPE_CHECKING:
    from torch import Tensor

    from lookalike.progress import Progress

Rows = NDArray[np.int64]

RAM_BYTES = 1 << 30
"""Pixels beyond this lie in a memory map in the run's folder."""

PIXELS_FILE = "pixels.u8"
_AT_ONCE = 256


class Store(Protocol):
    """Network inputs by picture number."""

    @property
    def bad(self) -> dict[int, str]:
        """Pictures that could not be read, with the line that says why (only where they may be skipped)."""

    def plain(self, pictures: Rows) -> Tensor:
        """Inputs without chance: float32 (n, 3, h, w) or (n, d)."""

    def view(self, pictures: Rows, rows: Rows, *, seed: int, epoch: int, view: int) -> Tensor:
        """A random view of each picture, its dice named by ``rows``: as :meth:`plain`."""

    def mirrored_view(self, pictures: Rows) -> Tensor:
        """The mirror images without chance: as :meth:`plain`."""


class PixelStore:
    """Pictures as uint8 (N, h, w, 3) at the training size, in memory or in a memory map.

    Args:
        pictures: N images.
        reads: input size and preprocessing of the backbone.
        augment: how views are changed.
        size: (height, width) to keep; None: the input size. Larger keeps detail for crops; then :meth:`plain`
            shrinks once more and differs a little from the encoder's own input.
        folder: where a memory map goes; None keeps everything in memory.
        skip_bad: note unreadable pictures in ``bad`` instead of raising.
        progress: called as pictures are decoded.

    Raises:
        ImageError: a picture cannot be read.
        TrainingError: the pixels fit neither memory nor disk.
    """

    def __init__(
        self,
        pictures: Sequence[ImageLike],
        reads: HasInput,
        augment: Augment | None = None,
        *,
        size: tuple[int, int] | None = None,
        folder: Path | None = None,
        skip_bad: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.reads, self.augment = reads, augment or Augment()
        self.size = size or reads.input_size
        self.bad: dict[int, str] = {}
        shape = (len(pictures), *self.size, 3)
        if folder is None or int(np.prod(shape)) <= RAM_BYTES:
            self.pixels = _allocated(shape)
            self._fill(pictures, skip_bad, progress)
        else:
            self.pixels = self._mapped(pictures, shape, folder, skip_bad, progress)

    def plain(self, pictures: Rows) -> Tensor:
        """float32 (n, 3, h, w) as the backbone's card says; the same bits as the encoder's own preprocessing."""
        import torch
        from torch.nn import functional

        images = torch.from_numpy(np.ascontiguousarray(self.pixels[pictures])).permute(0, 3, 1, 2).float()
        if self.size != self.reads.input_size:
            images = functional.interpolate(
                images, self.reads.input_size, mode="bilinear", antialias=True, align_corners=False
            )
        return self._normalized(images, 255.0)

    def view(self, pictures: Rows, rows: Rows, *, seed: int, epoch: int, view: int) -> Tensor:
        """float32 (n, 3, h, w), augmented, then as the backbone's card says."""
        if self.augment.idle:
            return self.plain(pictures)
        size = self.reads.input_size
        seen = self.augment(self.pixels[pictures], rows, seed=seed, epoch=epoch, view=view, size=size)
        return self._normalized(seen, 1.0)

    def mirrored_view(self, pictures: Rows) -> Tensor:
        """float32 (n, 3, h, w): :meth:`plain` with left and right exchanged."""
        return self.plain(pictures).flip(3).contiguous()

    def _normalized(self, images: Tensor, full: float) -> Tensor:
        import torch

        how = self.reads.preprocessing
        # As lookalike.encoders.preprocess does it: one multiplication, one addition, both in float32.
        scale = np.array([np.float32(1.0 / (full * s)) for s in how.std], dtype=np.float32)
        offset = np.array(
            [np.float32(-m / s) for m, s in zip(how.mean, how.std, strict=True)], dtype=np.float32
        )
        return (
            images * torch.from_numpy(scale)[:, None, None] + torch.from_numpy(offset)[:, None, None]
        ).contiguous()

    def _fill(self, pictures: Sequence[ImageLike], skip_bad: bool, progress: Progress | None) -> None:
        def one(number: int) -> ImageError | None:
            try:
                self.pixels[number] = self._resized(decode(pictures[number], min_size=self.size))
            except ImageError as error:
                return error
            return None

        with ThreadPoolExecutor(available_cores(), thread_name_prefix="lookalike-decode") as pool:
            for start in range(0, len(pictures), _AT_ONCE):
                part = range(start, min(start + _AT_ONCE, len(pictures)))
                for number, error in zip(part, pool.map(one, part), strict=True):
                    if error is not None and not skip_bad:
                        raise error
                    if error is not None:
                        self.bad[number] = str(error)
                if progress is not None:
                    progress("decoding images", part.stop, len(pictures))

    def _resized(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        how: Preprocessing = self.reads.preprocessing
        red, green, blue = (round(255 * min(max(m, 0.0), 1.0)) for m in how.mean)
        return resize(
            pixels, self.size, policy=how.resize, interpolation=how.interpolation, antialias=how.antialias,
            crop_fraction=how.crop_fraction, fill=(red, green, blue),
        )  # fmt: skip

    def _mapped(
        self,
        pictures: Sequence[ImageLike],
        shape: tuple[int, ...],
        folder: Path,
        skip_bad: bool,
        progress: Any,
    ) -> NDArray[np.uint8]:
        """A memory map; one that an earlier start of this run has finished is taken as it is."""
        file, done = folder / PIXELS_FILE, folder / f"{PIXELS_FILE}.json"
        key = _key(pictures, shape, self.reads.preprocessing)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            known = json.loads(done.read_text()) if done.is_file() and file.is_file() else {}
            if known.get("key") == key and file.stat().st_size == int(np.prod(shape)):
                self.bad = {int(number): line for number, line in known["bad"].items()}
                return np.memmap(file, dtype=np.uint8, mode="r", shape=shape)
            done.unlink(missing_ok=True)
            self.pixels = np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)
            self._fill(pictures, skip_bad, progress)
            self.pixels.flush()
            done.write_text(json.dumps({"key": key, "bad": self.bad}))
        except OSError as error:
            size = int(np.prod(shape)) / 1e9
            raise TrainingError(
                f"{file}: the pixels of {shape[0]:,} images ({size:.1f} GB) cannot be kept there "
                f"({error.strerror or error}); free disk space, choose another --out or a smaller input size"
            ) from error
        return self.pixels


def _allocated(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    try:
        return np.zeros(shape, dtype=np.uint8)
    except MemoryError as error:
        raise TrainingError(
            f"the pixels of {shape[0]:,} images ({int(np.prod(shape)) / 1e9:.1f} GB) do not fit in memory; train "
            "with an output folder (they then lie on disk) or on fewer or smaller images"
        ) from error


def _key(pictures: Iterable[ImageLike], shape: tuple[int, ...], how: Preprocessing) -> str:
    """Changes with the files, the size and the preprocessing; pixels in memory count by their bytes."""
    digest = hashlib.sha256(json.dumps([list(shape), asdict(how)]).encode())
    for picture in pictures:
        if isinstance(picture, np.ndarray):
            digest.update(picture.tobytes())
        elif isinstance(picture, ImageRef | str | os.PathLike):
            ref = picture if isinstance(picture, ImageRef) else ImageRef(os.fspath(picture))
            try:
                digest.update(f"{ref.name}\0{ref.signature()}\n".encode())
            except ImageError:
                digest.update(f"{ref.name}\0gone\n".encode())
    return digest.hexdigest()
