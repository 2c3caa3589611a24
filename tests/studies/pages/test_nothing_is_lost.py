"""Reload, lost connection, lost replies, double clicks, the back button, two tabs: every answer once, in order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.studies.pages.person import Person, stored


def is_complete(served: Any, person: Person, trials: int) -> None:
    """All answers are stored once and are those that were given, by one session that was finished."""
    rows = served.rows()
    assert [row["trial_index"] for row in rows] == list(range(trials))
    assert {row["trial_index"]: stored(row) for row in rows} == person.given
    assert len({row["session"] for row in rows}) == 1
    assert all(row["finished"] for row in rows)


def pictures_of(page: Any) -> list[str]:
    """The shown options in their order, by their pixels (addresses of blobs are new after every load)."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".options img")].map((image) => {
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 16;
          canvas.getContext("2d").drawImage(image, 0, 0, 16, 16);
          return canvas.toDataURL();
        })"""
    )
    return found


def test_a_reload_resumes_at_the_same_trial_in_the_same_order(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=3, practice=1)
    person = Person(visit(served.url))
    person.go("trial 2")
    before = pictures_of(person.page)
    person.page.reload()
    assert person.wait_for("message", "instructions") == "message"
    assert "question 3 of 4" in person.page.inner_text(".screen")
    person.go("trial 2")
    assert pictures_of(person.page) == before
    assert len(set(before)) == 5
    person.go()
    is_complete(served, person, 4)
    person.page.reload()
    person.wait_for("end")
    assert person.page.inner_text("#completion-code") == "FLOWER-7"


def test_answers_given_offline_are_kept_sent_in_order_and_once(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=5, practice=0, design={"break_every": 0})
    person = Person(visit(served.url))
    person.go("trial 1")
    person.page.wait_for_timeout(1_500)  # the next trials and their pictures are here by now
    person.page.context.set_offline(True)
    person.go("trial 4")
    assert "Answers waiting to be sent: 3" in person.page.inner_text(".banner")
    assert len(served.rows()) == 1
    person.page.context.set_offline(False)
    person.page.wait_for_selector(".banner[data-kind=good]")
    assert len(served.rows()) == 4
    person.go()
    is_complete(served, person, 5)


@pytest.mark.slow
def test_a_reload_with_unsent_answers_sends_them_first(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=4, practice=0, design={"break_every": 0})
    page = visit(served.url)
    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    person = Person(page)
    person.go("trial 1")
    page.wait_for_timeout(1_500)
    page.route("**/api/answers", lambda route: route.abort())
    person.go("trial 3")
    assert len(served.rows()) == 1
    page.unroute("**/api/answers")
    page.reload()
    person.go("trial 3")
    assert len(served.rows()) == 3
    person.go()
    is_complete(served, person, 4)


@pytest.mark.slow
def test_a_reply_lost_after_the_commit_stores_nothing_twice(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=3, practice=0)
    page = visit(served.url)
    sent: Counter[str] = Counter()

    def lose_first_reply(route: Any) -> None:
        nonce = route.request.post_data_json["nonce"]
        sent[nonce] += 1
        if sent[nonce] == 1:
            route.fetch()  # the server stores it ...
            route.abort()  # ... and the page never hears of it
        else:
            route.continue_()

    page.route("**/api/answers", lose_first_reply)
    person = Person(page)
    person.go()
    assert sorted(sent.values()) == [2, 2, 2]
    is_complete(served, person, 3)


@pytest.mark.slow
def test_a_busy_server_is_asked_again(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=2, practice=0)
    page = visit(served.url)
    refusals = iter((503, 429, 500))

    def refuse(route: Any) -> None:
        status = next(refusals, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, json={"error": "busy"}, headers={"retry-after": "1"})

    page.route("**/api/answers", refuse)
    person = Person(page)
    person.go()
    is_complete(served, person, 2)


def test_a_double_click_answers_one_trial(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=3, practice=0, design={"break_every": 0})
    person = Person(visit(served.url))
    person.go("trial 0")
    for index in range(3):
        person.wait_for(f"trial {index}")
        person.page.wait_for_timeout(300)
        person.page.dblclick("[data-position='1']", delay=10)
        person.given[index] = 1
        person.wait_for(f"trial {index + 1}", "questions")
    person.go()
    is_complete(served, person, 3)


@pytest.mark.slow
def test_a_held_key_answers_one_trial(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=2, practice=0)
    person = Person(visit(served.url))
    person.go("trial 0")
    person.page.wait_for_timeout(300)
    for _ in range(12):
        person.page.keyboard.down("2")  # without up: Chromium reports repeats
        person.page.wait_for_timeout(50)
    person.given[0] = 1
    person.wait_for("trial 1")
    person.page.keyboard.up("2")
    assert len(served.rows()) == 1
    person.go()
    is_complete(served, person, 2)


@pytest.mark.slow
def test_the_back_button_changes_nothing(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=3, practice=0)
    page = visit("about:blank")
    page.goto(served.url)
    person = Person(page)
    person.go("trial 1")
    page.evaluate("history.back()")
    page.wait_for_selector(".banner:not([hidden])")
    assert person.state() == "trial 1"
    assert "use the buttons" in page.inner_text(".banner")
    page.evaluate("history.back()")
    page.wait_for_timeout(200)
    assert page.url == served.url
    person.go()
    is_complete(served, person, 3)


@pytest.mark.slow
def test_a_second_tab_waits_until_it_is_chosen(serve: Any, visit: Any) -> None:
    served = serve("kafc", trials=4, practice=0, design={"break_every": 0})
    first = Person(visit(served.url))
    first.go("trial 1")
    second = Person(visit(served.url, context=first.page.context))
    second.given = first.given
    second.wait_for("message")
    assert "another tab" in second.page.inner_text("h1")
    assert first.state() == "trial 1"
    first.go("trial 2")  # the first one is not disturbed
    second.page.click(".screen .button.primary")
    second.go("trial 2")
    first.wait_for("message")
    assert "You went on in another tab" in first.page.inner_text("h1")
    first.page.keyboard.press("1")  # the trial that was left takes no answer any more
    second.go()
    is_complete(served, second, 4)


@pytest.mark.slow
def test_a_damaged_picture_is_noticed_and_can_be_tried_again(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=1, practice=0)
    page = visit()
    damaged = True

    def damage(route: Any) -> None:
        if not damaged:
            route.continue_()
            return
        reply = route.fetch()
        body = bytearray(reply.body())
        body[-1] ^= 255  # same length: only the sum tells
        route.fulfill(response=reply, body=bytes(body))

    page.route("**/i/*", damage)
    page.goto(served.url)
    person = Person(page)
    for screen in ("consent", "instructions"):
        person.wait_for(screen)
        person.press_main(screen)
    person.page.wait_for_timeout(100)
    person.press_main("instructions")
    page.wait_for_selector("[role=alert]", timeout=30_000)  # after the page's own tries
    assert "could not be loaded" in page.inner_text("[role=alert]")
    assert page.query_selector(".trial") is None
    damaged = False
    page.click("[role=alert] button")
    person.go()
    is_complete(served, person, 1)


@pytest.mark.slow
def test_withdrawing_deletes_what_was_answered(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=3, practice=0)
    person = Person(visit(served.url))
    person.go("trial 2")
    person.page.click("text=Stop taking part")
    person.page.keyboard.press("1")  # a digit in the dialog answers nothing
    person.page.click(".dialog .danger")
    person.page.wait_for_selector("text=You have stopped")
    assert served.rows() == []
    person.page.reload()
    person.wait_for("consent")
