"""The protocol, from the page to the completion."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

ANSWERS = {
    "kafc": {"position": 1},
    "2afc": {"position": 1},
    "odd-one-out": {"position": 2},
    "same-different": {"same": True},
    "rating": {"value": 3},
    "recall-and-vote": {"text": "like a <b>bear</b>"},
}


@pytest.mark.parametrize("type", ANSWERS)
def test_each_type_from_start_to_end(served, type: str) -> None:  # type: ignore[no-untyped-def]
    person = served(type=type, items=3, practice=1, config={"panel": {"completion_code": "C0DE"}})
    assert person.get("").status_code == 200
    info = person.get("api/info").json()
    assert (info["type"], info["languages"], info["preview"]) == (type, ["en"], False)
    plan = person.start()
    assert (plan["trials"], plan["next"], plan["phase"], plan["show_instructions"]) == (
        4,
        0,
        "practice",
        True,
    )
    trials = person.trials()
    assert [trial["kind"] for trial in trials] == ["practice", "trial", "trial", "trial"]
    for trial in trials:
        body = {"index": trial["index"], "nonce": f"n{trial['index']}", **ANSWERS[type]}
        reply = person.post("api/answers", body)
        assert reply.status_code == 200, reply.text
        assert reply.json()["next"] == trial["index"] + 1
    assert person.post("api/finish").json() == {"completion": {"kind": "code", "code": "C0DE"}}
    assert person.post("api/finish").json() == {"completion": {"kind": "code", "code": "C0DE"}}
    assert person.start(consent=False)["phase"] == "done"
    assert person.store.answers(person.study).num_rows == 4


def test_a_reload_goes_on_where_the_person_was(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    plan = person.start()
    before = person.trials()
    person.answer(0)
    person.answer(1)
    again = person.start(consent=False)
    assert (again["session"], again["next"], again["phase"]) == (plan["session"], 2, "trials")
    assert person.trials(2) == before[2:]


def test_answers_repeat_safely_over_http(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: person.answer(0, 1), range(24)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.text for reply in replies}) == 1
    other = person.answer(0, 2)
    assert (other.status_code, other.json()["next"]) == (409, 1)
    assert person.store.answers(person.study).num_rows == 1


def test_nobody_goes_back_or_looks_far_ahead(served) -> None:  # type: ignore[no-untyped-def]
    person = served(items=30)
    person.start()
    assert [trial["index"] for trial in person.trials(0)] == list(range(20))
    assert [trial["index"] for trial in person.trials(15)] == list(range(15, 20))
    assert person.trials(25) == []
    person.answer(0)
    assert person.get("api/trials?from=0").status_code == 409
    assert [trial["index"] for trial in person.trials(15)] == list(range(15, 21))
    assert person.get("api/trials?from=1&count=21").status_code == 422


def test_images_come_as_announced(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    for image in person.trials()[0]["options"]:
        reply = person.client.get(image["url"])
        assert reply.headers["content-type"] == "image/webp"
        assert len(reply.content) == image["bytes"]
        assert hashlib.sha256(reply.content).hexdigest() == image["sha256"]


def test_the_gallery_of_a_recall_trial(served) -> None:  # type: ignore[no-untyped-def]
    person = served(type="recall-and-vote", items=2, options=5)
    plan = person.start()
    assert person.trials()[0]["options"] == []
    found = person.get("api/gallery?trial=0&q=").json()
    assert found["total"] == 5
    assert [image["position"] for image in found["images"]] == list(range(5))
    part = person.get("api/gallery?trial=0&from=3&count=1").json()["images"]
    assert part == [found["images"][3]]
    slot = person.store.slots(person.study, plan["session"])[0]
    person.answer(0, 3)
    assert person.store.answers(person.study)["chosen"].to_pylist() == [slot.order[3]]
    assert person.get("api/gallery?trial=0").status_code == 409
    assert person.get("api/gallery?trial=9").status_code == 409


def test_consent_comes_first(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    reply = person.post("api/session", {"consent": False})
    assert (reply.status_code, reply.json()) == (403, {"error": "the study begins after consent"})
    for path in ("api/trials", "api/gallery?trial=0", "i/abc"):
        assert person.get(path).status_code == 401
    for path in ("api/finish", "api/withdraw"):
        assert person.post(path).status_code == 401


def test_questions_are_checked_and_kept(served) -> None:  # type: ignore[no-untyped-def]
    choices = [{"value": "yes", "text": {"en": "Yes"}}, {"value": "no", "text": {"en": "No"}}]
    questions = [
        {"name": "age", "text": {"en": "Age?"}, "kind": "number", "required": True},
        {"name": "lenses", "text": {"en": "Lenses?"}, "kind": "choice", "choices": choices},
        {"name": "remarks", "text": {"en": "Remarks?"}},
    ]
    person = served(items=1, config={"questions": questions})
    person.answer_all(person.start())
    bad = [
        {},
        {"age": "old"},
        {"age": 3, "lenses": "maybe"},
        {"age": 3, "what": 1},
        {"age": 3, "remarks": "x" * 2_001},
    ]
    for given in bad:
        assert person.post("api/questions", {"answers": given}).status_code == 422
    assert person.post("api/finish").status_code == 409
    given = {"age": "41", "lenses": "no", "remarks": "<script>alert(1)</script>"}
    assert person.post("api/questions", {"answers": given}).json() == {"ok": True}
    assert person.post("api/finish").status_code == 200
    assert person.store.people(person.study)[0]["questions"] == given | {"age": 41.0}


def test_withdrawing(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    url = person.trials()[0]["fixed"][0]["url"]
    person.answer(0)
    assert person.post("api/withdraw").json() == {"ok": True, "deleted": 1}
    assert person.store.answers(person.study).num_rows == 0
    assert person.answer(1).status_code == 410
    assert person.client.get(url).status_code == 410
    assert person.post("api/session", {"consent": True}).status_code == 410
    assert person.start(restart=True)["next"] == 0


def test_the_next_person_on_a_shared_computer(served) -> None:  # type: ignore[no-untyped-def]
    person = served(items=1)
    first = person.start()
    assert person.start(restart=True)["session"] == first["session"]  # not finished: a reload
    person.answer_all(first)
    person.post("api/finish")
    assert person.start()["session"] == first["session"]
    assert person.start(restart=True)["session"] != first["session"]


def test_what_a_page_is_told_holds_no_answer(served) -> None:  # type: ignore[no-untyped-def]
    person = served(practice=1, catch=1)
    plan = person.start()
    trials = person.trials()
    said = json.dumps([plan, trials, person.get("api/info").json()]) + person.get("").text
    for item in person.study.items:
        assert item.id not in said
        for content in item.images:
            assert content[:16] not in said
    for word in ("right", "correct", "catch-", '"role"', "companion", "even", "odd"):
        assert word not in said
    shapes = {json.dumps(sorted(trial)) for trial in trials}
    assert len(shapes) == 1
    images = [image for trial in trials for image in (*trial["fixed"], *trial["options"])]
    assert len({(image["bytes"], image["width"], image["height"]) for image in images}) == 1
    headers = set()
    for image in images:
        reply = person.client.get(image["url"])
        headers.add(json.dumps(sorted(reply.headers.items())))
        assert b"EXIF" not in reply.content
    assert len(headers) == 1


def test_pictures_of_all_shapes_stay_themselves(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    trial = person.trials()[0]
    for image in trial["options"]:
        data = person.client.get(image["url"]).content
        import io

        with Image.open(io.BytesIO(data)) as opened:
            assert opened.format == "WEBP"
            assert opened.size == (image["width"], image["height"])
            assert "exif" not in opened.info


def test_simulated_participants_are_marked_and_not_paid(served) -> None:  # type: ignore[no-untyped-def]
    person = served(items=1, config={"panel": {"completion_code": "C0DE"}})
    person.answer_all(person.start(simulated=True))
    assert person.post("api/finish").json() == {"completion": {"kind": "none"}}
    assert person.store.answers(person.study)["simulated"].to_pylist() == [True]
