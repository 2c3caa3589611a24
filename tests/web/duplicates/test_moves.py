"""Moves that meet an obstacle: what was decided and what was moved is never forgotten."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import GalleryError
from lookalike.gallery.lock import write_lock
from lookalike.gallery.move_journal import Journal
from lookalike.web import duplicate_moves, work
from lookalike.web.duplicate_moves import last_journal
from lookalike.web.faults import PageError
from lookalike.web.findings import Findings
from tests.web.duplicates.test_review import Bench, bench, groups_of

__all__ = ["bench"]


def decided_of(bench: Bench) -> dict[str, list[int]]:
    file = bench.photos.parent / "gallery" / "moves" / "review.json"
    steps = json.loads(file.read_text())["steps"]
    return {key: drop for step in steps for key, drop in step.items()}


def test_decisions_that_were_not_carried_out_stay(bench: Bench) -> None:
    groups = groups_of(bench)
    kept, gone = sorted(groups, key=lambda key: len(groups[key]))
    bench.post("duplicates/decide", {"kind": "exact", "group": kept, "drop": []})
    bench.post("duplicates/accept", {"kind": "exact", "what": "all"})
    assert set(decided_of(bench)) == {kept, gone}
    bench.finish(bench.post("duplicates/apply", {"kind": "exact"}))
    assert decided_of(bench) == {kept: []}


def test_decisions_about_files_that_stayed_remain(bench: Bench) -> None:
    groups = groups_of(bench)
    bench.post("duplicates/accept", {"kind": "exact", "what": "all"})
    for file in (bench.photos / "1.png", bench.photos / "copies" / "1 again.png"):
        file.write_bytes(file.read_bytes() + b"changed")
    bench.finish(bench.post("duplicates/apply", {"kind": "exact"}))
    assert [len(drop) for drop in decided_of(bench).values()] == [1]
    assert set(decided_of(bench)) < set(groups)


def test_nothing_moves_while_the_gallery_is_written_to(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicate_moves, "WAIT", 0.0)
    place, before = str(bench.photos.parent / "gallery"), bench.files()
    bench.post("duplicates/accept", {"kind": "exact", "what": "all"})
    decided = decided_of(bench)
    with write_lock(place):
        task = bench.finish(bench.post("duplicates/apply", {"kind": "exact"}), "failed")
        assert "being written to" in task["error"]
        assert bench.files() == before
    assert decided_of(bench) == decided
    bench.finish(bench.post("duplicates/apply", {"kind": "exact"}))
    after = bench.files()
    with write_lock(place):
        bench.finish(bench.post("duplicates/restore"), "failed")
        assert bench.files() == after
    bench.finish(bench.post("duplicates/restore"))
    assert bench.files() == before


def test_a_move_that_breaks_off_is_reported_and_noted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bench.files()
    bench.post("duplicates/accept", {"kind": "exact", "what": "all"})
    write = Journal.write

    def full(journal: Journal, event: str, **fields: Any) -> None:
        if event == "intent" and fields["number"] == 2:
            raise GalleryError("disk full")
        write(journal, event, **fields)

    monkeypatch.setattr(Journal, "write", full)
    bench.finish(bench.post("duplicates/apply", {"kind": "exact"}))
    report = bench.client.get("/g/photos/duplicates/report").json()
    assert (report["moved"], [one["reason"] for one in report["left"]]) == (2, ["disk full"])
    assert sum(len(drop) for drop in groups_of(bench).values()) == 1, "the gallery knows of both"
    undone: list[int] = []

    def full_again(journal: Journal, event: str, **fields: Any) -> None:
        undone.append(fields.get("number", -1))
        if event == "undoing" and len(set(undone)) == 2:
            raise GalleryError("disk full")
        write(journal, event, **fields)

    monkeypatch.setattr(Journal, "write", full_again)
    bench.finish(bench.post("duplicates/restore"))
    assert bench.client.get("/g/photos/duplicates/report").json()["restored"] == 1
    monkeypatch.setattr(Journal, "write", write)
    bench.finish(bench.post("duplicates/restore"))
    assert bench.files() == before
    assert sum(len(drop) for drop in groups_of(bench).values()) == 3


def test_journals_without_files_do_not_stand_in_the_way(bench: Bench, tmp_path: Path) -> None:
    bench.post("duplicates/accept", {"kind": "exact", "what": "all"})
    bench.finish(bench.post("duplicates/apply", {"kind": "exact"}))
    head = json.dumps({"event": "lookalike moves", "version": 1})
    lost = {"event": "intent", "number": 0, "source": str(tmp_path / "a"), "target": str(tmp_path / "b")}
    odd = {"event": "intent", "number": []}
    for name, text in (
        ("91", f"{head}\n{json.dumps(lost)}\n"),
        ("92", "no"),
        ("93", f"{head}\n{json.dumps(odd)}\n"),
    ):
        (bench.aside / f"lookalike-moves-{name}.jsonl").write_text(text)
    assert bench.client.get("/g/photos/duplicates?kind=exact").status_code == 200
    found = last_journal(bench.aside)
    assert found is not None
    assert found[1] == 3
    bench.finish(bench.post("duplicates/restore"))
    assert last_journal(bench.aside) is None


def test_a_link_into_an_indexed_folder_is_seen_through(bench: Bench) -> None:
    before = bench.files()
    (bench.photos / "inside").mkdir()
    bench.aside.parent.symlink_to(bench.photos / "inside")
    bench.post("duplicates/accept", {"kind": "exact", "what": "all"})
    task = bench.finish(bench.post("duplicates/apply", {"kind": "exact"}), "failed")
    assert "inside a folder that is indexed" in task["error"]
    assert bench.files() == before


def test_tasks_are_told_apart_and_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "KEPT_TASKS", 2)
    go, kept = threading.Event(), Findings()

    def one(_tell: Any) -> bool:
        return go.wait(30)

    def other(_tell: Any) -> None:
        return None

    try:
        first = kept.start(("g", 0), one)
        assert kept.start(("g", 0), one) is first
        with pytest.raises(PageError, match="something else") as refused:
            kept.start(("g", 0), other)
        assert refused.value.status == 409
        for number in range(1, work.MOST_AT_ONCE):
            kept.start(("g", number), one)
        with pytest.raises(PageError, match="too much") as refused:
            kept.start(("g", "more"), one)
        assert refused.value.status == 429
        assert kept.work.task(first.id, ("g",)) is first
    finally:
        go.set()
