"""Prolific's redirect and Mechanical Turk's form: only after the server has everything, only to where it may."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.studies.pages.person import Person

PROLIFIC = "?PROLIFIC_PID=5f0c1a&STUDY_ID=st1&SESSION_ID=se1"
TURK = "?workerId=W1&assignmentId=A1&hitId=H1&turkSubmitTo=https%3A%2F%2Fworkersandbox.mturk.com"
PANEL = {"kind": "prolific", "completion_code": "C123"}


def test_the_way_back_to_prolific_waits_for_the_last_answer(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=2, practice=0, panel=PANEL, questions=[])
    page = visit(served.url + PROLIFIC)
    page.route("https://app.prolific.com/**", lambda route: route.fulfill(body="welcome back"))
    held: list[Any] = []
    page.route("**/api/answers", lambda route: held.append(route))
    person = Person(page)
    person.go("trial 1")
    assert page.query_selector(".completion") is None
    person.do("trial 1")
    page.wait_for_timeout(800)
    assert page.query_selector(".completion") is None  # two answers are on their way: no code, no button
    page.unroute("**/api/answers")
    held[0].continue_()
    person.wait_for("end")
    assert len(served.rows()) == 2
    assert all(row["finished"] and row["panel"] == "prolific" for row in served.rows())
    person.hit(".completion .button.primary")
    page.wait_for_url("https://app.prolific.com/submissions/complete?cc=C123")


def test_mechanical_turk_gets_its_form(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1, practice=0, panel={"kind": "mturk"}, questions=[])
    page = visit(served.url + TURK)
    posts: list[str] = []

    def take(route: Any) -> None:
        posts.append(route.request.post_data)
        route.fulfill(body="submitted")

    page.route("https://workersandbox.mturk.com/**", take)
    person = Person(page)
    person.go()
    person.hit(".completion .button.primary")
    page.wait_for_url("https://workersandbox.mturk.com/mturk/externalSubmit")
    assert parse_qs(posts[0])["assignmentId"] == ["A1"]


@pytest.mark.slow
def test_mechanical_turk_s_preview_takes_no_answer(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1, panel={"kind": "mturk"})
    page = visit(f"{served.url}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=H1")
    page.wait_for_selector(".note")
    assert "Accept the task" in page.inner_text(".note")
    assert page.query_selector("#content button") is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "address", ["https://evil.example", "http://www.mturk.com", "https://www.mturk.com.evil.example"]
)
def test_a_foreign_address_to_submit_to_is_refused(address: str, serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1, practice=0, panel={"kind": "mturk"}, questions=[])
    page = visit(f"{served.url}?workerId=W1&assignmentId=A1&hitId=H1&turkSubmitTo={address}")
    person = Person(page)
    person.wait_for("consent")
    person.press_main("consent")
    page.wait_for_selector("text=You cannot take part now")
    assert served.rows() == []


@pytest.mark.slow
def test_another_person_on_the_same_device_begins_anew(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=2, practice=0, panel=PANEL, questions=[])
    first = Person(visit(served.url + PROLIFIC))
    first.go("trial 1")
    first.page.goto("about:blank")
    second = Person(visit(served.url + PROLIFIC.replace("5f0c1a", "7e11b2"), context=first.page.context))
    assert second.wait_for("consent", "trial") == "consent"
    second.go()
    rows = served.rows()
    assert len({row["participant"] for row in rows}) == 2
    assert sorted(row["trial_index"] for row in rows) == [0, 0, 1]


@pytest.mark.slow
def test_the_next_person_in_a_laboratory_begins_anew(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1, practice=0, questions=[])
    person = Person(visit(served.url))
    person.go()
    person.page.click("text=Someone else takes part")
    person.wait_for("consent")
    person.seen.clear()
    person.go()
    assert len({row["participant"] for row in served.rows()}) == 2
