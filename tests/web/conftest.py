"""A small gallery of drawn pictures, the web application over it, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests import browsing

pytest.importorskip("fastapi", reason="needs the extra web")

SIZES = {"desktop": (1100, 800), "phone": (360, 640)}
CSRF = {"X-Lookalike": "1"}
COLOURS = ("crimson", "seagreen", "royalblue", "goldenrod", "slateblue", "darkorange")
PICTURES = 96


def draw(number: int) -> Image.Image:
    """A picture of a kind (its colour) with a shape of its own."""
    random = np.random.default_rng(number)
    width, height = int(random.integers(120, 360)), int(random.integers(120, 260))
    image = Image.new("RGB", (width, height), COLOURS[number % len(COLOURS)])
    pen = ImageDraw.Draw(image)
    for _ in range(3 + number % 5):
        x, y = int(random.integers(0, width - 30)), int(random.integers(0, height - 30))
        size = int(random.integers(15, 70))
        shape = pen.ellipse if number % 2 else pen.rectangle
        shape((x, y, x + size, y + size), fill=tuple(int(v) for v in random.integers(0, 255, 3)))
    return image


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn pictures in folders by colour, and one file that is no image."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        kind = folder / COLOURS[number % len(COLOURS)]
        kind.mkdir(exist_ok=True)
        draw(number).save(kind / f"{number:03}.{'jpg' if number % 3 else 'png'}")
    (folder / "broken.jpg").write_bytes(b"this is no image")
    return folder


@pytest.fixture(scope="session")
def gallery(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """They in a gallery; tests that write to it make their own (`copy_of`)."""
    from lookalike.gallery import Gallery

    place = tmp_path_factory.mktemp("galleries") / "drawn"
    Gallery.create(place, "classic").index(pictures, cache=False)
    return place


@pytest.fixture(scope="session")
def settings(gallery: Path, pictures: Path) -> Any:
    """The gallery ``drawn``, and its pictures as a folder that may be indexed."""
    from lookalike.web import WebSettings

    return WebSettings(galleries={"drawn": gallery}, roots=(pictures,))


def make_app(settings: Any) -> Any:
    """The application; skips where its pages are not built."""
    from lookalike.errors import ServeError
    from lookalike.web import create_app

    try:
        return create_app(settings)
    except ServeError as error:
        if "pages are not built" in str(error):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="session")
def app(settings: Any) -> Any:
    """One application for all tests that change nothing."""
    return make_app(settings)


@pytest.fixture
def client(app: Any) -> Any:
    """Speaks to it without a socket."""
    from fastapi.testclient import TestClient

    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def listen() -> Iterator[Callable[[Any], str]]:
    """``listen(app)`` serves an application on a free port and gives its address."""
    stops: list[Callable[[], None]] = []

    def start(app: Any) -> str:
        url, stop = browsing.listen(app)
        stops.append(stop)
        return url

    yield start
    for stop in stops:
        stop()


@pytest.fixture(scope="session")
def site(app: Any, listen: Callable[[Any], str]) -> str:
    """Address of the application on a socket."""
    return listen(app)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """``visit(url, size="phone", touch=True, ...)`` opens a page; errors and what CSP refused fail the test."""
    yield from browsing.visiting(browser, SIZES)
