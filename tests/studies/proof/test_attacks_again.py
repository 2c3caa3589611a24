"""Attacks that go all the way through: replays, foreign cookies, texts of people in pages and tables (22, 24, 29, 30)."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from lookalike.studies import Study
from lookalike.studies.server import create_study_app
from lookalike.studies.store import Store, default_url
from tests.studies.server.conftest import ASSETS, HEADERS, TOKEN
from tests.studies.small import small_study

SCRIPT = "<script>alert(1)</script>"
MARKUPS = (
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}}",
    "</textarea><svg onload=alert(1)>",
)
FORMULAS = (
    '=HYPERLINK("http://evil","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
)


def test_a_captured_answer_sent_again_after_the_end_changes_nothing(served) -> None:  # type: ignore[no-untyped-def]
    person = served(items=2)
    plan = person.start()
    person.answer_all(plan)
    assert person.post("api/finish").status_code == 200
    assert person.answer(0).json()["next"] == 1  # the very same one: acknowledged again
    assert person.answer(0, position=1).status_code == 409
    assert person.answer(1, nonce="other").status_code == 409
    assert person.answer(2).status_code == 422
    assert person.store.answers(person.study).num_rows == 2


def test_cookies_of_other_places_open_nothing(served) -> None:  # type: ignore[no-untyped-def]
    one, other = served("one"), served("other")
    one.start()
    token = one.client.cookies["lookalike_session"]
    other.client.cookies.set("lookalike_session", token, path=other.root)
    assert other.get("api/trials").status_code == 401
    assert other.answer(0).status_code == 401
    one.client.cookies.set("lookalike_admin", token, path="/admin")
    assert one.client.get("/admin/api/status").status_code == 401
    for forged in ("", ".", "9999999999.", f"9999999999.{TOKEN}", "1e30.x", "-1.x", "x" * 5_000):
        one.client.cookies.clear()
        reply = one.client.get("/admin/api/status", headers={"Cookie": f"lookalike_admin={forged}"})
        assert reply.status_code == 401


def test_a_withdrawn_sessions_cookie_and_pictures_are_dead(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    picture = person.trials()[0]["fixed"][0]["url"]
    assert person.client.get(picture).status_code == 200
    person.post("api/withdraw")
    assert person.client.get(picture).status_code == 410
    assert person.answer(0).status_code == 410
    assert person.get("api/trials").status_code == 410


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
@pytest.mark.parametrize("path", ["/admin/login", "/admin/api/withdraw", "/s/demo/api/answers"])
def test_what_a_foreign_form_can_send_is_refused(served, path: str, kind: str) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    body = b'{"token": "%s"}' % TOKEN.encode()
    assert person.client.post(path, content=body, headers={"Content-Type": kind}).status_code == 403
    assert (
        person.client.post(path, content=body, headers={"Content-Type": kind, **HEADERS}).status_code == 415
    )
    assert person.store.answers(person.study).num_rows == 0


@pytest.mark.parametrize(
    "answers",
    [{"note": {"deep": [1]}}, {"note": ["x"]}, {"note": True}, {"unknown": "x"}, {"note": "x" * 9_000}, []],
)
def test_questions_take_nothing_but_their_kind(served, answers: object) -> None:  # type: ignore[no-untyped-def]
    person = served(
        items=1, config={"questions": [{"name": "note", "text": {"en": "?"}}], "languages": ["en"]}
    )
    person.answer_all(person.start())
    assert person.post("api/questions", {"answers": answers}).status_code == 422
    assert not person.store.people(person.study)[0]["questions"]


@pytest.fixture
def hostile(tmp_path: Path) -> Study:
    """A study whose participants wrote markup and formulas wherever a person can write."""
    from starlette.testclient import TestClient

    study = small_study(
        tmp_path / "hostile", type="recall-and-vote", items=len(MARKUPS + FORMULAS), answers_per_item=9,
        config={"languages": ["en"], "questions": [{"name": "note", "text": {"en": "?"}}]},
    )  # fmt: skip
    with Store(default_url(study)) as store:
        app = create_study_app([study], lambda _: store, admin_token=TOKEN, assets=ASSETS, rules=())
        with TestClient(app) as client:
            body = {"consent": True, "language": SCRIPT[:20], "panel": {"PROLIFIC_PID": SCRIPT}}
            assert client.post("/s/hostile/api/session", json=body, headers=HEADERS).status_code == 200
            for index, text in enumerate(MARKUPS + FORMULAS):
                answer = {"index": index, "nonce": f"n{index}", "text": text}
                reply = client.post("/s/hostile/api/answers", json=answer, headers=HEADERS)
                assert reply.status_code == 200, reply.text
            note = {"answers": {"note": SCRIPT}}
            assert client.post("/s/hostile/api/questions", json=note, headers=HEADERS).status_code == 200
            client.post("/admin/login", json={"token": TOKEN}, headers=HEADERS)
            seen = [
                client.get(path)
                for path in ("/admin", "/admin/api/status", "/s/hostile/", "/s/hostile/api/info")
            ]
    for page in seen:
        assert page.status_code == 200
        assert not any(markup in page.text for markup in MARKUPS)
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
    return study


def test_what_people_write_runs_nowhere(hostile: Study) -> None:
    from lookalike.reports.models import Picture
    from lookalike.reports.study_report import study_report
    from lookalike.studies.analysis import analyse

    with Store(default_url(hostile)) as store:
        answers = store.answers(hostile)
        assert [p["questions"] for p in store.people(hostile)] == [{"note": SCRIPT}]  # kept as written
    page = study_report(analyse(hostile, answers), lambda content: Picture(content))
    for markup in MARKUPS[:2] + MARKUPS[4:]:
        assert markup not in page


def test_formulas_people_write_are_safe_where_asked_and_come_back_elsewhere(
    hostile: Study, tmp_path: Path
) -> None:
    from lookalike.studies.analysis.answer_files import read_answer_file
    from lookalike.studies.analysis.export import write_answers

    with Store(default_url(hostile)) as store:
        answers = store.answers(hostile)
    written = sorted(text for text in answers["text"].to_pylist() if text is not None)
    write_answers(answers, tmp_path / "safe.csv", formulas_safe=True)
    with (tmp_path / "safe.csv").open(newline="", encoding="utf-8") as stream:
        cells = [cell for line in csv.reader(stream) for cell in line]
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r\n]", cell) and not _number(cell)]
    for name in ("plain.csv", "plain.parquet", "plain.json"):
        write_answers(answers, tmp_path / name)
        back = read_answer_file(tmp_path / name)
        assert sorted(text for text in back["text"].to_pylist() if text is not None) == written
    assert json.loads((tmp_path / "plain.json").read_text())["answers"]


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
