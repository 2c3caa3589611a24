"""Where a server listens, and the built pages."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from lookalike.errors import ServeError
from lookalike.serving import Listening, asset_app, asset_urls, serve


def test_addresses_for_people() -> None:
    assert Listening().address() == "http://127.0.0.1:8321"
    assert Listening("0.0.0.0", 0).address(4000) == "http://127.0.0.1:4000"
    assert Listening("::1", 1).address() == "http://[::1]:1"
    assert Listening(public_url="https://a.example/").address(99) == "https://a.example"
    assert Listening(public_url="https://a.example").https
    assert not Listening().https


@pytest.mark.parametrize(
    "url", ["a.example", "ftp://a", "https://", "https://a/b", "https://a?x", "https://u@a"]
)
def test_public_addresses_are_checked(url: str) -> None:
    with pytest.raises(ServeError, match="--public-url"):
        Listening(public_url=url)


def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServeError, match="choose another --port"):
            serve(Starlette(), Listening(port=taken.getsockname()[1]))


def test_pages_that_are_not_built_say_how(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="make pages"):
        asset_urls("study", root=tmp_path)


def test_addresses_of_assets_change_with_their_content(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "index.js").write_text("1")
    first = asset_urls("study", root=tmp_path)
    (tmp_path / "study" / "index.js").write_text("2")
    assert first["script"] != asset_urls("study", root=tmp_path)["script"]


def test_assets_stay_in_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "a.js").write_text("fine")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    with TestClient(Starlette(routes=[Mount("/assets", asset_app(folder))])) as client:
        assert client.get("/assets/a.js").text == "fine"
        for path in ("../secret", "..%2fsecret", "%2e%2e/secret", "..%5csecret", "link", "a.js%00", "", "."):
            assert client.get(f"/assets/{path}").status_code == 404
