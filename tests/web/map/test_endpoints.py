"""The map's numbers: packed points, colours, thumbnails, names; what is refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.web.map_points import OnMap
from lookalike.web.map_sent import pack_points
from tests.web.conftest import CSRF, make_app
from tests.web.map.many import many


def unpacked(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[:4], "little")
    assert (4 + length) % 8 == 0
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def finish(client: Any, gallery: str, answer: Any, seconds: float = 60) -> dict[str, Any]:
    task: dict[str, Any] = answer.json()["task"]
    end = time.monotonic() + seconds
    while task["state"] in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.02)
        task = client.get(f"/g/{gallery}/tasks/{task['id']}").json()["task"]
    return task


def ids_of(data: bytes) -> NDArray[np.int64]:
    head, rest = unpacked(data)
    count = head["count"]
    return np.frombuffer(rest, "<f8" if head["wide"] else "<u4", count, offset=8 * count).astype(np.int64)


def test_points_come_as_positions_and_ids(map_client: Any) -> None:
    data = map_client.get("/g/few/map/points").content
    head, rest = unpacked(data)
    assert (head["count"], head["method"], head["fresh"], head["wide"]) == (300, "umap", 0, False)
    assert len(rest) == 300 * (8 + 4)
    xy = np.frombuffer(rest, "<f4", 600)
    assert 0 <= xy.min() <= xy.max() <= 1
    ids = ids_of(data)
    assert sorted(ids) == list(range(300))
    assert list(ids) != list(range(300)), "an order that favours no label"


def test_positions_are_rounded_and_large_ids_are_kept() -> None:
    xy = np.array([[0.1, 0.2], [1.0, 0.0]], np.float32)
    points = OnMap("1", np.array([7, 1 << 40]), xy, "pca", "", 0)
    data = pack_points(points)
    head, rest = unpacked(data)
    assert head["wide"] is True
    assert ids_of(data).tolist() == [7, 1 << 40]
    sent = np.frombuffer(rest, "<f4", 4)
    assert np.abs(sent - xy.ravel()).max() <= 2.0**-21
    assert (sent * 2**20 == np.round(sent * 2**20)).all()


@pytest.mark.parametrize(
    ("accepts", "zipped"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False)],
)
def test_points_are_compressed_for_who_takes_it(map_client: Any, accepts: str, zipped: bool) -> None:
    answer = map_client.get("/g/few/map/points", headers={"Accept-Encoding": accepts})
    assert ("content-encoding" in answer.headers) is zipped
    assert answer.headers["vary"] == "Accept-Encoding"
    assert unpacked(answer.content)[0]["count"] == 300
    assert (int(answer.headers["content-length"]) < 3000) is zipped


def test_colours_are_in_the_order_of_the_points(map_client: Any) -> None:
    ids = ids_of(map_client.get("/g/few/map/points").content)
    head, rest = unpacked(map_client.get("/g/few/map/colour?by=label").content)
    codes = np.frombuffer(rest, "<u2")
    assert head["kind"] == "category"
    assert head["missing"] == 6
    assert sum(head["counts"]) == 294
    assert head["counts"] == sorted(head["counts"], reverse=True)
    assert {int(i) for i in ids[codes == 65_535]} == {0, 50, 100, 150, 200, 250}
    rows = map_client.get(f"/g/few/map/rows?ids={ids[0]},{ids[1]}").json()["rows"]
    named = [None if code == 65_535 else head["names"][code] for code in codes[:2]]
    assert [row["label"] or None for row in rows] == named


def test_numbers_and_folders_colour_too(map_client: Any) -> None:
    head, rest = unpacked(map_client.get("/g/few/map/colour?by=width").content)
    widths = np.frombuffer(rest, "<f4")
    assert (head["kind"], head["low"], head["high"]) == ("number", widths.min(), widths.max())
    head, _ = unpacked(map_client.get("/g/few/map/colour?by=folder").content)
    assert all(name.startswith("group-") for name in head["names"])
    assert sum(head["counts"]) == 300


def test_thumbnails_and_names_are_found_by_id_and_no_folder_of_the_server_is_told(map_client: Any) -> None:
    head, rest = unpacked(map_client.get("/g/few/map/thumbs?ids=3,4,999999").content)
    assert sorted(head["ids"]) == [3, 4]
    assert len(rest) == sum(head["sizes"])
    assert rest[:2] == b"\xff\xd8"
    row = map_client.get("/g/few/map/rows?ids=3").json()["rows"][0]
    assert row["name"] == "image-000003.jpg"
    assert row["place"].startswith("photos/group-")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/g/few/map/thumbs?ids=a", 400),
        ("/g/few/map/thumbs?ids=1,,2", 400),
        ("/g/few/map/rows?ids=" + ",".join(map(str, range(501))), 400),
        ("/g/few/map/colour?by=path", 404),
        ("/g/few/map/colour?by=nothing", 404),
        ("/g/few/map/colour?by=cluster", 409),
        ("/g/other/map", 404),
        ("/g/few/tasks/none", 404),
    ],
)
def test_what_cannot_be_answered(map_client: Any, path: str, status: int) -> None:
    answer = map_client.get(path)
    assert answer.status_code == status
    assert "error" in answer.json()


def test_drawing_needs_the_header_and_a_known_method(map_client: Any) -> None:
    assert map_client.post("/g/few/map/draw", json={}).status_code == 403
    assert map_client.post("/g/few/map/draw", json={"method": "x"}, headers=CSRF).status_code == 422
    assert map_client.post("/g/few/map/draw", json={"path": "/"}, headers=CSRF).status_code == 422


@pytest.mark.slow
def test_a_map_is_drawn_in_a_process_of_its_own_and_kept(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from lookalike.web import WebSettings

    gallery = many(tmp_path / "new", 40, drawn=False)
    settings = WebSettings(galleries={"new": tmp_path / "new"})
    client = TestClient(make_app(settings), raise_server_exceptions=False)
    assert client.get("/g/new/map/points").status_code == 404
    task = finish(client, "new", client.post("/g/new/map/draw", json={"method": "pca"}, headers=CSRF))
    assert task["state"] == "done", task
    first = client.get("/g/new/map/points").content
    again = TestClient(make_app(settings)).get("/g/new/map/points").content
    assert unpacked(first)[1] == unpacked(again)[1]
    gallery.refresh()
    gallery.store.mark_missing([1])
    later = TestClient(make_app(settings)).get("/g/new/map/points")
    assert unpacked(later.content)[0]["count"] == 39


def test_a_map_drawn_anew_is_not_mistaken_for_one_that_lay_at_its_address(
    map_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.web import map_points
    from lookalike.web.findings import Findings
    from lookalike.web.map_drawn import Drawn

    monkeypatch.setattr(
        map_points, "id", lambda _: 7, raising=False
    )  # as when the old one's memory is used again
    served, findings, ids = map_app.state.context.gallery("few"), Findings(), np.arange(300)
    shown = []
    for place in (0.25, 0.75):
        drawn = Drawn(ids, np.full((300, 2), place, np.float32), "pca", "")
        findings.put(map_points.map_key("few"), drawn)
        points = map_points.on_map(served, findings)
        assert points is not None
        assert (points.xy[:, 0] == np.float32(place)).all()
        assert map_points.on_map(served, findings) is points
        shown.append(points.version)
    assert len(set(shown)) == 2
