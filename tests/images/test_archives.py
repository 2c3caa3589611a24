"""Tar archives: plain and compressed, by many threads, with links, doubles and damage."""

from __future__ import annotations

import io
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import ImageEmpty, ImageNotFound, ImageTruncated, SourceError
from lookalike.images import decode, open_source
from tests.odd_parts import encoded, picture

PNG = encoded(picture(), "PNG")


def make_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_600_000_000
            tar.addfile(info, io.BytesIO(data))
    return path


MEMBERS = {
    "top.png": PNG,
    "./set/cup/1.png": PNG,
    "set/mug/2.png": PNG + b"!",
    "set/readme.txt": b"x",
    "set/.h.png": PNG,
}


@pytest.mark.parametrize(
    ("ending", "mode"),
    [("tar", "w"), ("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar.bz2", "w:bz2"), ("tar.xz", "w:xz")],
)
def test_archives(tmp_path: Path, ending: str, mode: str) -> None:
    path = make_tar(tmp_path / f"a.{ending}", MEMBERS, mode)
    source = open_source(path)
    refs = list(source)
    assert [ref.name for ref in refs] == [
        f"{path}::{name}" for name in ("top.png", "set/cup/1.png", "set/mug/2.png")
    ]
    assert [ref.label for ref in refs] == [None, "cup", "mug"]
    assert [ref.read() for ref in refs] == [PNG, PNG, PNG + b"!"]
    assert source.count() == 3
    assert refs[0].is_file is None
    assert len({ref.signature() for ref in refs}) == 3
    assert source.covers(f"{path}::other/x.png")
    assert not source.covers(str(tmp_path / "top.png"))
    assert open_source(path, pattern="mug/*").count() == 0
    assert open_source(path, pattern="**/mug/*").count() == 1


def test_an_archive_is_read_by_many_threads(tmp_path: Path) -> None:
    data = {f"{i}.png": bytes([i]) * (1000 + i) for i in range(50)}
    refs = list(open_source(make_tar(tmp_path / "a.tar", data)))
    wrong: list[str] = []

    def work() -> None:
        wrong.extend(ref.name for ref in refs * 10 if ref.read() != data[ref.name.split("::")[1]])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_links_doubles_and_oddities_in_archives(tmp_path: Path) -> None:
    path = tmp_path / "odd.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in (("a.png", b"old"), ("a.png", PNG), ("empty.png", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        kinds = (
            (tarfile.LNKTYPE, "a.png"),
            (tarfile.SYMTYPE, "../a.png"),
            (tarfile.SYMTYPE, "no"),
            (tarfile.FIFOTYPE, ""),
        )
        for i, (kind, target) in enumerate(kinds):
            info = tarfile.TarInfo(f"d/{i}.png")
            info.type, info.linkname = kind, target
            tar.addfile(info)
    refs = {ref.name.split("::")[1]: ref for ref in open_source(path)}
    assert sorted(refs) == ["a.png", "d/0.png", "d/1.png", "d/2.png", "d/3.png", "empty.png"]
    assert refs["a.png"].read() == refs["d/0.png"].read() == refs["d/1.png"].read() == PNG
    for name, kind in (("d/2.png", ImageNotFound), ("d/3.png", ImageNotFound), ("empty.png", ImageEmpty)):
        with pytest.raises(kind):
            refs[name].read()


def test_damaged_archives(tmp_path: Path) -> None:
    whole = make_tar(
        tmp_path / "a.tar", {f"{i}.png": np.random.default_rng(i).bytes(5000) for i in range(4)}
    ).read_bytes()
    for cut in (512 * 11 + 512 * 11 + 700, 512 * 11 + 100, 512 * 22):
        (tmp_path / "cut.tar").write_bytes(whole[:cut])
        source = open_source(tmp_path / "cut.tar")
        assert 1 <= len(list(source)) <= 3
        assert cut == 512 * 22 or [problem.kind for problem in source.problems] == ["ImageTruncated"]
    (tmp_path / "scribbled.tar").write_bytes(whole[: 512 * 11] + b"\xff" * 512 + whole[512 * 12 :])
    scribbled = open_source(tmp_path / "scribbled.tar")
    assert len(list(scribbled)) == 1
    assert "0.png" in str(scribbled.problems[0])
    (tmp_path / "no.tar").write_bytes(b"this is no archive" * 99)
    with pytest.raises(SourceError, match="not a tar archive"):
        open_source(tmp_path / "no.tar").count()
    packed = make_tar(
        tmp_path / "b.tar.gz", {f"{i}.png": np.random.default_rng(i).bytes(50_000) for i in range(9)}, "w:gz"
    )
    packed.write_bytes(packed.read_bytes()[:300_000])
    source = open_source(packed)
    refs = list(source)
    assert 3 <= len(refs) < 9
    assert len(refs[0].read()) == 50_000
    assert len(source.problems) == 1
    with pytest.raises(ImageTruncated, match="archive ends after"):
        refs[-1].read()


def test_the_real_archives_are_labelled_by_class(shared: Path) -> None:
    for name, images, labels in (
        ("caltech101-112", 9144, 102),
        ("tiny-imagenet-12k", 12_000, 200),
        ("clothing-128", 3781, 10),
    ):
        source = open_source(shared / f"{name}.tar")
        refs = list(source)
        assert (len(refs), len({ref.label for ref in refs})) == (images, labels)
        assert decode(refs[images // 2]).shape[2] == 3
