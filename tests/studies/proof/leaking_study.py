"""A study whose files give the right answer away by everything but their pixels: names, lengths, metadata, formats."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from lookalike.studies import Item, Items, Study, StudyConfig
from tests.studies.small import TEXTS

SIDE = 24


def leaking_study(folder: Path, *, items: int, options: int, catch: int, per_person: int) -> Study:
    """Right options (always option 0) are named so, carry metadata and are long files; catch items have metadata too."""
    files: dict[str, Path] = {}
    rng = np.random.default_rng(11)
    source = folder.parent / f"{folder.name}-source"
    source.mkdir(parents=True)

    def new(name: str, note: str) -> str:
        # All pixels come from one distribution, so nothing that people could see tells the options apart.
        data = _png(rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8), note)
        content = hashlib.sha256(data).hexdigest()
        files[content] = source / f"{name}.png"
        files[content].write_bytes(data)
        return content

    made = []
    for role, count in (("main", items), ("catch", catch)):
        for i in range(count):
            note = "catch trial " * 20 if role == "catch" else ""
            query = new(f"{role}-{i}-query", note)
            right = new(f"{role}-{i}-RIGHT", "the right answer " * 40)
            wrong = [new(f"{role}-{i}-wrong-{j}", note) for j in range(1, options)]
            made.append(
                Item(f"{role}-{i}", "kafc", role=role, fixed=(query,), options=(right, *wrong), right=0)  # type: ignore[arg-type]
            )
    config = StudyConfig.parse(
        {
            "name": "leak", "title": "Leaking", "type": "kafc", "seed": 3,
            "design": {"answers_per_item": 1, "trials_per_participant": per_person, "catch": min(catch, per_person // 4)},
        }
    )  # fmt: skip
    return Study.create(folder, config, Items(made), files, {"en": TEXTS})


def _png(pixels: np.ndarray, note: str) -> bytes:  # type: ignore[type-arg]
    info = PngImagePlugin.PngInfo()
    if note:
        info.add_text("Comment", note)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=info, compress_level=1 if note else 9)
    return buffer.getvalue()
