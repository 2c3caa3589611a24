"""Small pictures and tables that the tests write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.judgments import ImageCatalogue


def picture(file: Path, number: int, size: tuple[int, int] = (8, 6)) -> Path:
    """A picture whose bytes differ from number to number."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file)
    return file


def pictures(folder: Path, names: Sequence[str], first: int = 0) -> list[Path]:
    """One picture for each name; ``.png`` is added where a name has no ending."""
    files = [folder / (name if "." in name else f"{name}.png") for name in names]
    return [picture(file, first + n) for n, file in enumerate(files)]


def catalogue(folder: Path, names: Sequence[str]) -> tuple[ImageCatalogue, dict[str, str]]:
    """(a catalogue of new pictures, name -> content id)."""
    made = ImageCatalogue.from_files(pictures(folder, names), folder)
    by_name = {name.removesuffix(".png"): content for content, name in made.names().items()}
    return made, by_name


def write(file: Path, *lines: str) -> Path:
    """A text file of these lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
