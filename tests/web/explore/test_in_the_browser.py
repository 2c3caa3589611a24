"""Explore in real Chromium: by mouse, by keyboard, by finger, in the dark."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

SHOTS = os.environ.get("LOOKALIKE_SHOTS")


def shot(page: Any, name: str, **options: Any) -> None:
    """Keep a picture of the page where the environment asks for it."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), **options)


def ready(page: Any) -> None:
    """Wait for the script that hears keys and files; until it is there, links are plain links."""
    page.locator("[data-island=explore][data-ready]").wait_for()


def query(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_more_is_loaded_while_one_scrolls(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn")
    page.locator(".hit").first.wait_for()
    shot(page, "explore")
    first = page.locator(".hit").count()
    page.locator(".more-row").scroll_into_view_if_needed()
    page.locator(".hit").nth(95).wait_for()
    assert first == 60
    assert page.locator(".hit").count() == 96


def test_by_mouse_more_like_this_and_less_like_that(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn")
    first = page.locator(".hit").nth(3)
    wanted = first.get_attribute("data-id")
    first.hover()
    first.locator(".more").click()
    page.locator(".chip").wait_for()
    assert query(page)["like"] == [wanted]
    assert wanted not in [one.get_attribute("data-id") for one in page.locator(".hit").all()]
    assert page.locator(".hit .percentile").first.inner_text().endswith("%")
    unwanted = page.locator(".hit").nth(2)
    unwanted.hover()
    unwanted.locator(".less").click()
    page.locator(".chip.unwanted").wait_for()
    shot(page, "explore-search")
    assert set(query(page)) == {"like", "unlike"}
    page.locator(".chip.unwanted a").click()
    page.wait_for_url(lambda url: "unlike" not in url)


def test_an_image_is_looked_at_and_a_part_searched(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn")
    page.locator(".hit a.open").nth(5).click()
    page.locator("dialog#item[open] .crop-area img").wait_for()
    page.wait_for_load_state("networkidle")
    shot(page, "item")
    page.locator("[data-crop]").click()
    box = page.locator(".crop-area").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=4)
    page.mouse.up()
    shot(page, "crop")
    page.locator("[data-crop-go]").click()
    page.locator(".chip .chip-crop").wait_for()
    shot(page, "crop-results")
    values = [float(value) for value in query(page)["crop"][0].split(",")]
    assert values == pytest.approx([0.2, 0.2, 0.7, 0.6], abs=0.02)


def test_by_keyboard_alone(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn")
    ready(page)
    page.keyboard.press("?")
    page.locator("dialog#help[open]").wait_for()
    shot(page, "help")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.closest('.hit')?.dataset.id"
    below = page.evaluate(focused)
    assert below not in (None, "0", "1")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == "1"
    page.keyboard.press("Enter")
    page.locator("dialog#item[open] .item").wait_for()
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "crop=" in url)
    assert query(page)["crop"] == ["0.2700,0.2500,0.7700,0.7700"]
    ready(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    page.wait_for_url(lambda url: "unlike=" in url)
    ready(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    page.wait_for_url(lambda url: "like=" in url and "crop" not in url)
    ready(page)
    page.keyboard.press("/")
    page.keyboard.type("width > 200")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "where=width" in url)


def test_images_are_picked_dropped_and_pasted(site: str, visit: Callable[..., Any], pictures: Path) -> None:
    page = visit(f"{site}/g/drawn")
    file = sorted((pictures / "crimson").iterdir())[1]
    page.locator("#files").set_input_files([file, sorted((pictures / "seagreen").iterdir())[1]])
    page.wait_for_url(lambda url: url.count("image=") == 2)
    assert page.locator(".chip img").count() == 2
    assert page.locator("#combine").is_visible()
    shot(page, "two-images")
    for kind in ("drop", "paste"):
        page.goto(f"{site}/g/drawn")
        ready(page)
        page.evaluate(GIVE, [kind, list(file.read_bytes())])
        page.wait_for_url(lambda url: "image=" in url)
        assert page.locator(".hit .percentile").first.inner_text() == "100.0 %"


GIVE = """([kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "given.jpg", { type: "image/jpeg" }));
  const event = kind === "drop"
    ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
  document.body.dispatchEvent(event);
}"""


def test_what_is_no_image_is_said(site: str, visit: Callable[..., Any], pictures: Path) -> None:
    page = visit(f"{site}/g/drawn")
    page.locator("#files").set_input_files(pictures / "broken.jpg")
    page.locator("#notice", has_text="not an image").wait_for()


def test_a_wrong_filter_is_said_where_it_was_written(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn")
    page.locator("#where").fill("widht > 200")
    page.locator("#where").press("Enter")
    page.locator("#search-error").wait_for()
    shot(page, "wrong-filter")
    assert "widht" in page.locator("#search-error").inner_text()
    assert page.locator("#where").get_attribute("aria-invalid") == "true"
    assert page.locator("#where").input_value() == "widht > 200"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(site: str, visit: Callable[..., Any], scheme: str) -> None:
    page = visit(f"{site}/g/drawn?like=3&unlike=8", size="phone", touch=True, color_scheme=scheme)
    page.locator(".hit").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shot(page, f"phone-{scheme}")
    page.locator(".hit a.open").nth(1).tap()
    page.locator("dialog#item[open] .item").wait_for()
    shot(page, f"phone-item-{scheme}")
    page.locator("[data-key=m]").tap()
    page.wait_for_url(lambda url: "unlike" not in url)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(22, 22, 22)") == (scheme == "dark")


def test_a_folder_is_indexed_from_the_page(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn")
    page.locator(".roots button").first.click()
    page.get_by_text("Indexed.").wait_for()
    assert "97 of 97 files, 0 new, 1 problems" in page.locator("#job").inner_text()
    page.locator("#job").scroll_into_view_if_needed()
    shot(page, "indexed")


def test_without_a_script(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn", java_script_enabled=False)
    assert page.locator(".hit").count() == 60
    assert not page.locator(".pick").is_visible()
    page.locator(".more-row a").click()
    assert page.locator(".hit").count() == 36
    page.locator(".hit a.open").first.click()
    shot(page, "item-page")
    page.locator("[data-key=m]").click()
    assert page.locator(".chip").count() == 1


def test_in_chinese(site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{site}/g/drawn", locale="zh-CN")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    shot(page, "chinese")
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto(f"{site}/")
    assert page.locator("html").get_attribute("lang") == "en"
    shot(page, "home")
