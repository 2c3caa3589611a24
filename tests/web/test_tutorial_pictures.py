"""The pictures of docs/tutorials/explore-in-the-browser.md, taken from a real visit.

``LOOKALIKE_WRITE_SCREENSHOTS=1 pytest -m slow tests/web/test_tutorial_pictures.py`` writes them anew; otherwise they go
to a temporary folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.judged import judged_app, judged_site

__all__ = ["judged_app", "judged_site"]

DOCS = Path(__file__).resolve().parents[2] / "docs"
FOLDER = DOCS / "assets" / "web"
TUTORIAL = DOCS / "tutorials" / "explore-in-the-browser.md"
NAMES = ("explore", "compare", "compare-phone", "play", "results", "parting")
MOST_BYTES = 120_000
SIZE = (900, 620)

pytestmark = pytest.mark.slow


def take(page: Any, folder: Path, name: str) -> None:
    """A small PNG: 256 colours are enough for a page."""
    file = folder / f"{name}.png"
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file)
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE)
    small.save(file, optimize=True)


def compared(page: Any, cell: str) -> None:
    """Scroll to the two images and point at a part of the first."""
    page.locator(".attributes").wait_for(timeout=60_000)
    page.locator(".pair-maps").first.scroll_into_view_if_needed()
    page.locator(f"svg[data-side=a] .cell[data-cell='{cell}']").click()
    page.locator("#h-where").evaluate("heading => heading.scrollIntoView()")


def test_pictures_of_the_tutorial(judged_site: str, visit: Callable[..., Any], tmp_path: Path) -> None:
    folder = FOLDER if os.environ.get("LOOKALIKE_WRITE_SCREENSHOTS") else tmp_path / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    page = visit(f"{judged_site}/g/drawn?like=3", size=SIZE)
    page.locator(".hit").first.wait_for()
    take(page, folder, "explore")
    page.goto(f"{judged_site}/compare?a=drawn:1&b=drawn:7")
    compared(page, "24")
    take(page, folder, "compare")
    phone = visit(f"{judged_site}/compare?a=drawn:1&b=drawn:7", size="phone", touch=True, color_scheme="dark")
    compared(phone, "24")
    take(phone, folder, "compare-phone")
    page.goto(f"{judged_site}/play/twos")
    page.get_by_role("button", name="Easy").click()
    page.locator(".option").first.wait_for()
    page.keyboard.press("2")
    page.locator(".answered").wait_for(timeout=60_000)
    take(page, folder, "play")
    page.goto(f"{judged_site}/results/first")
    take(page, folder, "results")
    page.goto(f"{judged_site}/results/parting/threes")
    page.locator(".parted").wait_for(timeout=60_000)
    take(page, folder, "parting")
    assert sorted(one.stem for one in folder.iterdir()) == sorted(NAMES)
    assert all(one.stat().st_size < MOST_BYTES for one in folder.iterdir())


def test_the_tutorial_shows_them_all() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    for name in NAMES:
        assert f"../assets/web/{name}.png" in text
        assert (FOLDER / f"{name}.png").stat().st_size < MOST_BYTES
