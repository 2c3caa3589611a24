"""A browser to open the pages in, and pictures to fill them with."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from lookalike.reports import Picture

HOSTILE = (
    '/photos/"><script>window.hacked=1</script>.jpg',
    "/photos/' onerror='window.hacked=1' x='.jpg",
    "/photos/line\nbreak\ttab\x00.jpg",
    "/photos/\u202egpj.exe",
    "/photos/שלום/日本語 ünï.jpg",
    "/photos/</script><!--.jpg",
    "archive.tar::folder/{{ 7*7 }}{% raw %}.jpg",
    "/photos/\udcff\udcfe.jpg",
)


def jpeg(number: int, size: tuple[int, int] = (96, 72)) -> bytes:
    """A small picture that differs from number to number."""
    image = Image.new("RGB", size, ((number * 67) % 256, (number * 29) % 256, (number * 151) % 256))
    ImageDraw.Draw(image).ellipse((8, 8, size[0] - 8, size[1] - 8), fill=((number * 91) % 256, 200, 90))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def pictures() -> list[Picture]:
    """Twelve ordinary pictures of three shapes, then one for every hostile name."""
    shapes = ((96, 72), (72, 96), (160, 50))
    plain = [
        Picture(
            f"/photos/folder/picture-{n}.jpg",
            jpeg(n, shapes[n % 3]),
            href=f"file:///photos/folder/picture-{n}.jpg",
            width=1000 + n,
            height=800,
            format="JPEG",
            bytes=123_456 + n,
        )
        for n in range(12)
    ]
    return plain + [
        Picture(
            name, jpeg(50 + n), caption="<b>bold</b>", href="javascript:window.hacked=1", label="<i>x</i>"
        )
        for n, name in enumerate(HOSTILE)
    ]


def until(page: Any, expression: str, seconds: float = 8) -> None:
    """Wait for ``expression`` to hold; Playwright's own way needs eval, which the pages' policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"did not happen within {seconds} s: {expression}"
        page.wait_for_timeout(20)


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """``show(html, width=..., dark=...)`` opens a page; any console message or request fails the test."""
    complaints: list[str] = []
    opened: list[Any] = []

    def note_request(request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            complaints.append(f"request to {request.url}")

    def open_page(
        html: str,
        width: int = 1000,
        height: int = 760,
        dark: bool = False,
        still: bool = True,
        end: str = "",
        touch: bool = False,
    ) -> Any:
        file = tmp_path / f"page-{len(opened)}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            has_touch=touch,
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(6_000)
        page.on("console", lambda message: complaints.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", note_request)
        page.goto(file.as_uri() + end)
        return page

    yield open_page
    for context in opened:
        context.close()
    # Software WebGL is slow to read back, and Chromium says so: that is about the machine, not the page.
    assert [c for c in complaints if "GPU stall" not in c and "software" not in c.lower()] == []
