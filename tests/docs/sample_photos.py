"""The photographs that the pages' examples work on: pictures that ship with scikit-image, and variants."""

from __future__ import annotations

import shutil
from pathlib import Path

import skimage
from PIL import Image, ImageEnhance, ImageOps

PHOTOGRAPHS = {
    "cats/cat": "chelsea.png",
    "cups/cup": "coffee.png",
    "people/astronaut": "astronaut.png",
    "people/photographer": "camera.png",
    "space/rocket": "rocket.jpg",
    "stones/brick": "brick.png",
    "stones/gravel": "gravel.png",
    "meadow/grass": "grass.png",
}


def _variants(picture: Image.Image) -> list[Image.Image]:
    """The picture, its middle, its mirror image and two other exposures: alike, yet no copies."""
    width, height = picture.size
    middle = picture.crop((width // 8, height // 8, width - width // 8, height - height // 8))
    brightness = ImageEnhance.Brightness(picture)
    return [picture, middle, ImageOps.mirror(picture), brightness.enhance(0.6), brightness.enhance(1.3)]


def make(folder: Path) -> None:
    """Write ``photos/`` (40 labelled photographs, an exact and a near copy), ``new/`` (3 unlabelled), A.jpg to D.jpg."""
    originals = Path(skimage.__file__).parent / "data"
    photos, new = folder / "photos", folder / "new"
    new.mkdir(parents=True)
    for name, original in PHOTOGRAPHS.items():
        with Image.open(originals / original) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((320, 320))
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        for number, variant in enumerate(_variants(picture), start=1):
            variant.save(photos / f"{name}-{number}.jpg", quality=90)
        if name in {"cats/cat", "cups/cup", "stones/brick"}:
            turned = picture.rotate(4, resample=Image.Resampling.BICUBIC)
            turned.save(new / f"{Path(name).name}.jpg", quality=85)
    shutil.copy(photos / "cats/cat-1.jpg", photos / "cats/cat-1 (copy).jpg")
    with Image.open(photos / "cups/cup-1.jpg") as cup:
        cup.resize((cup.width // 2, cup.height // 2)).save(photos / "cups/cup-1-small.jpg", quality=70)
    for letter, name in zip(
        "ABCD", ("cats/cat-1", "cats/cat-4", "cups/cup-1", "space/rocket-1"), strict=True
    ):
        shutil.copy(photos / f"{name}.jpg", folder / f"{letter}.jpg")
