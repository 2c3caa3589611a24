"""Content ids and the names of images."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from lookalike.encoders.cache import cache_folder
from lookalike.errors import ImageEmpty, ImageNotFound, JudgmentError
from lookalike.judgments import ImageCatalogue, content_ids

from .making import picture, pictures


def _old(file: Path) -> Path:
    before = time.time() - 100
    os.utime(file, (before, before))
    return file


def test_content_ids_are_sha256(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1: the digest of "abc".
    assert (
        content_ids([file, file]) == ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"] * 2
    )


def test_known_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _old(picture(tmp_path / "x.png", 1))
    first = content_ids([file])
    monkeypatch.setattr("lookalike.judgments.content.read_file", lambda _: b"other")
    assert content_ids([file]) == first
    os.utime(file, (time.time() - 50,) * 2)
    assert content_ids([file]) == [hashlib.sha256(b"other").hexdigest()]


def test_fresh_files_are_not_trusted(tmp_path: Path) -> None:
    """A file written just now may change within the resolution of its time."""
    file = picture(tmp_path / "x.png", 1)
    first = content_ids([file])
    stamp = file.stat()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert content_ids([file]) != first


@pytest.mark.parametrize("damage", [b"no database at all", b""])
def test_a_damaged_cache_costs_time_only(tmp_path: Path, damage: bytes) -> None:
    file = _old(picture(tmp_path / "x.png", 1))
    cache_folder().mkdir(parents=True, exist_ok=True)
    (cache_folder() / "content-ids.sqlite").write_bytes(damage)
    assert content_ids([file]) == [hashlib.sha256(file.read_bytes()).hexdigest()]


def test_a_cache_that_is_in_use(tmp_path: Path) -> None:
    file = _old(picture(tmp_path / "x.png", 1))
    content_ids([file])
    with sqlite3.connect(cache_folder() / "content-ids.sqlite") as other:
        assert other.execute("SELECT count(*) FROM contents").fetchone() == (1,)
    other.close()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(ImageEmpty):
        content_ids([tmp_path / "empty.png"])
    with pytest.raises(ImageNotFound):
        content_ids([tmp_path / "none.png"])


def test_names_and_paths(tmp_path: Path) -> None:
    files = pictures(tmp_path / "set" / "left", ["a", "b"])
    outside = picture(tmp_path / "far" / "a.png", 7)
    copy = tmp_path / "set" / "copy.png"
    copy.write_bytes(files[0].read_bytes())
    images = ImageCatalogue.from_files([*files, outside, copy], tmp_path / "set")
    assert len(images) == 3
    assert list(images.names().values()) == ["left/a.png", "left/b.png", "a.png"]
    first = content_ids(files)[0]
    assert first in images
    assert images.path(first) == files[0]
    assert next(iter(images)) == first
    assert repr(images) == "ImageCatalogue(3 images)"
    with pytest.raises(TypeError):
        images.names()["x"] = "y"  # type: ignore[index]
    for ask in (images.path, images.name):
        with pytest.raises(JudgmentError, match="no image 0000"):
            ask("0" * 64)


def test_two_contents_of_one_name(tmp_path: Path) -> None:
    """Files from outside the root lose their folders: their names must still differ."""
    one, two = picture(tmp_path / "x" / "a.png", 1), picture(tmp_path / "y" / "a.png", 2)
    names = list(ImageCatalogue.from_files([one, two], tmp_path / "root").names().values())
    assert names[0] == "a.png"
    assert names[1].endswith("/a.png")
    assert len(set(names)) == 2


def test_only_and_merged(tmp_path: Path) -> None:
    one = ImageCatalogue.from_files(pictures(tmp_path / "x", ["a", "b"]), tmp_path)
    two = ImageCatalogue.from_files(pictures(tmp_path / "y", ["c"], first=9), tmp_path)
    both = one.merged(two)
    assert len(both) == 3
    assert list(both.only([next(iter(two))]).names().values()) == ["y/c.png"]
    with pytest.raises(JudgmentError, match="has a file but no name"):
        ImageCatalogue({}, {"0" * 64: tmp_path})
