"""Reviewing duplicates: decisions, undo, files moved aside and brought back, by requests and in a browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import CSRF, draw, make_app


@dataclass
class Bench:
    """A gallery with copies and a folder to move them to."""

    client: Any
    app: Any
    photos: Path
    aside: Path

    def post(self, what: str, body: Any = None) -> Any:
        return self.client.post(f"/g/photos/{what}", json={} if body is None else body, headers=CSRF)

    def finish(self, answer: Any, state: str = "done") -> dict[str, Any]:
        task: dict[str, Any] = answer.json()["task"]
        end = time.monotonic() + 60
        while task["state"] in ("waiting", "running"):
            assert time.monotonic() < end
            time.sleep(0.02)
            task = self.client.get(f"/g/photos/tasks/{task['id']}").json()["task"]
        assert task["state"] == state, task
        return task

    def files(self) -> set[str]:
        return {str(path.relative_to(self.photos)) for path in self.photos.rglob("*") if path.is_file()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    from fastapi.testclient import TestClient

    from lookalike.gallery import Gallery
    from lookalike.web import WebSettings

    photos = tmp_path / "photos"
    (photos / "copies").mkdir(parents=True)
    for number in range(8):
        draw(number).save(photos / f"{number}.png")
    for number in (1, 2):
        shutil.copy(photos / f"{number}.png", photos / "copies" / f"{number} again.png")
    shutil.copy(photos / "2.png", photos / "copies" / "2 thrice.png")
    (photos / "broken.jpg").write_bytes(b"this is no image")
    Gallery.create(tmp_path / "gallery", "classic").index(photos, cache=False)
    settings = WebSettings(galleries={"photos": tmp_path / "gallery"}, aside=tmp_path / "aside")
    app = make_app(settings)
    made = Bench(TestClient(app, raise_server_exceptions=False), app, photos, tmp_path / "aside" / "photos")
    made.finish(made.post("duplicates/find", {"kind": "exact"}))
    return made


def groups_of(bench: Bench) -> dict[str, list[int]]:
    """Key -> suggested to go."""
    import re

    page = bench.client.get("/g/photos/duplicates?kind=exact").text
    found = re.findall(r'data-group="(\w+)" data-suggested="([\d,]*)"', page)
    return {key: [int(one) for one in drop.split(",")] for key, drop in found}


def test_decisions_are_kept_and_undone(bench: Bench, tmp_path: Path) -> None:
    groups = groups_of(bench)
    assert sorted(len(drop) for drop in groups.values()) == [1, 2]
    key, drop = next((k, d) for k, d in groups.items() if len(d) == 2)
    first = bench.post("duplicates/decide", {"kind": "exact", "group": key, "drop": drop[:1]}).json()
    assert first["summary"]["files"] == 1
    second = bench.post("duplicates/accept", {"kind": "exact", "what": "all"}).json()
    assert set(second["changed"]) == set(groups) - {key}
    assert (second["summary"]["files"], second["summary"]["decided"], second["summary"]["undo"]) == (2, 2, 2)
    back = bench.post("duplicates/undo", {"kind": "exact"}).json()
    assert back["changed"] == dict.fromkeys(set(groups) - {key})
    assert back["summary"]["files"] == 1
    from lookalike.gallery import Gallery
    from lookalike.web.duplicate_review import Review

    gallery = Gallery.open(tmp_path / "gallery")
    assert Review(gallery.location, gallery.settings).decisions() == {key: frozenset(drop[:1])}


def test_files_go_aside_and_come_back_and_none_is_lost(bench: Bench) -> None:
    before = bench.files()
    bench.post("duplicates/accept", {"kind": "exact", "what": "exact"})
    assert bench.files() == before, "deciding moves nothing"
    bench.finish(bench.post("duplicates/apply", {"kind": "exact"}))
    report = bench.client.get("/g/photos/duplicates/report").json()
    assert report == {"moved": 3, "restored": 0, "left": []}
    assert len(bench.files()) == len(before) - 3
    assert len(list(bench.aside.rglob("*.png"))) == 3
    assert groups_of(bench) == {}
    bench.finish(bench.post("duplicates/restore"))
    assert bench.files() == before
    assert len(groups_of(bench)) == 2
    assert bench.post("duplicates/restore").status_code == 409


def test_the_page_says_what_the_second_look_did_and_could_not_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    import lookalike.gallery.duplicates as finding

    whole = finding.close_groups
    monkeypatch.setattr(
        finding, "close_groups", lambda *a, **k: replace(whole(*a, **k), refused=1234, unlooked=5678)
    )
    bench.finish(bench.post("duplicates/find", {"kind": "near"}))
    page = bench.client.get("/g/photos/duplicates?kind=near").text
    assert "small pictures differ, not joined: 1,234." in page
    assert "joined by distance alone: 5,678." in page
    bench.finish(bench.post("duplicates/find", {"kind": "exact"}))  # nobody looks twice at copies
    assert "not joined: 1,234" not in bench.client.get("/g/photos/duplicates?kind=exact").text


def test_what_is_refused(bench: Bench) -> None:
    key, drop = next(iter(groups_of(bench).items()))
    decide = {"kind": "exact", "group": key, "drop": drop}
    assert bench.client.post("/g/photos/duplicates/decide", json=decide).status_code == 403
    assert bench.post("duplicates/decide", {**decide, "drop": [99]}).status_code == 400
    assert bench.post("duplicates/decide", {**decide, "group": "0" * 16}).status_code == 404
    assert bench.post("duplicates/decide", {**decide, "folder": "/tmp"}).status_code == 422
    assert bench.post("duplicates/decide", {**decide, "kind": "near"}).status_code == 409
    assert bench.post("duplicates/apply", {"kind": "exact"}).status_code == 409
    page = bench.client.get("/g/photos/duplicates?kind=exact").text
    members = [int(part.split('"')[0]) for part in page.split('li data-id="')[1:]]
    assert bench.post("duplicates/decide", {**decide, "drop": members[: len(drop) + 1]}).status_code == 400
    for path in ("duplicates?threshold=x", "duplicates?threshold=nan", "clusters?k=0", "clusters?method=x"):
        assert bench.client.get(f"/g/photos/{path}").status_code in (400, 422), path


def test_pages_of_clusters_and_problems(bench: Bench) -> None:
    page = bench.client.get("/g/photos/problems").text
    assert "photos/broken.jpg" in page
    assert "not an image" in page
    assert str(bench.photos) not in page
    bench.finish(bench.post("clusters/find", {"method": "kmeans", "k": 3}))
    page = bench.client.get("/g/photos/clusters?method=kmeans&k=3").text
    assert page.count('class="medoid"') == 3
    assert bench.client.get("/g/photos/clusters/1?method=kmeans&k=3").status_code == 200
    assert bench.client.get("/g/photos/clusters/4?method=kmeans&k=3").status_code == 404
    chinese = bench.client.get("/g/photos/duplicates?kind=exact&lang=zh").text
    assert "接受建议" in chinese


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_review_in_a_browser(
    bench: Bench, visit: Callable[..., Any], listen: Callable[[Any], str], size: str
) -> None:
    before = bench.files()
    page = visit(f"{listen(bench.app)}/g/photos/duplicates?kind=exact", size=size, touch=size == "phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.wait_for_load_state("networkidle")  # the page's part of the script comes after the page
    group = page.locator(".dgroup").first
    group.focus()
    page.keyboard.press("a")
    page.locator(".dgroup[data-decided='1']").wait_for()
    page.keyboard.press("z")
    page.locator(".dgroup[data-decided='1']").wait_for(state="detached")
    group.locator(".look").first.click()
    page.locator(".closer[open]").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    group.get_by_role("button", name="Keep all").click()
    page.locator(".dgroup[data-decided='1']").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Accept for all").click()
    page.locator(".foot .counts", has_text="2 of 2 groups").wait_for()
    page.locator(".foot .move").click()
    page.locator(".sure .yes").click()
    page.get_by_role("button", name="Bring 3 back").click()
    page.locator(".dgroup").nth(1).wait_for()
    assert bench.files() == before
