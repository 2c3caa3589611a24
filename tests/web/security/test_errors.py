"""Errors: pages in the reader's language for browsers, JSON for programs, nothing raw for anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lookalike.serving.tokens import ADMIN_COOKIE
from tests.web.conftest import CSRF, make_app
from tests.web.security.test_security import client_of

EN = {"accept": "text/html", "accept-language": "en"}
ZH = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9"}


@pytest.mark.parametrize(
    ("path", "status", "en", "zh"),
    [
        ("/nothing", 404, "There is nothing here.", "这里什么也没有。"),
        ("/g/unknown", 404, "No gallery is called unknown here", "这里没有名为 unknown 的图库"),
        ("/g/drawn/item/99999", 404, "The gallery has no such image", "图库中没有这张图像"),
        ("/g/drawn/item/abc", 422, "It is the part: row", "问题在于：row"),
        ("/logout", 405, "This cannot be asked for in this way.", "不能用这种方式请求。"),
        ("/play/unknown", 404, "No table is called so here", "这里没有这样的表"),
        ("/compare/parts?a=drawn:1", 422, "It is the part: b", "问题在于：b"),
    ],
)
def test_browsers_get_a_page_in_their_language(client: Any, path: str, status: int, en: str, zh: str) -> None:
    for headers, text, language in ((EN, en, "en"), (ZH, zh, "zh-Hans")):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert f'<html lang="{language}">' in answer.text
        assert text in answer.text
        assert "Input should" not in answer.text
    plain = client.get(path)
    assert plain.status_code == status
    assert list(plain.json()) == ["error"]


def test_programs_that_name_a_language_get_it(client: Any) -> None:
    answer = client.get("/api/galleries/unknown/status", headers={"accept-language": "zh"})
    assert answer.json() == {"error": "这里没有名为 unknown 的图库"}


def test_a_mistake_of_the_server_is_a_page_too(settings: Any) -> None:
    app = make_app(settings)

    def broken() -> None:
        raise ZeroDivisionError("secret")

    app.get("/broken")(broken)
    from fastapi.testclient import TestClient

    client = TestClient(app, raise_server_exceptions=False)
    for headers, text in ((EN, "The server made a mistake"), (ZH, "服务器出错了")):
        page = client.get("/broken", headers=headers)
        assert page.status_code == 500
        assert text in page.text
        assert "secret" not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
    assert client.get("/broken").json() == {"error": "the server made a mistake; it is in its log"}


def test_what_the_guard_refuses_is_a_page_that_tells_nothing_of_the_server(settings: Any) -> None:
    client = client_of(replace(settings, hosts=frozenset({"localhost"})))
    for host in ("rebound.example", "[bad"):
        page = client.get("/", headers={**ZH, "host": host})
        assert page.status_code == 421
        assert "服务器不以这个名称应答" in page.text
        assert "drawn" not in page.text
        assert 'href="/compare"' not in page.text
    assert list(client.get("/", headers={"host": "rebound.example"}).json()) == ["error"]


def test_refusals_of_posts_are_json(client: Any) -> None:
    answer = client.post("/logout", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "X-Lookalike" in answer.json()["error"]


def test_every_refusal_has_its_text_in_both_languages() -> None:
    import re
    from pathlib import Path

    import lookalike.web
    from lookalike.web.texts import texts_of

    code = "".join(file.read_text() for file in Path(lookalike.web.__file__).parent.glob("*.py"))
    keys = set(re.findall(r'PageError\.of\(\s*\d+,\s*"(\w+)"', code))
    assert len(keys) > 30
    for language in ("en", "zh"):
        assert keys <= set(texts_of(language).section("faults"))


class TestLeaving:
    """With a token in force."""

    @pytest.fixture
    def closed(self, settings: Any) -> Any:
        return client_of(replace(settings, token="a-token-for-these-tests"))

    def test_there_is_a_way_out_on_every_page(self, closed: Any, client: Any) -> None:
        closed.post("/login", json={"token": "a-token-for-these-tests"}, headers=CSRF)
        for path in ("/", "/g/drawn", "/g/drawn/map", "/compare", "/api", "/nothing"):
            assert 'hx-post="/logout"' in closed.get(path, headers=EN).text, path
            assert 'hx-post="/logout"' not in client.get(path, headers=EN).text
        assert closed.post("/logout").status_code == 403
        assert closed.get("/g/drawn").status_code == 200
        copied = {**EN, "cookie": f"{ADMIN_COOKIE}={closed.cookies[ADMIN_COOKIE]}"}
        answer = closed.post("/logout", headers=CSRF)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/login")
        assert closed.get("/g/drawn", headers=copied, follow_redirects=False).status_code == 303
        assert closed.get("/g/drawn").status_code == 303
        assert 'hx-post="/logout"' not in closed.get("/login", headers=EN).text

    def test_wrong_tokens_of_programs_are_attempts(self, closed: Any) -> None:
        codes = [
            closed.get("/api/galleries", headers={"Authorization": f"Bearer wrong-{n}"}).status_code
            for n in range(15)
        ]
        assert codes[:10] == [401] * 10
        assert set(codes[10:]) == {429}
        right = {"Authorization": "Bearer a-token-for-these-tests"}
        answer = closed.get("/api/galleries", headers=right)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        form = closed.post("/login", json={"token": "a-token-for-these-tests"}, headers=CSRF)
        assert form.status_code == 429


def test_wrong_tokens_of_others_do_not_keep_a_program_out() -> None:
    from lookalike.serving.tokens import AdminDoor

    now = [0.0]
    door = AdminDoor("a-token-for-these-tests", clock=lambda: now[0])
    for n in range(200):
        door.bearer("wrong", f"10.0.0.{n % 20}")
    assert door.bearer("a-token-for-these-tests", "10.1.1.1") is True
    assert door.bearer("a-token-for-these-tests", "10.0.0.1") == 15
    assert isinstance(door.login("a-token-for-these-tests", "10.1.1.1"), str), "nor a person from the form"
    assert isinstance(door.login("a-token-for-these-tests", "10.0.0.1"), int), (
        "from the guesser's own address"
    )
    now[0] = 16.0
    assert door.bearer("a-token-for-these-tests", "10.0.0.1") is True


def test_a_wrong_filter_is_told_in_our_words_without_what_may_not_be_asked(client: Any) -> None:
    for headers, text in ((EN, "cannot be used"), (ZH, "无法使用筛选条件 widht &gt; 3")):
        answer = client.get("/g/drawn", params={"where": "widht > 3"}, headers=headers)
        assert answer.status_code == 400
        assert text in answer.text
        assert "Schema error" not in answer.text
        assert "signature" not in answer.text
    columns = client.get("/api/galleries/drawn/status").json()["columns"]
    assert {"path", "source", "signature"}.isdisjoint(columns)
    assert "width" in columns


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"C:\Users\ann\x.png: bad", "x.png: bad"),
        ("C:/Users/Ann B/x.png", "x.png"),
        (r"no 'C:\Users\Ann B\my, file.png' here", "no 'my, file.png' here"),
        (r"'C:\\Users\\Ann B\\f.png'", "'f.png'"),
        (r"\\host\share\x y\z.png", "z.png"),
        (r"onnx:C:\m y\x.onnx", "onnx:x.onnx"),
        ("/my photos/2024 a/x.png: no", "x.png: no"),
        ('can\'t read "/srv/my photos/a b.png"', 'can\'t read "a b.png"'),
        ("cannot copy /srv/a/a.jpg to ~/b/b.jpg", "cannot copy a.jpg to b.jpg"),
        ("file:///srv/x/y.png", "y.png"),
        ("see https://example.org/a/b c", "see https://example.org/a/b c"),
        ("1 / 2 and/or 3/4 of \\d", "1 / 2 and/or 3/4 of \\d"),
    ],
)
def test_folders_of_any_system_are_not_shown(text: str, shown: str) -> None:
    from lookalike.web.faults import without_folders

    assert without_folders(text) == shown
