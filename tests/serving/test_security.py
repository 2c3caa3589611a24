"""The guard: headers, hosts, CSRF, bodies (checklist 24, 28, 33)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from lookalike.errors import InvalidArgument, StudyError
from lookalike.serving import (
    Policy,
    RateRule,
    allowed_hosts,
    content_security_policy,
    install_faults,
    protect,
)
from lookalike.serving.security import host_allowed

JSON = {"X-Lookalike": "1", "Content-Type": "application/json"}


def make_app(policy: Policy) -> FastAPI:
    app = FastAPI()

    @app.get("/read")
    def read() -> dict[str, str]:
        return {"ok": "yes"}

    @app.post("/write")
    async def write(request: Request) -> Any:
        return {"got": await request.json()}

    @app.post("/upload/{name}")
    async def upload(name: str, request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.get("/broken/{kind}")
    def broken(kind: str) -> None:
        raise {
            "ours": StudyError("one line"),
            "theirs": ZeroDivisionError("secret"),
            "yours": InvalidArgument("no"),
        }[kind]

    install_faults(app, policy)
    protect(app, policy)
    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    policy = Policy(body_limit=1_000, uploads={"/upload/": 5_000})
    with TestClient(make_app(policy), raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/read", "/nothing", "/broken/ours", "/broken/theirs"])
def test_every_response_has_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_errors_are_one_line_and_tell_no_secrets(client: TestClient) -> None:
    assert client.get("/nothing").json() == {"error": "there is nothing here"}
    assert client.post("/read", headers=JSON).status_code == 405
    assert client.get("/broken/ours").json() == {"error": "one line"}
    assert (client.get("/broken/yours").status_code, client.get("/broken/yours").json()) == (
        400,
        {"error": "no"},
    )
    reply = client.get("/broken/theirs")
    assert reply.status_code == 500
    assert "secret" not in reply.text


@pytest.mark.parametrize("headers", [{}, {"X-Lookalike": "0"}, {"X-Lookalike": ""}])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_changes_without_the_csrf_header(
    client: TestClient, method: str, headers: dict[str, str]
) -> None:
    reply = client.request(method, "/write", json={}, headers=headers)
    assert reply.status_code == 403
    assert "X-Lookalike" in reply.json()["error"]


def test_only_json_is_read(client: TestClient) -> None:
    assert client.post("/write", json={"a": 1}, headers=JSON).json() == {"got": {"a": 1}}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        reply = client.post("/write", content=b"{}", headers={"X-Lookalike": "1", "Content-Type": kind})
        assert reply.status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1e999}', b"{", b'{"a": 1,}', b"[" * 9 + b"]" * 9,
        b'{"a": ' + b"[" * 500, b'"\xff\xfe"', b'{"a": "\\ud800"}', b'{"a": "\\u0000"}', b'{"a": 1, "a": 2}',
    ],
)  # fmt: skip
def test_json_that_is_none_is_refused(client: TestClient, body: bytes) -> None:
    reply = client.post("/write", content=body, headers=JSON)
    assert reply.status_code == 400
    assert "\n" not in reply.json()["error"]


def test_brackets_in_strings_are_no_depth(client: TestClient) -> None:
    value = {"a": "[" * 100 + '\\"{{'}
    assert client.post("/write", json=value, headers=JSON).json() == {"got": value}


def test_bodies_over_the_limit_are_refused_however_they_come(client: TestClient) -> None:
    big = b'{"a": "' + b"x" * 2_000 + b'"}'
    assert client.post("/write", content=big, headers=JSON).status_code == 413
    pieces = (big[i : i + 100] for i in range(0, len(big), 100))  # no Content-Length
    assert client.post("/write", content=pieces, headers=JSON).status_code == 413
    assert client.post("/write", content=b"{}", headers=JSON | {"Content-Length": "many"}).status_code == 400


def test_uploads_have_their_own_limit(client: TestClient) -> None:
    headers = {"X-Lookalike": "1", "Content-Type": "image/png"}
    assert client.post("/upload/a", content=b"x" * 4_000, headers=headers).json() == {"bytes": 4_000}
    assert client.post("/upload/a", content=b"x" * 6_000, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("127.0.0.1:8321", True), ("localhost", True), ("[::1]:80", True), ("LOCALHOST:1", True),
        ("studies.example.org", True), ("evil.example.org", False), ("", False), ("127.0.0.1.evil.org", False),
        ("[", False), ("10.0.0.1", False),
    ],
)  # fmt: skip
def test_hosts(host: str, good: bool) -> None:
    assert host_allowed(host, allowed_hosts("127.0.0.1", "https://studies.example.org")) == good


def test_every_interface_without_a_public_address_takes_numbers_but_no_names() -> None:
    hosts = allowed_hosts("0.0.0.0", None)
    assert host_allowed("10.1.2.3:8321", hosts)
    assert not host_allowed("rebound.example.org:8321", hosts)
    assert not host_allowed("10.1.2.3", allowed_hosts("0.0.0.0", "https://a.example.org"))


def test_a_foreign_host_gets_nothing() -> None:
    policy = Policy(hosts=allowed_hosts("127.0.0.1", None))
    with TestClient(make_app(policy), base_url="http://evil.example.org") as client:
        assert client.get("/read").status_code == 421
    with TestClient(make_app(policy), base_url="http://localhost") as client:
        reply = client.get("/read", headers={"X-Forwarded-Host": "evil.example.org"})
        assert reply.json() == {"ok": "yes"}


def test_rates_end_in_a_clear_refusal() -> None:
    policy = Policy(rules=(RateRule("writes of one session", "session", 0.1, 2, method="POST"),))
    with TestClient(make_app(policy)) as client:

        def post(session: str) -> Any:
            return client.post("/write", json={}, headers=JSON | {"Cookie": f"lookalike_session={session}"})

        assert [post("a").status_code for _ in range(3)] == [200, 200, 429]
        reply = post("a")
        assert int(reply.headers["retry-after"]) >= 1
        assert "too many writes of one session" in reply.json()["error"]
        assert post("b").status_code == 200
        assert client.get("/read").status_code == 200


def test_a_pages_own_policy_wins() -> None:
    policy = content_security_policy(frame_ancestors=["https://a.example"], form_action=["https://b.example"])
    assert "frame-ancestors https://a.example" in policy
    assert "form-action 'self' https://b.example" in policy
    assert "frame-ancestors 'none'" in content_security_policy()


def test_strict_transport_only_with_https() -> None:
    with TestClient(make_app(Policy(https=True))) as client:
        assert "strict-transport-security" in client.get("/read").headers
    with TestClient(make_app(Policy())) as client:
        assert "strict-transport-security" not in client.get("/read").headers
