"""Putting duplicates aside and bringing them back, also after kill -9 at any moment."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lookalike.gallery.move_files as move_files
from lookalike.errors import GalleryError, InvalidArgument
from lookalike.gallery.duplicates import Duplicates, find_duplicates
from lookalike.gallery.file_moves import apply, undo

from .fakes import gallery_of_files

ROOT = Path(__file__).resolve().parents[2]


def library(folder: Path, count: int = 3) -> Duplicates:
    """``count`` groups of three files: a/i.jpg is kept, b/i.jpg and b/deep/i copy.jpg are not."""
    contents = {}
    vectors = []
    for i in range(count):
        for place in (f"a/{i}.jpg", f"b/{i}.jpg", f"b/deep/{i} copy.jpg"):
            contents[place] = b"photo %d" % i * 100
            vectors.append(np.eye(count + 1, dtype=np.float32)[i])
    return find_duplicates(gallery_of_files(folder, contents, np.array(vectors)), kind="exact", keep=["path"])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix != ".jsonl"
    }


def test_files_move_and_come_back(tmp_path: Path) -> None:
    photos, aside = tmp_path / "photos", tmp_path / "aside"
    duplicates = library(photos)
    before = snapshot(tmp_path)
    report = apply(duplicates, aside)
    assert len(report.moved) == 6
    assert not report.not_moved
    assert sorted(snapshot(photos)) == ["a/0.jpg", "a/1.jpg", "a/2.jpg"]
    assert "b/deep/1 copy.jpg" in snapshot(aside), "the place below the common folder is kept"
    assert report.bytes_moved == sum(len(before[f"photos/{p}"]) for p in snapshot(aside))
    assert report.journal is not None
    back = undo(report.journal)
    assert len(back.restored) == 6
    assert not back.not_restored
    assert snapshot(tmp_path) == before
    assert [p.name for p in aside.iterdir()] == [report.journal.name], "made folders are removed"
    json.dumps([report.to_dict(), back.to_dict()])


def test_undo_twice_does_nothing_more(tmp_path: Path) -> None:
    report = apply(library(tmp_path / "photos"), tmp_path / "aside")
    assert report.journal is not None
    undo(report.journal)
    before = snapshot(tmp_path)
    again = undo(report.journal)
    assert not again.restored
    assert len(again.already) == 6
    assert snapshot(tmp_path) == before


def test_journal_elsewhere(tmp_path: Path) -> None:
    report = apply(library(tmp_path / "photos"), tmp_path / "aside", journal_folder=tmp_path / "journals")
    assert report.journal is not None
    assert report.journal.parent == tmp_path / "journals"


def test_nothing_is_overwritten_when_moving(tmp_path: Path) -> None:
    duplicates = library(tmp_path / "photos", 1)
    (tmp_path / "aside/b").mkdir(parents=True)
    (tmp_path / "aside/b/0.jpg").write_bytes(b"mine")
    report = apply(duplicates, tmp_path / "aside")
    assert (tmp_path / "aside/b/0.jpg").read_bytes() == b"mine"
    assert tmp_path / "aside/b/0-1.jpg" in [m.target for m in report.moved]


def test_nothing_is_overwritten_when_undoing(tmp_path: Path) -> None:
    report = apply(library(tmp_path / "photos", 1), tmp_path / "aside")
    (tmp_path / "photos/b").mkdir(exist_ok=True)
    (tmp_path / "photos/b/0.jpg").write_bytes(b"new")
    assert report.journal is not None
    back = undo(report.journal)
    assert (tmp_path / "photos/b/0.jpg").read_bytes() == b"new"
    assert (tmp_path / "aside/b/0.jpg").exists()
    assert [n.path for n in back.not_restored] == [str(tmp_path / "photos/b/0.jpg")]
    assert "taken by another file" in back.not_restored[0].reason
    assert len(back.restored) == 1


def test_changed_files_stay(tmp_path: Path) -> None:
    duplicates = library(tmp_path, 2)
    (tmp_path / "b/0.jpg").write_bytes(b"edited since")
    os.utime(tmp_path / "b/1.jpg", (1, 1))
    report = apply(duplicates, tmp_path / "aside")
    assert [n.path for n in report.not_moved] == [str(tmp_path / "b/0.jpg")]
    assert "changed since it was indexed" in report.not_moved[0].reason
    assert not (tmp_path / "b/1.jpg").exists(), "a new date alone is no change"


@pytest.mark.parametrize("fate", ["gone", "changed"])
def test_without_the_kept_image_its_copies_stay(tmp_path: Path, fate: str) -> None:
    duplicates = library(tmp_path, 1)
    if fate == "gone":
        (tmp_path / "a/0.jpg").unlink()
    else:
        (tmp_path / "a/0.jpg").write_bytes(b"something else")
    report = apply(duplicates, tmp_path / "aside")
    assert not report.moved
    assert len(report.not_moved) == 2
    assert all("the image kept in its place" in n.reason for n in report.not_moved)


def test_links_and_archive_members_stay(tmp_path: Path) -> None:
    duplicates = library(tmp_path, 2)
    member = tmp_path / "photos.tar::x.jpg"
    (tmp_path / "photos.tar").write_bytes(b"")
    first, second = duplicates.groups
    object.__setattr__(first.drop[0], "path", str(member))
    linked = Path(second.drop[0].path)
    linked.unlink()
    linked.symlink_to(second.keep.path)
    reasons = {n.path: n.reason for n in apply(duplicates, tmp_path / "aside").not_moved}
    assert "archive" in reasons[str(member)]
    assert "symbolic link" in reasons[str(linked)]
    assert linked.is_symlink()


def test_target_of_the_kept_link_stays(tmp_path: Path) -> None:
    duplicates = library(tmp_path, 1)
    keep = Path(duplicates.groups[0].keep.path)
    keep.unlink()
    keep.symlink_to(duplicates.groups[0].drop[0].path)
    report = apply(duplicates, tmp_path / "aside")
    assert duplicates.groups[0].drop[0].path in [n.path for n in report.not_moved]
    assert keep.read_bytes().startswith(b"photo 0")


def test_files_already_aside_and_wrong_folders(tmp_path: Path) -> None:
    duplicates = library(tmp_path, 1)
    report = apply(duplicates, tmp_path)
    assert not report.moved
    assert all("already" in n.reason for n in report.not_moved)
    with pytest.raises(InvalidArgument, match="not a folder"):
        apply(duplicates, tmp_path / "a/0.jpg")
    empty = Duplicates((), None, 0, 0, ())
    assert apply(empty, tmp_path / "never").journal is None
    assert not (tmp_path / "never").exists()


def test_refused_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duplicates = library(tmp_path, 1)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    report = apply(duplicates, tmp_path / "aside")
    assert not report.moved
    assert {n.reason for n in report.not_moved} == {"No space left on device"}
    assert len(snapshot(tmp_path)) == 3


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As between two devices, on a file system without hard links."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_links")
def test_other_device_is_copied_to_and_back(tmp_path: Path) -> None:
    duplicates = library(tmp_path / "photos")
    os.utime(tmp_path / "photos/b/0.jpg", (10**9, 10**9))
    before = snapshot(tmp_path)
    report = apply(duplicates, tmp_path / "aside")
    assert len(report.moved) == 6
    assert (tmp_path / "aside/b/0.jpg").stat().st_mtime == 10**9
    assert report.journal is not None
    assert len(undo(report.journal).restored) == 6
    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("no_links")
def test_taken_name_on_another_device(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        move_files.move(tmp_path / "a", tmp_path / "b")
    assert snapshot(tmp_path) == {"a": b"a", "b": b"b"}


def test_journal_faults(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="cannot be read"):
        undo(tmp_path / "none.jsonl")
    (tmp_path / "other.jsonl").write_text('{"event": "else"}\n')
    with pytest.raises(GalleryError, match="no journal of moves"):
        undo(tmp_path / "other.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(GalleryError, match="cannot be written"):
        apply(library(tmp_path / "photos", 1), tmp_path / "aside", journal_folder=tmp_path / "file")


KILLED = """
import os, signal, sys
sys.path[:0] = [{src!r}, {tests!r}]
from pathlib import Path
from gallery.test_file_moves import library
from lookalike.gallery.file_moves import apply, undo
import lookalike.gallery.move_files, lookalike.gallery.move_journal
budget, devices = int(sys.argv[2]), sys.argv[3]
folder = Path(sys.argv[1])
duplicates = library(folder / "photos") if sys.argv[4] == "apply" else None
def counted(function):
    def call(*args, **kwargs):
        global budget
        budget -= 1
        if budget == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return call
link = os.link
if devices == "two":
    def link(*args, **kwargs):
        raise OSError(18, "Invalid cross-device link")
os.link = counted(link)
for name in ("fsync", "unlink", "mkdir", "open", "replace", "rename", "write"):
    setattr(os, name, counted(getattr(os, name)))
if sys.argv[4] == "apply":
    apply(duplicates, folder / "aside")
else:
    undo(next((folder / "aside").glob("*.jsonl")))
"""


def run_killed(folder: Path, budget: int, devices: str, what: str) -> bool:
    """Run in a process that kills itself at its ``budget``-th system call; True when it was killed."""
    code = KILLED.format(src=str(ROOT / "src"), tests=str(ROOT / "tests"))
    command = [sys.executable, "-c", code, str(folder), str(budget), devices, what]
    status = subprocess.run(command, capture_output=True, check=False)
    assert status.returncode in (0, -signal.SIGKILL), status.stderr.decode()
    return status.returncode != 0


@pytest.mark.parametrize("devices", ["one", "two"])
@pytest.mark.parametrize("budget", [3, 9, 14, 17, 23, 30, 41])
def test_kill_while_moving_then_undo(tmp_path: Path, budget: int, devices: str) -> None:
    """Wherever apply dies, and wherever the first undo dies, a further undo leaves everything as it was."""
    library(tmp_path / "expected/photos")
    expected = snapshot(tmp_path / "expected")
    assert run_killed(tmp_path, budget, devices, "apply")
    there = snapshot(tmp_path / "photos")
    assert set(there.values()) == set(expected.values()), "every kept photo is there, whatever happened"
    journals = list((tmp_path / "aside").glob("*.jsonl")) if (tmp_path / "aside").exists() else []
    if journals and journals[0].read_bytes():
        run_killed(tmp_path, 6 + budget // 3, devices, "undo")
        report = undo(journals[0])
        assert not report.not_restored
    assert {k: v for k, v in snapshot(tmp_path).items() if k.startswith("photos")} == expected
    assert not snapshot(tmp_path / "aside"), "nothing is left aside, no half copies either"
