"""Small complete studies with made-up pictures, for tests of the store and of the server."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookalike.studies import Item, Items, Study, StudyConfig

TEXTS = {
    "consent": "# Hello\n\nDo you agree?",
    "instructions": "Look and *choose*.",
    "debriefing": "Thank you.",
}


def picture(seed: int, size: tuple[int, int] = (40, 30), format: str = "PNG") -> bytes:
    """A noisy picture of one main colour."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 60, (size[1], size[0], 3)) + random.integers(0, 190, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, format)
    return buffer.getvalue()


def small_study(
    folder: Path,
    *,
    type: str = "kafc",
    items: int = 6,
    options: int = 3,
    practice: int = 0,
    catch: int = 0,
    companions: bool = False,
    config: dict[str, Any] | None = None,
    **design: Any,
) -> Study:
    """Write a study of ``items`` main items whose right answer is option 0 (of k-AFC), and open it."""
    pictures = folder.parent / f"{folder.name}-pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}

    def new(count: int) -> list[str]:
        names = []
        for _ in range(count):
            data = picture(len(files), size=(36 + len(files) % 5, 30 + len(files) % 3))
            content = hashlib.sha256(data).hexdigest()
            files[content] = pictures / f"{len(files)}.png"
            files[content].write_bytes(data)
            names.append(content)
        return names

    made = []
    for role, count in (("main", items), ("practice", practice), ("catch", catch)):
        for i in range(count):
            fixed, shuffled, right = _shape(type, options)
            partner = f"main-{i ^ 1}" if companions and role == "main" and i ^ 1 < count else None
            made.append(
                Item(
                    id=f"{role}-{i}",
                    type=type,
                    set="odd" if i % 2 else "even",
                    role=role,  # type: ignore[arg-type]
                    fixed=tuple(new(fixed)),
                    options=tuple(new(shuffled)),
                    right=right,
                    companion=partner,
                )
            )
    values: dict[str, Any] = {
        "name": folder.name,
        "title": "A small study",
        "type": type,
        "seed": 7,
        "design": {
            "answers_per_item": 4,
            "trials_per_participant": items,
            "practice": practice,
            "catch": catch,
            **design,
        },
        **({"scale": {"low": 1.0, "high": 7.0}} if type == "rating" else {}),
        **(config or {}),
    }
    return Study.create(folder, StudyConfig.parse(values), Items(made), files, {"en": TEXTS, "zh": TEXTS})


def _shape(type: str, options: int) -> tuple[int, int, int | None]:
    """Fixed images, options, right answer."""
    return {
        "kafc": (1, options, 0),
        "2afc": (1, 2, None),
        "odd-one-out": (0, 3, None),
        "same-different": (2, 0, 0),
        "rating": (2, 0, None),
        "recall-and-vote": (1, options, None),
    }[type]
