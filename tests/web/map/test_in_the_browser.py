"""The map by mouse, keys and touch; how long its frames take with 100,000 points is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


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
    page.wait_for_function("Number(document.querySelector('.map').dataset.pictures) > 0")
    box = page.locator(".stage").bounding_box()
    page.get_by_role("button", name="Show everything").tap()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_without_webgl_a_text_leads_on(visit: Callable[..., Any], map_site: str, browser: Any) -> None:
    page = visit("about:blank")
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"{map_site}/g/few/map")
    page.locator(".fallback").wait_for()
    assert page.locator(".fallback a").first.get_attribute("href") == "/g/few/clusters"


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
def test_a_hundred_thousand_points(
    visit: Callable[..., Any], large_site: str, record_property: Callable[[str, object], None]
) -> None:
    page = visit("about:blank")
    page.set_default_timeout(120_000)
    page.goto(f"{large_site}/g/wide/map")
    page.locator(".legend li").first.wait_for()
    times = page.evaluate(FRAMES)
    median, worst = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(f"100,000 points, software WebGL: median frame {median:.1f} ms, 95 % below {worst:.1f} ms")
    record_property("median_frame_ms", median)
    page.get_by_role("button", name="Lasso").click()
    drag(page, AROUND)
    page.locator(".selection h2", has_text="images selected").wait_for()
