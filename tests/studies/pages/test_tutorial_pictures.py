"""The pictures of docs/tutorials/first-study.md, taken from a real visit.

``LOOKALIKE_WRITE_SCREENSHOTS=1 pytest -m slow tests/studies/pages/test_tutorial_pictures.py`` writes them anew;
otherwise they go to a temporary folder, and those in the documentation must have their size.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.studies.pages.person import SHIELD, Person

DOCS = Path(__file__).resolve().parents[3] / "docs"
FOLDER = DOCS / "assets" / "studies"
NAMES = ("consent", "practice", "trial-phone", "trial-dark", "questions", "end")
MOST_BYTES = 100_000

pytestmark = pytest.mark.slow


class Camera:
    """Takes small PNGs: 256 colours are enough for a page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Any, name: str) -> None:
        file = self.folder / f"{name}.png"
        page.screenshot(path=file)
        with Image.open(file) as image:
            small = image.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE)
        small.save(file, optimize=True)


def test_pictures_of_the_tutorial(serve: Any, visit: Any, tmp_path: Path) -> None:
    folder = FOLDER if os.environ.get("LOOKALIKE_WRITE_SCREENSHOTS") else tmp_path / "pictures"
    camera = Camera(folder)
    served = serve("kafc", trials=3, practice=1)
    person = Person(visit(served.url, size=(800, 560)))
    for state in ("consent", "trial 0", "questions", "end"):
        person.go(state)
        if state == "trial 0":
            person.page.wait_for_timeout(SHIELD * 1000)
            person.answer(0)
            person.wait_for("feedback")
            person.page.mouse.move(0, 0)
        camera.take(person.page, "practice" if state == "trial 0" else state)
    for name, options in (
        ("trial-phone", {"size": "phone", "touch": True}),
        ("trial-dark", {"size": (800, 560), "color_scheme": "dark"}),
    ):
        other = Person(visit(served.url, **options), "touch" if "touch" in options else "mouse")
        other.go("trial 2")
        other.page.wait_for_timeout(200)
        camera.take(other.page, name)
    assert sorted(file.stem for file in folder.glob("*.png")) == sorted(NAMES)
    for name in NAMES:
        assert (folder / f"{name}.png").stat().st_size < MOST_BYTES
        with Image.open(folder / f"{name}.png") as new, Image.open(FOLDER / f"{name}.png") as shown:
            assert new.size == shown.size
    text = (DOCS / "tutorials" / "first-study.md").read_text(encoding="utf-8")
    assert all(f"assets/studies/{name}.png" in text for name in NAMES)
