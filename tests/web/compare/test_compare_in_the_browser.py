"""Compare in real Chromium: by mouse, by keyboard, by finger."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from tests.web.conftest import draw


def picture(number: int) -> dict[str, Any]:
    stream = io.BytesIO()
    draw(number).save(stream, "PNG")
    return {"name": f"{number}.png", "mimeType": "image/png", "buffer": stream.getvalue()}


def test_by_mouse_two_files_and_what_matches_what(judged_site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{judged_site}/compare")
    page.set_input_files("[data-side=a] input[type=file]", picture(1))
    page.wait_for_url("**/compare?a=*")
    page.set_input_files("[data-side=b] input[type=file]", picture(7))
    page.wait_for_url("**&b=*")
    page.locator(".attributes").wait_for()
    page.locator("svg[data-side=a] .cell[data-cell='24']").hover()
    assert (
        page.locator("svg[data-side=b] .lit").count() >= 1
        or "nothing" in page.locator(".link-said").inner_text()
    )
    page.mouse.move(0, 0)
    page.wait_for_function("() => !document.querySelector('.lit')")


def test_by_keyboard_the_parts_are_walked_and_held(judged_site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{judged_site}/compare?a=drawn:1&b=drawn:7")
    page.locator("[data-island=linked][data-ready]").wait_for()
    page.locator("svg[data-side=a] .cell[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = page.locator("svg[data-side=a] .cell:focus")
    assert (focused.get_attribute("data-row"), focused.get_attribute("data-column")) == ("2", "2")
    assert page.locator("svg[data-side=a] .cell[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    assert focused.get_attribute("aria-pressed") == "true"
    said = page.locator(".link-said").inner_text()
    assert said
    page.keyboard.press("Tab")
    assert page.locator("svg[data-side=b] .cell:focus").count() == 1
    assert page.locator(".link-said").inner_text() == said


def test_sliders_weigh_the_total_anew(judged_site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{judged_site}/compare?a=drawn:1&b=drawn:7")
    rows = page.locator("li[data-value]")
    rows.first.wait_for()
    total = page.locator(".total-text")
    values = [float(rows.nth(n).get_attribute("data-value") or 0) for n in range(rows.count())]
    page.wait_for_function("() => document.querySelector('[data-island=weights]').dataset.ready")
    for n in range(1, len(values)):
        rows.nth(n).locator("input").focus()
        page.keyboard.press("Home")
    assert f" {values[0]:.0f} %" in total.inner_text()
    rows.first.locator("input").focus()
    page.keyboard.press("Home")
    assert "some weight" in total.inner_text()
    page.get_by_role("button", name="All equal").click()
    assert f" {sum(values) / len(values):.0f} %" in total.inner_text()


def test_by_finger_on_a_phone_in_the_dark(judged_site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{judged_site}/compare?a=drawn:1&b=drawn:7", size="phone", touch=True, color_scheme="dark")
    page.locator(".attributes").wait_for()
    cell = page.locator("svg[data-side=b] .cell[data-cell='24']")
    cell.tap()
    assert cell.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
