"""The dashboard: behind its token, text only, nothing by GET (checklist 24, 25, 29)."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lookalike.serving.tokens import ADMIN_COOKIE
from lookalike.web.routes_login import router
from tests.studies.server.conftest import HEADERS, TOKEN


def login(person, token: str = TOKEN):  # type: ignore[no-untyped-def]
    return person.client.post("/admin/login", json={"token": token}, headers=HEADERS)


def test_without_the_token_there_is_nothing(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    person.start()
    reply = person.client.get("/admin", follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (303, "/admin/login")
    assert person.client.get("/admin/api/status").status_code == 401
    withdraw = {"study": "demo", "session": "0" * 16}
    assert person.client.post("/admin/api/withdraw", json=withdraw, headers=HEADERS).status_code == 401
    assert person.client.post("/admin/logout", headers=HEADERS).status_code == 401
    assert TOKEN not in person.client.get("/admin/login").text


def test_logging_in_and_out(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    assert login(person, "wrong").status_code == 403
    reply = login(person)
    assert reply.status_code == 204
    for part in ("HttpOnly", "SameSite=strict", "Path=/admin"):
        assert part in reply.headers["set-cookie"]
    assert "A small study" in person.client.get("/admin").text
    status = person.client.get("/admin/api/status").json()["studies"]
    assert [study["study"] for study in status] == ["demo"]
    copied = {"cookie": f"{ADMIN_COOKIE}={person.client.cookies[ADMIN_COOKIE]}"}
    assert person.client.get("/admin/api/status", headers=copied).status_code == 200
    reply = person.client.post("/admin/logout", headers=HEADERS)
    assert _deleted(reply) == ["/", "/admin"]
    assert person.client.get("/admin/api/status").status_code == 401
    assert person.client.get("/admin/api/status", headers=copied).status_code == 401


def test_of_two_cookies_either_may_be_good(served) -> None:  # type: ignore[no-untyped-def]
    """The web application and the dashboard each have one of that name; one may be stale, or both may be good."""
    person = served()
    login(person)
    good = person.client.cookies[ADMIN_COOKIE]
    person.client.cookies.clear()
    for both in (
        f"{ADMIN_COOKIE}={good}; {ADMIN_COOKIE}=1.x.y",
        f"{ADMIN_COOKIE}=1.x.y; {ADMIN_COOKIE}={good}",
    ):
        assert person.client.get("/admin/api/status", headers={"cookie": both}).status_code == 200
    login(person)
    second = person.client.cookies[ADMIN_COOKIE]
    person.client.cookies.clear()
    both = f"{ADMIN_COOKIE}={good}; {ADMIN_COOKIE}={second}"
    assert person.client.post("/admin/logout", headers={**HEADERS, "cookie": both}).status_code == 204
    for one in (good, second):
        known = {"cookie": f"{ADMIN_COOKIE}={one}"}
        assert person.client.get("/admin/api/status", headers=known).status_code == 401


def _deleted(reply) -> list[str]:  # type: ignore[no-untyped-def]
    cookies = reply.headers.get_list("set-cookie")
    assert all(cookie.startswith(f'{ADMIN_COOKIE}="";') and "Max-Age=0" in cookie for cookie in cookies)
    return [cookie.split("Path=")[1].split(";")[0] for cookie in cookies]


def test_the_web_application_lets_one_out_of_both() -> None:
    app = FastAPI()
    app.include_router(router)
    reply = TestClient(app).post("/logout")
    assert reply.status_code == 204
    assert _deleted(reply) == ["/", "/admin"]


def test_guessing_is_limited(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    codes = [login(person, f"guess-{number}").status_code for number in range(12)]
    assert codes == [403] * 10 + [429] * 2
    assert login(person).status_code == 429


@pytest.mark.parametrize("path", ["/admin/login", "/admin/logout", "/admin/api/withdraw"])
def test_another_site_cannot_act_for_the_administrator(served, path: str) -> None:  # type: ignore[no-untyped-def]
    person = served()
    session = person.start()["session"]
    person.answer(0)
    login(person)
    body = {"study": "demo", "session": session, "token": TOKEN}
    assert person.client.post(path, json=body).status_code == 403
    assert person.client.get("/admin/api/withdraw").status_code == 405
    assert person.client.get("/admin/logout").status_code == 405
    assert person.store.answers(person.study).num_rows == 1


def test_withdrawing_for_a_participant(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    session = person.start()["session"]
    person.answer(0)
    login(person)
    body = {"study": "demo", "session": session}
    assert person.client.post("/admin/api/withdraw", json=body, headers=HEADERS).json()["deleted"] == 1
    assert person.answer(1).status_code == 410
    body["session"] = "f" * 16
    assert person.client.post("/admin/api/withdraw", json=body, headers=HEADERS).status_code == 404


def test_titles_are_text_on_the_dashboard(served) -> None:  # type: ignore[no-untyped-def]
    person = served(config={"title": "<script>alert(1)</script>"})
    login(person)
    page = person.client.get("/admin").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_no_inline_script_or_style_anywhere(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    login(person)
    for path in ("/admin", "/s/demo/"):
        page = person.client.get(path).text
        assert "<style" not in page
        assert "onclick" not in page
        assert page.count("<script") == page.count('<script type="module" src=')
    for name in ("admin.js", "admin.css", "login.js"):
        assert person.client.get(f"/admin/static/{name}").status_code == 200


def test_the_health_check_and_the_front_door(served) -> None:  # type: ignore[no-untyped-def]
    person = served()
    assert person.client.get("/healthz").json() == {"ok": True, "studies": 1}
    assert person.client.get("/", follow_redirects=False).headers["location"] == "/s/demo/"
    assert person.client.get("/s/nobody/").json() == {"error": "there is no such study here"}
