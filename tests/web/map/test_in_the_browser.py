"""The map by mouse, keys and touch; how long its frames take with 100,000 points is printed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image


def opened(visit: Callable[..., Any], url: str, **options: Any) -> Any:
    page = visit(url, **options)
    page.locator(".legend li").first.wait_for()
    return page


@pytest.fixture(autouse=True)
def quiet_driver(visit: Any) -> Any:
    """Software WebGL is slow to read back for screenshots, and Chromium says so."""
    yield
    visit.complaints[:] = [one for one in visit.complaints if "GPU stall" not in one]


def drag(page: Any, path: list[tuple[float, float]]) -> None:
    box = page.locator(".stage").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


AROUND = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.7), (0.98, 0.98), (0.02, 0.98), (0.02, 0.05)]


def test_lasso_legend_and_links_by_mouse(visit: Callable[..., Any], map_site: str) -> None:
    page = opened(visit, f"{map_site}/g/few/map")
    assert page.locator(".legend li").count() == 12
    page.get_by_role("button", name="Lasso").click()
    drag(page, AROUND)
    page.locator(".selection h2", has_text="300 images selected").wait_for()
    assert page.locator(".selection .search").get_attribute("href").count("like=") == 20
    page.locator(".selection .thumbs img").nth(59).wait_for(state="attached")
    page.get_by_role("button", name="Clear").click()
    assert page.locator(".selection").is_hidden()
    first = page.locator(".legend button").first
    first.click()
    assert first.get_attribute("aria-pressed") == "true"
    page.locator("select[name=by]").select_option("width")
    page.locator(".legend .ramp").wait_for()


def test_keys_reach_an_image_and_its_search(visit: Callable[..., Any], map_site: str) -> None:
    page = opened(visit, f"{map_site}/g/few/map")
    page.locator(".stage").focus()
    page.keyboard.press("s")
    page.locator(".selection h2", has_text="300 images").wait_for()
    page.keyboard.press("Escape")
    for key in ("ArrowRight", "ArrowRight", "+", "+", "Enter"):
        page.keyboard.press(key)
    card = page.locator(".card-over.pinned")
    card.wait_for()
    assert card.locator("a").first.get_attribute("href").startswith("/g/few?like=")
    assert "image-" in page.locator(".live").inner_text()


def test_pictures_appear_when_zoomed_in_on_a_phone(visit: Callable[..., Any], map_site: str) -> None:
    page = opened(visit, f"{map_site}/g/few/map", size="phone", touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Zoom in").tap()
    page.locator(".map[data-pictures]:not([data-pictures='0'])").wait_for()
    box = page.locator(".stage").bounding_box()
    page.get_by_role("button", name="Show everything").tap()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_without_any_canvas_a_text_leads_on(visit: Callable[..., Any], map_site: str, browser: Any) -> None:
    page = visit("about:blank")
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"{map_site}/g/few/map")
    page.locator(".fallback").wait_for()
    assert page.locator(".fallback a").first.get_attribute("href") == "/g/few/clusters"


NO_WEBGL = """
const usual = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : usual.call(this, kind, ...rest);
};"""
WHOLE = ".map[data-shown=all]"


def covered(page: Any) -> tuple[int, int]:
    """Pixels of the map that differ clearly from its ground, and how many colours they have."""
    page.locator(WHOLE).wait_for()
    shot = Image.open(io.BytesIO(page.locator(".stage").screenshot())).convert("RGB")
    pixels = np.asarray(shot, np.int16).reshape(-1, 3)
    values, counts = np.unique(pixels, axis=0, return_counts=True)
    away = np.abs(values - values[counts.argmax()]).max(axis=1) > 70
    return int(counts[away].sum()), int(away.sum())


@pytest.mark.parametrize("way", ["webgl", "canvas"])
def test_both_ways_draw_the_points_and_bring_out_a_selection(
    visit: Callable[..., Any], map_site: str, way: str
) -> None:
    page = opened(visit, f"{map_site}/g/few/map#{way}")
    page.locator(WHOLE).wait_for()
    assert page.locator(".map").get_attribute("data-way") == way
    page.get_by_role("button", name="Pictures").click()
    pixels, colours = covered(page)
    assert 10_000 < pixels < 60_000, "300 dots of 14 pixels"
    assert colours >= 12, "one for each label"
    page.locator(".legend button").first.click()
    alone, _ = covered(page)
    assert alone < pixels / 3, "the other labels' points are faint"


def test_without_webgl_the_map_is_drawn_on_a_plain_canvas(visit: Callable[..., Any], map_site: str) -> None:
    page = visit("about:blank", color_scheme="dark")
    page.add_init_script(NO_WEBGL)
    page.goto(f"{map_site}/g/few/map")
    page.locator(WHOLE).wait_for()
    assert page.locator(".map").get_attribute("data-way") == "canvas"
    assert covered(page)[0] > 1000
    page.locator(".stage").focus()
    page.keyboard.press("s")
    page.locator(".selection h2", has_text="300 images").wait_for()


FRAMES = """async () => {
  const stage = document.querySelector('.stage'), times = [];
  stage.focus();
  let last = await new Promise(requestAnimationFrame);
  for (let n = 0; n < 60; n++) {
    stage.dispatchEvent(new KeyboardEvent('keydown', {key: n % 2 ? 'ArrowLeft' : 'ArrowRight', bubbles: true}));
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times.slice(5).sort((a, b) => a - b);
}"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["webgl", "canvas"])
def test_a_hundred_thousand_points(
    visit: Callable[..., Any], large_site: str, way: str, record_property: Callable[[str, object], None]
) -> None:
    page = visit("about:blank")
    page.set_default_timeout(120_000)
    page.goto(f"{large_site}/g/wide/map#{way}")
    page.locator(".legend li").first.wait_for()
    page.locator(WHOLE).wait_for()
    times = page.evaluate(FRAMES)
    page.locator(WHOLE).wait_for()
    median, worst = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(
        f"100,000 points, {way} without a graphics card: median frame {median:.1f} ms, 95 % below {worst:.1f} ms"
    )
    record_property("median_frame_ms", median)
    page.get_by_role("button", name="Lasso").click()
    drag(page, AROUND)
    page.locator(".selection h2", has_text="images selected").wait_for()
