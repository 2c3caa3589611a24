"""What the server must refuse (checklist 19, 21, 22, 24, 27, 28, 29, 31)."""

from __future__ import annotations

import pytest

from lookalike.studies.server.panels import TURK_HOSTS, panel_ids
from lookalike.studies.store import Refused
from tests.studies.server.conftest import HEADERS


@pytest.mark.parametrize(
    "body",
    [
        {}, {"index": 0}, {"index": 0, "nonce": "n"}, {"index": "0", "nonce": "n", "position": 0},
        {"index": -1, "nonce": "n", "position": 0}, {"index": 0, "nonce": "", "position": 0},
        {"index": 0, "nonce": "x" * 65, "position": 0}, {"index": 0, "nonce": "<b>", "position": 0},
        {"index": 0, "nonce": "n", "position": True}, {"index": 0, "nonce": "n", "position": 1.5},
        {"index": 0, "nonce": "n", "position": 7}, {"index": 0, "nonce": "n", "position": -1},
        {"index": 0, "nonce": "n", "position": 10**30}, {"index": 0, "nonce": "n", "value": 1.0},
        {"index": 0, "nonce": "n", "position": 0, "response_time_ms": -1},
        {"index": 0, "nonce": "n", "position": 0, "correct": True},
        {"index": 0, "nonce": "n", "position": 0, "timing": {"blurs": -1}},
        {"index": 10**6, "nonce": "n", "position": 0}, [], "text", 3, None,
    ],
)  # fmt: skip
def test_malformed_answers_leave_no_row(served, body) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    reply = person.client.post(person.root + "api/answers", json=body, headers=HEADERS)
    assert reply.status_code in (409, 422)
    assert set(reply.json()) <= {"error", "next"}
    assert person.store.answers(person.study).num_rows == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"index": NaN}', b'{"index": 0, "nonce": "n", "position": 1e999}', b"[" * 1_000, b"\xff"],
)
def test_bodies_that_are_no_json_leave_no_row(served, content: bytes) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    headers = HEADERS | {"Content-Type": "application/json"}
    assert person.client.post(person.root + "api/answers", content=content, headers=headers).status_code in (
        400,
        422,
    )
    assert (
        person.client.post(person.root + "api/answers", content=b"x" * 70_000, headers=headers).status_code
        == 413
    )
    assert person.store.answers(person.study).num_rows == 0


@pytest.mark.parametrize(
    "path", ["api/session", "api/answers", "api/questions", "api/finish", "api/withdraw"]
)
def test_another_site_cannot_act_for_a_participant(served, path: str) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    assert person.client.post(person.root + path, json={}).status_code == 403
    assert person.client.get(person.root + path).status_code == 405
    assert person.start(consent=False)["next"] == 0


def test_sessions_cannot_see_or_write_one_anothers_data(served) -> None:  # type: ignore[no-untyped-def]
    ann, bob = served(), served()
    plan = ann.start()
    bob.start()
    mine, theirs = ann.trials()[0]["fixed"][0]["url"], bob.trials()[0]["fixed"][0]["url"]
    assert mine != theirs
    assert bob.client.get(mine).status_code == 404
    assert ann.client.get(theirs).status_code == 404
    for forged in (plan["session"], "x" * 43, "", "../../etc", "%00"):
        eve = served()
        eve.client.cookies.set("lookalike_session", forged, path=eve.root)
        assert eve.get("api/trials").status_code == 401
        assert eve.answer(0).status_code == 401
    ann.answer(0)
    assert bob.start(consent=False)["next"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "i/../../../../etc/passwd", "i/..%2f..%2fstudy.toml", "i/%2e%2e/%2e%2e/admin-token", "i/..%5c..%5cstudy.toml",
        "i//etc/passwd", "i/%00", "i/x%00.webp", "../../study.toml", "..%2fadmin-token", "i/" + "a" * 3_000,
    ],
)  # fmt: skip
def test_no_path_leads_out(served, path: str) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    reply = person.get(path)
    assert reply.status_code in (404, 405)
    assert "[design]" not in reply.text
    for outside in (
        f"/assets/{path}",
        f"/admin/static/{path}",
        f"/s/..%2f{path}",
        f"/s/demo%2f..%2f..%2f{path}",
    ):
        assert person.client.get(outside).status_code in (401, 404)


def test_links_in_the_folder_are_not_served(served, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "secret").write_text("secret")
    person = served()
    link = person.study.folder / "images" / ("0" * 64 + ".png")
    link.symlink_to(tmp_path / "secret")
    person.start()
    assert person.get("i/" + "0" * 64).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.org", "http://www.mturk.com", "https://www.mturk.com.evil.example.org", "javascript:alert(1)",
        "https://www.mturk.com@evil.example.org", "https://evil.example.org/https://www.mturk.com", "//www.mturk.com",
        "https://www.mturk.com:8443", "https://user:pw@www.mturk.com", "https://www.mturk.com/path", "https://WWW.MTURK.COM\\@evil",
        "https://www.mturk.com?x", "https://[", "",
    ],
)  # fmt: skip
def test_turk_addresses_cannot_lead_elsewhere(served, address: str) -> None:  # type: ignore[no-untyped-def]
    person = served(config={"panel": {"kind": "mturk"}})
    ids = {"workerId": "W1", "assignmentId": "A1", "hitId": "H1", "turkSubmitTo": address}
    reply = person.post("api/session", {"consent": True, "panel": ids})
    if address == "":
        person.answer_all(reply.json())
        assert (
            person.post("api/finish")
            .json()["completion"]["form"]["action"]
            .startswith("https://www.mturk.com/")
        )
    else:
        assert reply.status_code == 403


@pytest.mark.parametrize("host", sorted(TURK_HOSTS))
def test_mechanical_turk_from_preview_to_submission(served, host: str) -> None:  # type: ignore[no-untyped-def]
    person = served(items=1, https=True, config={"panel": {"kind": "mturk"}})
    assert person.get("api/info?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE").json()["preview"]
    preview = {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": "H1"}
    assert person.post("api/session", {"consent": True, "panel": preview}).status_code == 403
    assert not person.get("api/info?assignmentId=A1&workerId=W1").json()["preview"]
    ids = {"workerId": "W1", "assignmentId": "A1", "hitId": "H1", "turkSubmitTo": f"https://{host}"}
    reply = person.post("api/session", {"consent": True, "panel": ids})
    cookie = reply.headers["set-cookie"].lower()
    assert "samesite=none" in cookie
    assert "; secure" in cookie
    assert cookie.endswith("; partitioned")
    person.answer_all(reply.json())
    form = person.post("api/finish").json()["completion"]["form"]
    assert form["action"] == f"https://{host}/mturk/externalSubmit"
    assert form["fields"]["assignmentId"] == "A1"
    policy = person.get("").headers["content-security-policy"]
    assert f"https://{host}" in policy
    assert "x-frame-options" not in person.get("").headers


def test_prolific_ids_are_checked_and_open_nobody_elses_session(served) -> None:  # type: ignore[no-untyped-def]
    panel = {"kind": "prolific", "completion_code": "C&1"}
    ann = served(items=1, config={"panel": panel})
    for bad in (
        {},
        {"PROLIFIC_PID": ""},
        {"PROLIFIC_PID": "a b"},
        {"PROLIFIC_PID": "x" * 65},
        {"PROLIFIC_PID": "<b>"},
    ):
        assert ann.post("api/session", {"consent": True, "panel": bad}).status_code == 403
    ids = {"PROLIFIC_PID": "ann", "STUDY_ID": "s", "SESSION_ID": "1", "other": "dropped"}
    plan = ann.start(panel=ids)
    ann.answer_all(plan)
    eve = served()
    reply = eve.post("api/session", {"consent": True, "panel": ids})
    assert reply.status_code == 409
    assert "set-cookie" not in reply.headers
    assert ann.start(panel=ids)["session"] == plan["session"]
    assert ann.post("api/finish").json()["completion"] == {
        "kind": "redirect", "url": "https://app.prolific.com/submissions/complete?cc=C%261",
    }  # fmt: skip
    assert ann.store.people(ann.study)[0]["panel_ids"] == {key: ids[key] for key in ids if key != "other"}
    # Another person on the same computer does not get Ann's session.
    assert ann.start(panel={"PROLIFIC_PID": "bob"})["session"] != plan["session"]


def test_ids_are_dropped_where_there_is_no_panel(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start(panel={"PROLIFIC_PID": "ann"})
    assert person.store.people(person.study)[0]["panel_ids"] == {}
    with pytest.raises(Refused):
        panel_ids(served("other", config={"panel": {"kind": "prolific"}}).study.config, {})


def test_the_session_cookie_is_out_of_reach(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    cookie = person.post("api/session", {"consent": True}).headers["set-cookie"]
    value = cookie.split(";")[0].split("=")[1]
    assert len(value) == 43  # 256 bits
    for part in ("HttpOnly", "SameSite=lax", "Path=/s/demo/"):
        assert part in cookie
    assert "Secure" not in cookie
    secure = served("safe", https=True).post("api/session", {"consent": True})
    assert "Secure" in secure.headers["set-cookie"]
    assert "Partitioned" not in secure.headers["set-cookie"]


def test_texts_of_the_study_cannot_run(served) -> None:  # type: ignore[no-untyped-def]
    person = served(config={"title": "<script>alert(1)</script>"})
    assert "<script>alert" not in person.get("").text
    from lookalike.studies.server.texts import html_texts

    file = person.study.folder / "texts" / "en" / "consent.md"
    file.write_text("<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](https://x/y.png) **fine**")
    html = html_texts(person.study)["en"]["consent_html"]
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "<strong>fine</strong>" in html
