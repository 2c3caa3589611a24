"""Sources: what they list, in which order, under which names and labels, and what they say if they cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lookalike.errors import ImageNotFound, SourceError
from lookalike.images import ImageSource, decode, open_source
from tests.odd_parts import encoded, picture, running_as_root

PNG = encoded(picture(), "PNG")


def put(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    return root


def short(source: ImageSource, root: Path) -> list[str]:
    return [ref.name.removeprefix(f"{root}/") for ref in source]


def test_a_folder_in_a_fixed_order_with_labels(tmp_path: Path) -> None:
    put(
        tmp_path,
        "b.png",
        "a.JPG",
        "cup/2.png",
        "cup/1.png",
        "cup/deep/x.webp",
        "Z/y.tif",
        ".hidden.png",
        ".dir/h.png",
    )
    (tmp_path / "notes.txt").write_text("no image")
    source = open_source(tmp_path)
    assert short(source, tmp_path) == [
        "a.JPG",
        "b.png",
        "Z/y.tif",
        "cup/1.png",
        "cup/2.png",
        "cup/deep/x.webp",
    ]
    assert [ref.label for ref in source] == [None, None, "Z", "cup", "cup", "deep"]
    assert source.count() == 6
    assert source.problems == []
    assert source.spec == str(tmp_path)
    assert short(open_source(tmp_path, recursive=False), tmp_path) == ["a.JPG", "b.png"]
    assert open_source(tmp_path, hidden=True).count() == 8


def test_one_folder_has_one_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "real/a.png")
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    specs = {open_source(p).spec for p in ("real", "./real/", "link", tmp_path / "real" / ".." / "real")}
    assert specs == {str(tmp_path / "real")}
    assert {ref.name for ref in open_source("link")} == {str(tmp_path / "real" / "a.png")}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png", "cup/b.png", "cup/deep/d.png"]),
        ("cup/*", ["cup/b.png", "cup/c.jpg"]),
        ("cup/**", ["cup/b.png", "cup/c.jpg", "cup/deep/d.png"]),
        ("**/deep/*.png", ["cup/deep/d.png"]),
        ("[ab].png", ["a.png", "cup/b.png"]),
        ("[!ab].*", ["cup/c.jpg", "cup/deep/d.png"]),
        ("?.jpg", ["cup/c.jpg"]),
        ("*.dat", ["cup/raw.dat"]),
        ("none*", []),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    put(tmp_path, "a.png", "cup/b.png", "cup/c.jpg", "cup/deep/d.png", "cup/raw.dat")
    source = open_source(tmp_path, pattern=pattern)
    assert short(source, tmp_path) == expected
    for name in ("a.png", "cup/b.png", "cup/c.jpg", "cup/deep/d.png", "cup/raw.dat"):
        assert source.covers(str(tmp_path / name)) == (name in expected)


def test_glob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "x/a.png", "x/b.jpg", "y/a.png", "y/deep/a.png", "plain[1].png")
    assert short(open_source(str(tmp_path / "*" / "a.png")), tmp_path) == ["x/a.png", "y/a.png"]
    assert short(open_source(f"{tmp_path}/**/a.*"), tmp_path) == ["x/a.png", "y/a.png", "y/deep/a.png"]
    monkeypatch.chdir(tmp_path / "x")
    source = open_source("*.jpg")
    assert [ref.label for ref in source] == [None]
    assert source.spec == f"{tmp_path}/x/*.jpg"
    assert open_source(tmp_path / "plain[1].png").count() == 1  # a file of that name goes before the pattern


def test_covers(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    source = open_source(tmp_path)
    assert source.covers(f"{tmp_path}/gone/x.jpg")
    assert not source.covers(f"{tmp_path}/x.txt")
    assert not source.covers(f"{tmp_path}/.x.jpg")
    assert not source.covers(f"{tmp_path}2/x.jpg")
    assert not open_source(tmp_path, recursive=False).covers(f"{tmp_path}/sub/x.jpg")


def test_links(tmp_path: Path) -> None:
    put(tmp_path, "in/a.png", "out/b.png")
    root = tmp_path / "in"
    (root / "file.png").symlink_to(tmp_path / "out" / "b.png")
    (root / "folder").symlink_to(tmp_path / "out")
    (root / "again").symlink_to(tmp_path / "out")
    (root / "loop").symlink_to(root)
    assert short(open_source(root), root) == ["a.png", "file.png"]
    source = open_source(root, follow_symlinks=True)
    assert short(source, root) == ["a.png", "file.png", "again/b.png"]
    assert ["loop" in str(problem) for problem in source.problems] == [True]


def test_an_unreadable_folder_is_a_problem_not_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.png", "locked/b.png", "z/c.png")
    if running_as_root():
        real = os.scandir

        def scandir(path: str) -> object:
            if str(path).endswith("locked"):
                raise PermissionError(13, "Permission denied")
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)
    else:
        (tmp_path / "locked").chmod(0)
    source = open_source(tmp_path)
    assert short(source, tmp_path) == ["a.png", "z/c.png"]
    assert [problem.kind for problem in source.problems] == ["ImageUnreadable"]
    (tmp_path / "locked").chmod(0o755)


def test_an_empty_folder_has_nothing_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    assert open_source(tmp_path).count() == 0
    assert list(open_source(tmp_path)) == []
    for missing in (tmp_path / "none", tmp_path / "none" / "*.png", Path("nu\x00l")):
        with pytest.raises(SourceError) as caught:
            open_source(missing)
        assert "\n" not in str(caught.value)


def test_listing_is_lazy(tmp_path: Path) -> None:
    put(tmp_path, *(f"{i:03}/a.png" for i in range(20)))
    iterator = iter(open_source(tmp_path))
    next(iterator)
    put(tmp_path, "019/b.png")
    assert sum(1 for _ in iterator) == 20


def test_a_single_file_whatever_its_ending(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "scan")
    for name in ("a.png", "scan"):
        source = open_source(tmp_path / name)
        (ref,) = source
        assert ref.is_file == tmp_path / name
        assert source.covers(ref.name)
        assert decode(ref).shape == (36, 48, 3)


def test_signatures_change_with_the_file(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (ref,) = open_source(tmp_path)
    before = ref.signature()
    assert before == ref.signature()
    assert before.split(":")[0] == str(len(PNG))
    (tmp_path / "a.png").write_bytes(PNG + b"x")
    assert ref.signature() != before
    (tmp_path / "a.png").unlink()
    with pytest.raises(ImageNotFound):
        ref.signature()


def test_a_list_file(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "cup/b.png", " spaced .png")
    text = f"\ufeffa.png\r\n\n# a comment\ncup/b.png\n{tmp_path}/a.png\nmissing.png\n./cup/../cup/b.png\n"
    (tmp_path / "list.txt").write_text(text, encoding="utf-8")
    source = open_source(tmp_path / "list.txt")
    assert short(source, tmp_path) == ["a.png", "cup/b.png", "missing.png"]
    assert [ref.label for ref in source] == [None, "cup", None]
    assert source.covers(f"{tmp_path}/cup/b.png")
    assert not source.covers(f"{tmp_path}/ spaced .png")
    with pytest.raises(ImageNotFound):
        list(source)[2].read()
    (tmp_path / "odd.lst").write_bytes(b"a.png\nlatin-\xe9.png\nnul\x00.png\n")
    odd = open_source(tmp_path / "odd.lst")
    assert len(list(odd)) == 1
    assert len(odd.problems) == 2
