"""Each kind of question from consent to the completion code, by mouse, by keyboard and on a phone-sized screen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studies.pages.drawn import SHAPES
from tests.studies.pages.person import Person, stored

FAST = {
    ("kafc", "mouse"),
    ("2afc", "keyboard"),
    ("odd-one-out", "touch"),
    ("same-different", "keyboard"),
    ("rating", "touch"),
    ("recall-and-vote", "mouse"),
}
ALL = [
    pytest.param(type, hand, marks=() if (type, hand) in FAST else pytest.mark.slow)
    for type in SHAPES
    for hand in ("mouse", "keyboard", "touch")
]


@pytest.mark.parametrize(("type", "hand"), ALL)
def test_from_consent_to_code(type: str, hand: Any, serve: Any, visit: Any) -> None:
    served = serve(type, trials=3, practice=1)
    touch = hand == "touch"
    person = Person(visit(served.url, size="phone" if touch else "desktop", touch=touch), hand)
    person.go()
    assert person.page.inner_text("#completion-code") == "FLOWER-7"
    rows = served.rows()
    assert {row["trial_index"]: stored(row) for row in rows} == person.given
    assert [row["trial_index"] for row in rows] == [0, 1, 2, 3]
    assert all(row["finished"] and row["images_ok"] for row in rows)
    assert all(0 < row["response_time_ms"] < 60_000 for row in rows)
    assert {row["device"] for row in rows} == {"phone" if touch else "desktop"}
    assert not person.page.evaluate("'hacked' in window")
