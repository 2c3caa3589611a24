"""Pictures of one shade, and an encoder that reads the shade: distances that a test can choose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders.callable import CallableEncoder


def shades(folder: Path, levels: Mapping[str, int]) -> None:
    """``NAME.png`` of one red level each; the blue level differs from file to file, so that no two are the same."""
    for number, (name, level) in enumerate(levels.items()):
        file = folder / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.zeros((8, 8, 3), dtype=np.uint8)
        pixels[..., 0], pixels[..., 2] = level, number
        Image.fromarray(pixels).save(file)


def shade_encoder(name: str = "shade", sign: int = 1) -> CallableEncoder:
    """The red level as a vector of one number: with metric euclidean, the distance is the difference of levels.

    ``sign`` -1 gives 100 / level instead, another order for the same pictures.
    """

    def read(images: NDArray[Any]) -> NDArray[Any]:
        levels = images[:, 0, 0, :1].astype(np.float32)
        return levels if sign > 0 else 100 / np.maximum(levels, 1)

    return CallableEncoder(read, name=name, input_size=(8, 8), normalized=False)


def write(file: Path, *lines: str) -> Path:
    """A text file of these lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


LEVELS = {"ref": 100, "near": 110, "mid": 120, "far": 140, "out": 150, "below": 80}


def voted(folder: Path) -> Path:
    """Four triplets with 18 votes; the shade encoder's distances are (10, 40), (50, 10), (20, 20), (10, 50)."""
    shades(folder / "images", LEVELS)
    write(
        folder / "triplets.csv",
        "reference,a,b,votes_a,votes_b",
        "ref,near,far,3,1",
        "ref,out,near,4,1",
        "ref,mid,below,2,3",
        "ref,near,out,2,2",
    )
    return folder
