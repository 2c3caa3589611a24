"""What the page looks like and tells: small windows, zoom, dark mode, languages, labels that give nothing away."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.studies.pages.drawn import SHAPES
from tests.studies.pages.person import Person

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.slow
@pytest.mark.parametrize("type", SHAPES)
@pytest.mark.parametrize("size", ["phone", (500, 380)])  # the second: 1000 x 760 at 200 % zoom
def test_nothing_sticks_out_sideways(type: str, size: Any, serve: Any, visit: Any) -> None:
    served = serve(type, trials=1, practice=1)
    person = Person(visit(served.url, size=size, touch=True), "touch")
    too_wide: list[str] = []

    def measure(state: str) -> None:
        if person.page.evaluate(OVERFLOW) > 0:
            too_wide.append(state)

    person.on_state = measure
    person.go()
    assert not too_wide


@pytest.mark.slow
def test_a_phone_shows_a_whole_trial_at_once(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=1, practice=0)
    person = Person(visit(served.url, size="phone", touch=True), "touch")
    person.go("trial 0")
    below = person.page.evaluate(
        "Math.max(...[...document.querySelectorAll('.option')].map((b) => b.getBoundingClientRect().bottom)) - innerHeight"
    )
    assert below <= 0
    sizes = person.page.evaluate(
        "[...document.querySelectorAll('.option')].map((b) => [b.clientWidth, b.clientHeight])"
    )
    assert all(min(size) >= 90 for size in sizes), sizes


@pytest.mark.slow
def test_dark_and_light_differ_and_can_be_read(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1)
    brightness = {}
    for scheme in ("light", "dark"):
        page = visit(served.url, color_scheme=scheme)
        Person(page).wait_for("consent")
        style = "getComputedStyle(document.body)"
        colours = page.evaluate(f"[{style}.backgroundColor, {style}.color]")
        brightness[scheme] = [sum(map(int, re.findall(r"\d+", colour)[:3])) / 3 for colour in colours]
    assert brightness["light"][0] > 230
    assert brightness["light"][1] < 60
    assert brightness["dark"][0] < 40
    assert brightness["dark"][1] > 200


def test_chinese_is_chosen_by_the_browser_and_by_hand(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1, practice=0, questions=[])
    page = visit(served.url, locale="zh-CN")
    person = Person(page)
    person.wait_for("consent")
    assert "我同意" in page.inner_text("#content")
    page.select_option(".select", "en")
    page.wait_for_selector("text=I agree, begin")
    page.select_option(".select", "zh")
    page.wait_for_selector("text=我同意")
    person.go()
    assert "所有回答都已保存" in page.inner_text(".completion")
    assert page.evaluate("document.documentElement.lang") == "zh"
    assert served.rows()[0]["language"] == "zh"


def test_labels_say_where_a_picture_is_and_nothing_else(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=2, practice=0)
    person = Person(visit(served.url))
    person.go("trial 0")
    page = person.page
    labels = page.evaluate(
        "[...document.querySelectorAll('.option')].map((b) => b.getAttribute('aria-label'))"
    )
    assert labels == [f"Picture {n} of 5" for n in range(1, 6)]
    assert (
        page.evaluate("[...document.querySelectorAll('.option img')].map((i) => i.alt + i.title)") == [""] * 5
    )
    assert page.get_attribute(".reference img", "alt") == "The picture to compare with"
    shapes = page.evaluate(
        "[...document.querySelectorAll('.option')].map((b) => b.outerHTML.replace(/blob:[^\"]*/, '').replace(/\\d/g, ''))"
    )
    assert len(set(shapes)) == 1  # the options' markup differs in numbers only
    assert page.evaluate("document.activeElement.className") == "prompt"
    assert page.evaluate("document.querySelectorAll('h1').length") == 1


@pytest.mark.slow
def test_arrow_keys_walk_over_the_options(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=1, practice=0)
    person = Person(visit(served.url))
    person.go("trial 0")
    page = person.page
    page.wait_for_timeout(300)
    for key, position in (("ArrowRight", "0"), ("ArrowRight", "1"), ("ArrowLeft", "0"), ("ArrowLeft", "4")):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.position") == position
    page.keyboard.press("Enter")
    person.given[0] = 4
    person.go()
    assert served.rows()[0]["position"] == 4


@pytest.mark.slow
def test_who_declines_leaves_nothing(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1)
    page = visit(served.url)
    Person(page).wait_for("consent")
    page.click("text=I do not want to take part")
    page.wait_for_selector("text=You are not taking part")
    page.wait_for_timeout(300)
    assert served.rows() == []
    assert page.context.cookies() == []


@pytest.mark.slow
def test_timed_pictures_are_shown_for_their_time(serve: Any, visit: Any) -> None:
    served = serve("same-different", trials=2, practice=0)
    page = visit(served.url)
    posts: list[dict[str, Any]] = []
    page.on("request", lambda r: posts.append(r.post_data_json) if r.url.endswith("/api/answers") else None)
    Person(page).go()
    # Two frames of a slow machine's screen are allowed; a browser that is starved of them says so.
    late = [post for post in posts if abs(post["timing"]["shown_for_ms"] - 200) > 40]
    assert all(post["timing"]["frames_dropped"] > 0 for post in late)
    assert len(posts) == 2


@pytest.mark.slow
def test_hiding_the_page_is_noted(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1, practice=0, questions=[])
    person = Person(visit(served.url))
    person.go("trial 0")
    person.page.evaluate(
        """() => {
          const hide = (hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
          };
          hide(true);
          window.dispatchEvent(new Event("blur"));
          setTimeout(() => hide(false), 400);
        }"""
    )
    person.page.wait_for_timeout(600)
    person.go()
    row = served.rows()[0]
    assert 350 <= row["hidden_ms"] <= 3_000
    assert row["blurs"] >= 1
