"""Over HTTP: trials that are chosen one by one, and votes on what another participant has just proposed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from lookalike.studies.simulate import simulate
from lookalike.studies.simulate_people import Behaviour
from lookalike.studies.store import Store, default_url
from lookalike.studies.types import study_type
from tests.studies.small import small_study

VOTES = {"per_participant": 2, "per_proposal": 3}
RECALL: dict[str, Any] = {
    "type": "recall-and-vote",
    "items": 8,
    "trials_per_participant": 4,
    "answers_per_item": 20,
    "votes": VOTES,
}


def propose_or_vote(person: Any, index: int, vote: int = 1) -> tuple[str, ...]:
    """Answer a trial as a page does; checksums of what it showed."""
    (trial, *_) = person.trials(index, 1)
    shown = tuple(image["sha256"] for image in trial["fixed"])
    assert trial["options"] == []
    for image in trial["fixed"]:
        assert person.client.get(image["url"]).status_code == 200
    body: dict[str, Any] = {"index": index, "nonce": f"n{index}", "response_time_ms": 900.0}
    if len(shown) == 2:
        body["value"] = vote
        assert person.get(f"api/gallery?trial={index}").status_code == 404
    else:
        gallery = person.get(f"api/gallery?trial={index}").json()["images"]
        body["position"] = gallery[1]["position"]
    assert person.post("api/answers", body).json()["next"] == index + 1
    assert person.post("api/answers", body).json()["next"] == index + 1  # a lost reply changes nothing
    return shown


def test_what_one_proposes_another_votes_on(served) -> None:  # type: ignore[no-untyped-def]
    ann = served(**RECALL)
    ann.start()
    first = [propose_or_vote(ann, index) for index in range(4)]
    assert all(len(shown) == 1 for shown in first)
    bob = served()
    plan = bob.start()
    second = [propose_or_vote(bob, index, -1) for index in range(plan["trials"])]
    votes = [shown for shown in second if len(shown) == 2]
    assert len(votes) == 2
    assert {shown[0] for shown in votes} <= {shown[0] for shown in first}
    assert {shown[0] for shown in votes}.isdisjoint(shown[0] for shown in second if len(shown) == 1)
    assert bob.post("api/finish").status_code == 200
    table = bob.store.answers(bob.study)
    judged = study_type("recall-and-vote").judgments(bob.study.items, table, bob.study).table.to_pylist()
    assert sorted((row["up_votes"], row["down_votes"]) for row in judged) == [(1, 0)] * 4 + [(1, 1)] * 2
    (voted,) = {row["set"] for row in table.to_pylist() if row["value"] is not None}
    assert voted == "vote"


def test_a_page_knows_one_trial_ahead_and_a_reload_finds_the_same(served) -> None:  # type: ignore[no-untyped-def]
    person = served(type="2afc", items=6, adaptive=True, practice=1, catch=1)
    plan = person.start()
    for index in range(plan["trials"]):
        known = person.trials(index)
        assert [trial["index"] for trial in known] == [i for i in (index, index + 1) if i < plan["trials"]]
        assert person.start()["next"] == index
        assert person.trials(index) == known
        assert person.get(f"api/trials?from={index + 2}").json() == {"trials": []}
        images = [image["url"] for trial in known for image in (*trial["fixed"], *trial["options"])]
        assert {person.client.get(url).status_code for url in images} == {200}
        assert person.answer(index, index % 2).status_code == 200
    assert person.post("api/finish").status_code == 200


def test_what_the_page_measured_arrives(served) -> None:  # type: ignore[no-untyped-def]
    person = served(items=1)
    person.start()
    person.answer(0, timing={"shown_for_ms": 480.5, "images_ok": True})
    assert person.store.answers(person.study)["shown_for_ms"].to_pylist() == [480.5]


def test_simulated_people_propose_and_vote(tmp_path: Path) -> None:
    study = small_study(tmp_path / "sim", **RECALL)
    found = simulate(study, 5, Behaviour(accuracy=0.9), at_once=1, seed=3, fetch_images=True)
    assert (found.finished, found.errors) == (5, ())
    with Store(default_url(study)) as store:
        rows = store.answers(study).to_pylist()
    by_person = Counter((row["session"], row["set"] == "vote") for row in rows)
    assert sorted(count for (_, vote), count in by_person.items() if vote) == [2, 2, 2, 2]
    assert all(row["simulated"] for row in rows)
