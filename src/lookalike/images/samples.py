"""A small real collection for demonstrations: photographs, near-duplicates of them, look-alikes, one
damaged file.

The photographs ship with scikit-image (public domain or CC0; see ``skimage/data/README.txt``); the rest is
made here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from lookalike.errors import MissingDependency
from lookalike.images.decode import decode
from lookalike.images.rendered import LOOK_ALIKES, THINGS, looks, render
from lookalike.images.resize import crop_box

LONG_SIDE = 384
LOOKS = 5
COPIES = 4

# label, file, views (left, top, right, bottom as parts of the image), whether near-duplicates are made of
# the first view
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_QUARTERS = ((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5), (0.0, 0.5, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0))
_View = tuple[float, float, float, float]
_PHOTOS: tuple[tuple[str, str, tuple[_View, ...], bool], ...] = (
    ("person", "astronaut.png", (_WHOLE, (0.22, 0.0, 0.72, 0.5)), True),
    ("person", "camera.png", (_WHOLE, (0.3, 0.05, 0.75, 0.5)), True),
    ("cat", "chelsea.png", (_WHOLE, (0.1, 0.0, 0.8, 0.95)), True),
    ("coffee", "coffee.png", (_WHOLE, (0.2, 0.05, 0.9, 0.95)), True),
    ("rocket", "rocket.jpg", (_WHOLE, (0.3, 0.0, 0.75, 1.0)), True),
    ("motorcycle", "motorcycle_left.png", (_WHOLE,), True),
    ("motorcycle", "motorcycle_right.png", ((0.2, 0.2, 0.85, 1.0),), False),
    ("galaxies", "hubble_deep_field.jpg", _QUARTERS, True),
    ("eye", "retina.jpg", (_WHOLE,), True),
    ("tissue", "ihc.png", _QUARTERS, True),
    ("coins", "coins.png", (_WHOLE, *_QUARTERS[:2]), True),
    ("brick", "brick.png", _QUARTERS, False),
    ("grass", "grass.png", _QUARTERS, False),
    ("gravel", "gravel.png", _QUARTERS, False),
    ("document", "page.png", (_WHOLE,), True),
    ("document", "text.png", (_WHOLE,), False),
    ("crater", "moon.png", (_WHOLE,), True),
)


@dataclass(frozen=True, slots=True)
class SampleSet:
    """The collection and its known answers; all names are relative to ``folder``, with slashes.

    Attributes:
        folder: where it lies.
        images: every file written, sorted; the damaged one included.
        labels: image -> name of its folder.
        near_duplicates: groups of versions of one picture, the original first; exact copies included.
        exact_duplicates: pairs of files with the same bytes, the original first.
        look_alikes: pairs of different things drawn to look alike.
        damaged: a JPEG that ends too early, to show how problems are reported.
    """

    folder: Path
    images: tuple[str, ...]
    labels: Mapping[str, str]
    near_duplicates: tuple[tuple[str, ...], ...]
    exact_duplicates: tuple[tuple[str, str], ...]
    look_alikes: tuple[tuple[str, str], ...]
    damaged: str


def sample_images(folder: Path, seed: int = 0) -> SampleSet:
    """Write about 150 small images in labelled subfolders of ``folder`` and say what is alike among them.

    The same ``seed`` gives the same files, byte for byte, with the same versions of Pillow and pillow-heif.
    Files that are there already under the same names are overwritten; others are left alone.

    Raises:
        MissingDependency: scikit-image, whose photographs are used, is not installed.
        OSError: the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    writer = _Writer(folder)
    groups = _write_photos(writer)
    copies = {group[0]: writer.copy(group[0]) for group in groups[:COPIES]}
    groups = tuple((*group, copies[group[0]]) if group[0] in copies else group for group in groups)
    pairs = _write_look_alikes(writer, rng)
    damaged = "cat/broken-download.jpg"
    whole = (folder / groups[2][0]).read_bytes()
    (folder / damaged).write_bytes(whole[: len(whole) * 2 // 5])
    names = tuple(sorted([*writer.names, damaged]))
    labels = {name: name.split("/")[0] for name in names}
    return SampleSet(folder, names, labels, groups, tuple(copies.items()), pairs, damaged)


class _Writer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.names: list[str] = []

    def save(self, image: Image.Image, name: str, **options: int) -> str:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".heic"):
            _save_heic(image, path, **options)
        else:
            image.save(path, None, **options)
        self.names.append(name)
        return name

    def copy(self, name: str) -> str:
        """The same bytes once more, named as file managers name copies."""
        other = name.removesuffix(".jpg") + " (copy).jpg"
        (self._folder / other).write_bytes((self._folder / name).read_bytes())
        self.names.append(other)
        return other


def _save_heic(image: Image.Image, path: Path, **options: int) -> None:
    import pillow_heif

    heif = pillow_heif.from_pillow(image)
    heif.save(path, **options)


def _write_photos(writer: _Writer) -> tuple[tuple[str, ...], ...]:
    data = _skimage_data()
    groups: list[tuple[str, ...]] = []
    for label, file, views, with_versions in _PHOTOS:
        pixels = decode(data / file)
        stem = f"{label}/{Path(file).stem.replace('_', '-')}"
        for number, view in enumerate(views, start=1):
            image = _view(pixels, view)
            name = writer.save(image, f"{stem}-{number}.jpg", quality=92)
            if number == 1 and with_versions:
                groups.append(
                    (name, *_write_versions(writer, image, f"{stem}-{number}", len(groups) % 3 == 0))
                )
    return tuple(groups)


def _view(pixels: NDArray[np.uint8], view: _View) -> Image.Image:
    height, width = pixels.shape[:2]
    left, top, right, bottom = view
    box = round(left * width), round(top * height), round(right * width), round(bottom * height)
    image = Image.fromarray(crop_box(pixels, box))
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BICUBIC)
    return image


def _write_versions(writer: _Writer, image: Image.Image, stem: str, heic: bool) -> list[str]:
    """What happens to pictures on their way from hand to hand (HEIC for a few only: encoding it is slow)."""
    phone = ("phone.heic", {"quality": 60}) if heic else ("phone.avif", {"quality": 60, "speed": 10})
    width, height = image.size
    edge = max(2, round(0.03 * min(width, height)))
    small = image.resize((round(width * 0.6), round(height * 0.6)), Image.Resampling.BICUBIC)
    trimmed = image.crop((edge, edge, width - edge, height - edge))
    versions: tuple[tuple[str, Callable[[], Image.Image], dict[str, int]], ...] = (
        ("sent.jpg", lambda: image, {"quality": 45}),
        ("small.png", lambda: small, {}),
        ("trimmed.webp", lambda: trimmed, {"quality": 80}),
        ("brighter.jpg", lambda: ImageEnhance.Brightness(image).enhance(1.15), {"quality": 88}),
        (phone[0], lambda: image, phone[1]),
    )
    return [writer.save(make(), f"{stem}-{ending}", **options) for ending, make, options in versions]


def _write_look_alikes(writer: _Writer, rng: np.random.Generator) -> tuple[tuple[str, str], ...]:
    for number, look in enumerate(looks(LOOKS, rng), start=1):
        for thing in THINGS:
            image = Image.fromarray(render(thing, look, rng))
            writer.save(image, f"{thing}/{thing}-{number}.jpg", quality=90)
    return tuple(
        (f"{a}/{a}-{number}.jpg", f"{b}/{b}-{number}.jpg")
        for a, b in LOOK_ALIKES
        for number in range(1, LOOKS + 1)
    )


def _skimage_data() -> Path:
    """The folder of photographs inside the installed scikit-image (found without importing it: that takes a
    second)."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency("scikit-image", "dev", "the sample collection")
    return Path(spec.submodule_search_locations[0]) / "data"
