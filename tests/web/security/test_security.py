"""Who may come in, what may come in, and what never goes out."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.conftest import CSRF, make_app

TOKEN = "a-token-for-these-tests"
BYTES = {**CSRF, "Content-Type": "application/octet-stream"}


def client_of(settings: Any) -> Any:
    from fastapi.testclient import TestClient

    return TestClient(make_app(settings), raise_server_exceptions=False, follow_redirects=False)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it has width x height pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_bomb_of_pixels_is_refused(client: Any) -> None:
    answer = client.post("/api/images", content=bomb(60_000, 60_000), headers=BYTES)
    assert answer.status_code == 400
    assert "pixels" in answer.json()["error"]


@pytest.mark.parametrize("declared", [True, False])
def test_too_many_bytes_are_refused_while_they_come(settings: Any, declared: bool) -> None:
    client = client_of(replace(settings, upload_max_bytes=100_000))

    def parts() -> Any:
        for _ in range(20):
            yield bytes(10_000)

    content = bytes(200_000) if declared else parts()
    answer = client.post("/api/images", content=content, headers=BYTES)
    assert answer.status_code == 413
    assert "100,000" in answer.json()["error"]


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"GIF89a", b"\x00" * 100])
def test_what_is_no_image_is_refused(client: Any, content: bytes) -> None:
    answer = client.post("/api/images", content=content, headers=BYTES)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def test_what_is_given_stays_in_memory_and_comes_back_without_metadata(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    buffer = io.BytesIO()
    Image.new("RGB", (2_000, 1_500), "red").save(buffer, "JPEG", quality=100, exif=exif)
    data = buffer.getvalue() + bytes(3_000_000)
    answer = client.post("/api/images", content=data, headers=BYTES)
    assert answer.status_code == 201
    assert not list(tmp_path.iterdir())
    shown = client.get(answer.json()["url"])
    assert shown.headers["content-type"] == "image/webp"
    assert b"secret" not in shown.content
    assert max(Image.open(io.BytesIO(shown.content)).size) <= 1_280


def test_uploads_run_out_and_make_room() -> None:
    from lookalike.web.faults import PageError
    from lookalike.web.uploads import Uploads

    now = [0.0]
    uploads = Uploads(100_000, 1_000_000, room=30_000, seconds=60, clock=lambda: now[0])

    def picture(colour: str) -> bytes:
        buffer = io.BytesIO()
        Image.effect_noise((100, 100), 90).convert("RGB").save(buffer, "PNG")
        return buffer.getvalue()

    handles = [uploads.add(picture("red")).handle for _ in range(10)]
    assert len(uploads) < 10
    assert uploads.get(handles[-1]).width == 100
    now[0] = 61.0
    with pytest.raises(PageError, match="not kept any more"):
        uploads.get(handles[-1])
    assert len(uploads) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/g/drawn/image/../../../../etc/passwd",
        "/g/drawn/image/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/g/drawn/image/-1",
        "/g/drawn/image/99999999999999999999999",
        "/g/drawn/image/1e3",
        "/g/drawn/item/0%00",
        "/g/..%2f..%2fetc/image/1",
        "/assets/../app.py",
        "/assets/%2e%2e/%2e%2e/app.py",
        "/assets/..%2f..%2fsettings.py",
        "/api/images/../../etc/passwd",
    ],
)
def test_no_path_leads_out(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (400, 404, 422)
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_nothing_tells_where_the_files_are(client: Any, pictures: Path, gallery: Path) -> None:
    html = {"accept": "text/html"}
    texts = [client.get(path, headers=html).text for path in ("/", "/g/drawn", "/g/drawn/item/3", "/api")]
    texts.append(client.post("/api/galleries/drawn/search", json={"ids": [1]}, headers=CSRF).text)
    texts.append(client.get("/api/galleries/drawn/status").text)
    for text in texts:
        assert str(pictures.parent) not in text
        assert str(gallery.parent) not in text


def test_uploads_are_counted_and_stay_while_they_are_used() -> None:
    from lookalike.web.uploads import Uploads

    now = [0.0]
    uploads = Uploads(100_000, 1_000_000, images=3, seconds=60, clock=lambda: now[0])
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20)).save(buffer, "PNG")
    handles = [uploads.add(buffer.getvalue()).handle for _ in range(5)]
    assert len(uploads) == 3
    for now[0] in (50.0, 100.0, 150.0):
        assert uploads.get(handles[-1]).used == now[0]
    assert len(uploads) == 1


@pytest.mark.parametrize(
    "where",
    [
        "path LIKE '/home/%'",
        "starts_with(`Path`, '/home')",
        "label = 'x' OR SIGNATURE = 'a'",
        "label = \"'\" OR source = '/x' OR label = \"'\"",
        "label = 'a' /* ' */ OR path LIKE '/h%' /* ' */",
    ],
)
def test_a_filter_is_no_oracle_for_places(client: Any, where: str) -> None:
    answer = client.post("/api/galleries/drawn/search", json={"ids": [1], "where": where}, headers=CSRF)
    assert answer.status_code == 400
    assert "cannot be asked here" in answer.json()["error"]


def test_a_text_in_a_filter_may_be_any_word(client: Any) -> None:
    body = {"ids": [1], "where": "label != 'the path''s source'"}
    assert client.post("/api/galleries/drawn/search", json=body, headers=CSRF).status_code == 200


def test_a_gallery_that_is_gone_does_not_tell_where_it_was(settings: Any, tmp_path: Path) -> None:
    client = client_of(replace(settings, galleries={"gone": tmp_path / "gone"}))
    for path in ("/", "/g/gone", "/api/galleries", "/api/galleries/gone/status"):
        for accept in ("text/html", "*/*"):
            assert str(tmp_path) not in client.get(path, headers={"accept": accept}).text


def test_what_clients_read_of_errors() -> None:
    from lookalike.errors import GalleryDamaged, ImageNotFound, NoSuchOutput
    from lookalike.web.faults import MISTAKE, public_text

    assert public_text(GalleryDamaged("/srv/photos: damaged")) == MISTAKE
    assert public_text(ImageNotFound("/srv/photos/a b.jpg", "no file")) == "a b.jpg: no file"
    assert (
        public_text(NoSuchOutput("encoder onnx:/srv/m/x.onnx has no text"))
        == "encoder onnx:x.onnx has no text"
    )


def test_an_encoder_is_asked_by_one_thread_at_a_time() -> None:
    import threading
    import time

    from lookalike.web.context import one_at_a_time

    class Slow:
        concurrent = False
        inside = most = 0

        def embed(self, _: Any) -> None:
            self.inside += 1
            self.most = max(self.most, self.inside)
            time.sleep(0.01)
            self.inside -= 1

        feature_map = embed_text = embed

    slow: Any = one_at_a_time(Slow())  # type: ignore[arg-type]
    calls = (slow.embed, slow.feature_map, slow.embed_text) * 2
    threads = [threading.Thread(target=call, args=([],)) for call in calls]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert slow.most == 1


def test_two_remote_galleries_of_one_name_are_refused() -> None:
    from lookalike.cli.serve import named_galleries
    from lookalike.errors import ServeError

    with pytest.raises(ServeError, match="two galleries are called photos"):
        named_galleries(["s3://one/photos", "s3://two/photos/"])


def test_a_filter_can_only_choose_rows(client: Any) -> None:
    for where in (
        "true) OR (true",
        "1=1; DROP TABLE images",
        "id IN (SELECT id FROM images)",
        "path LIKE '%'",
    ):
        answer = client.get("/g/drawn", params={"where": where}, headers={"accept": "text/html"})
        assert answer.status_code in (200, 400)
    assert client.get("/api/galleries").json()[0]["images"] == 96


def test_every_post_needs_our_header(client: Any) -> None:
    posts = ["/api/images", "/api/compare", "/api/galleries/drawn/search", "/api/galleries/drawn/jobs"]
    for path in [*posts, "/g/drawn/index/0", "/g/drawn/index/stop", "/login"]:
        answer = client.post(path, json={})
        assert answer.status_code == 403, path
        assert "X-Lookalike" in answer.json()["error"]


def test_every_answer_carries_the_guards_headers(client: Any) -> None:
    for path in ("/", "/g/drawn", "/g/drawn/image/1", "/nothing", "/api/galleries"):
        headers = client.get(path, headers={"accept": "text/html"}).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe-eval" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_names_in_addresses_and_texts_are_escaped(client: Any) -> None:
    for path in ("/g/<script>alert(1)</script>", "/g/drawn?where=<script>alert(1)</script>"):
        text = client.get(path, headers={"accept": "text/html"}).text
        assert "<script>alert" not in text


class TestTheDoor:
    """With a token nobody gets past it."""

    @pytest.fixture
    def closed(self, settings: Any) -> Any:
        return client_of(replace(settings, token=TOKEN))

    def test_pages_lead_to_the_login_and_programs_are_refused(self, closed: Any) -> None:
        answer = closed.get("/g/drawn?like=3")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/login?next=%2Fg%2Fdrawn%3Flike%3D3"
        assert closed.get("/api/galleries").status_code == 401
        assert closed.get("/api/openapi.json").status_code == 401
        assert closed.get("/g/drawn/image/1").status_code == 303
        assert closed.post("/api/images", content=b"x", headers=BYTES).status_code == 401
        assert closed.get("/login").status_code == 200

    def test_the_token_opens_it(self, closed: Any) -> None:
        assert closed.post("/login", json={"token": "wrong"}, headers=CSRF).status_code == 403
        answer = closed.post("/login", json={"token": TOKEN}, headers=CSRF)
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert closed.get("/g/drawn").status_code == 200

    def test_programs_send_it_in_a_header(self, closed: Any) -> None:
        for _ in range(30):
            assert (
                closed.get("/api/galleries", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
            )
        assert closed.get("/api/galleries", headers={"Authorization": "Bearer no"}).status_code == 401

    def test_attempts_are_limited(self, closed: Any) -> None:
        codes = [closed.post("/login", json={"token": "no"}, headers=CSRF).status_code for _ in range(15)]
        assert codes[-1] == 429

    @pytest.mark.parametrize(
        "path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"]
    )
    def test_the_login_leads_to_this_server_only(self, closed: Any, path: str) -> None:
        assert 'data-next="/"' in closed.get("/login", params={"next": path}).text

    def test_a_short_token_is_refused(self, settings: Any) -> None:
        from lookalike.errors import ServeError

        with pytest.raises(ServeError, match="16 characters"):
            replace(settings, token="short")


def test_a_token_is_needed_where_others_can_reach_the_server() -> None:
    from lookalike.cli.serve import require_token
    from lookalike.errors import ServeError

    require_token("127.0.0.1", None, None)
    require_token("0.0.0.0", None, TOKEN)
    for host, public in (("0.0.0.0", None), ("127.0.0.1", "https://photos.example.org")):
        with pytest.raises(ServeError, match="--token"):
            require_token(host, public, None)


def test_another_host_name_is_refused(settings: Any) -> None:
    client = client_of(replace(settings, hosts=frozenset({"localhost"})))
    assert client.get("/", headers={"host": "rebound.example"}).status_code == 421
    assert client.get("/healthz", headers={"host": "localhost:8320"}).status_code == 200
