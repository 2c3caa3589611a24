"""The game in real Chromium: by mouse, by keyboard, by finger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def open_round(site: str, visit: Callable[..., Any], **options: Any) -> Any:
    page = visit(f"{site}/play/twos", **options)
    page.get_by_role("button", name="Easy").click()
    page.wait_for_url("**/round/*")
    page.locator("#game[data-started] .option").first.wait_for()
    return page


def test_by_keyboard_a_round_of_ten(judged_site: str, visit: Callable[..., Any]) -> None:
    page = open_round(judged_site, visit)
    for number in range(10):
        page.get_by_text(f"Question {number + 1} of 10").first.wait_for()
        page.keyboard.press(str(1 + number % 5))
        page.locator(".answered").wait_for()
        assert page.locator(".mark.you").count() == 1
        page.keyboard.press("Enter")
    page.locator(".past").first.wait_for()
    assert page.locator(".past").count() == 10


def test_by_mouse_and_on_to_compare(judged_site: str, visit: Callable[..., Any]) -> None:
    page = open_round(judged_site, visit)
    page.locator(".option").nth(2).click()
    page.locator(".answered").wait_for()
    page.get_by_text("Why these two?").first.click()
    page.wait_for_url("**/compare?a=*")
    page.locator(".attributes").wait_for()


def test_by_finger_on_a_phone(judged_site: str, visit: Callable[..., Any]) -> None:
    page = open_round(judged_site, visit, size="phone", touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".option").nth(4).tap()
    page.locator(".answered").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.reload()
    page.get_by_text("Question 2 of 10").first.wait_for()
