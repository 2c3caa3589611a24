"""axe-core in real Chromium over every page: no fault that is serious or critical, in light and in the dark.

axe-core is a development dependency of ``web/`` (``npm ci``); without it the tests skip, and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.judged import judged_app, judged_site

__all__ = ["judged_app", "judged_site"]

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
OF_COLOURS = ["color-contrast", "link-in-text-block"]
PAGES = {
    "/": "h1",
    "/g/drawn": ".hit",
    "/g/drawn?like=3": ".hit",
    "/g/drawn/map": "h1",
    "/g/drawn/clusters": ".clusters[data-found='1']",
    "/g/drawn/duplicates": ".duplicates[data-found='1']",
    "/g/drawn/problems": "h1",
    "/api": "h1",
    "/compare": "h1",
    "/compare?a=drawn:1&b=drawn:7": ".attributes",
    "/compare?a=drawn:1&b=drawn:7&lang=zh": ".attributes",
    "/play": "h1",
    "/play/twos": "h1",
    "/results": "h1",
    "/results/first": "h1",
    "/results/parting/threes": ".parted",
    "/nothing": "h1",
}


def faults(page: Any) -> list[str]:
    """What is wrong in light and in the dark: rule, and the first place.

    Between the two only colours change, so only what depends on colours is asked twice.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    found += page.evaluate(
        f"async () => (await axe.run({{runOnly: {{type: 'rule', values: {OF_COLOURS}}}}})).violations"
    )
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]} | {one['nodes'][0].get('failureSummary', '')[:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.fixture(autouse=True)
def _axe() -> None:
    if not AXE.is_file():
        pytest.skip("needs axe-core: run `npm ci` in web/")


@pytest.mark.parametrize("address", list(PAGES))
def test_no_serious_fault(judged_site: str, visit: Callable[..., Any], address: str) -> None:
    page = visit(f"{judged_site}{address}")
    page.locator(PAGES[address]).first.wait_for(state="attached", timeout=90_000)  # some are computed first
    assert faults(page) == []


def test_no_serious_fault_in_a_game(judged_site: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{judged_site}/play/twos", size="phone", touch=True)
    page.get_by_role("button", name="Easy").tap()
    page.locator(".option").first.wait_for()
    assert faults(page) == []
    for number in range(10):
        page.locator(".option").nth(number % 5).tap()
        page.locator(".answered").wait_for()
        if number == 0:
            assert faults(page) == []
        page.locator(".next").tap()
        page.locator(".past" if number == 9 else ".option").first.wait_for()
    assert faults(page) == []
