"""Trials that are chosen one by one, in the browser: votes on what another person has just proposed."""

from __future__ import annotations

from typing import Any

from tests.studies.pages.person import Person

VOTES = {"answers_per_item": 20, "votes": {"per_participant": 2, "per_proposal": 5}}


def test_a_proposal_made_in_one_browser_is_voted_on_in_another(serve: Any, visit: Any) -> None:
    served = serve("recall-and-vote", trials=4, practice=0, recall_only=True, design=VOTES)
    ann = Person(visit(served.url))
    ann.go("trial 2")
    bob = Person(visit(served.url, size="phone", touch=True), "touch")
    voted: list[int] = []

    def watch(state: str) -> None:
        if state.startswith("trial") and bob.page.query_selector(".vote"):
            assert bob.page.locator(".vote .pair img").count() == 2
            voted.append(int(state.split()[1]))

    bob.on_state = watch
    bob.go("trial 3")
    if 3 in voted:  # a reload finds the same pictures, and the server's own word that it is a vote
        seen = bob.page.locator(".vote .pair img").evaluate_all("images => images.map(i => i.naturalWidth)")
        assert len(seen) == 2
    bob.page.reload()
    bob.wait_for("message")
    bob.go()
    ann.go()
    rows = served.rows()
    assert len(rows) == 8
    votes = [row for row in rows if row["value"] is not None]
    theirs = {row["session"]: row["item"] for row in rows}
    assert len(theirs) == 2
    assert len(set(voted)) == 2
    assert {row["trial_index"] for row in votes if row["device"] == "phone"} == set(voted)
    proposals = {
        f"{row['item']}>{row['chosen']}": row["session"] for row in rows if row["chosen"] is not None
    }
    assert all(proposals[row["item"]] != row["session"] for row in votes)
    assert all(row["shown_for_ms"] > 0 and row["late"] is False for row in rows)


def test_an_adaptive_study_goes_on_one_trial_at_a_time(serve: Any, visit: Any) -> None:
    served = serve("2afc", trials=4, practice=1, design={"adaptive": True})
    person = Person(visit(served.url), "keyboard")
    person.go("trial 2")
    before = person.page.locator(".trial img").evaluate_all("images => images.length")
    person.page.reload()
    person.go("trial 2")
    assert person.page.locator(".trial img").count() == before == 3
    person.go()
    assert [row["trial_index"] for row in served.rows()] == [0, 1, 2, 3, 4]
