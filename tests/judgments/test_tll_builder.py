"""The site's composites cut as the paper says, checked pixel by pixel."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import BadRow, InvalidArgument, JudgmentError
from lookalike.judgments import build_tll, read_tll
from lookalike.judgments.tll_builder import BEGUN, split_composite

from .making import write


def _composite(file: Path, number: int, size: tuple[int, int] = (401, 271)) -> NDArray[np.uint8]:
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file)
    return pixels


def test_which_pixels_go_where() -> None:
    """Column x of the composite is 0..400, row y 0..270: 400 and 245.. are dropped, 200 begins the right half."""
    pixels = np.zeros((271, 401, 3), dtype=np.uint8)
    pixels[..., 0] = np.arange(271)[:, None] % 256
    pixels[..., 1] = np.arange(401)[None, :] % 256
    left, right = split_composite(pixels)
    assert left.shape == right.shape == (245, 200, 3)
    assert (left[0, 0, 1], left[0, -1, 1], right[0, 0, 1], right[0, -1, 1]) == (0, 199, 200, 399 % 256)
    assert (left[0, 0, 0], left[-1, 0, 0], right[-1, 0, 0]) == (0, 244, 244)


def test_build_and_read(tmp_path: Path) -> None:
    made = {name: _composite(tmp_path / "in" / f"{name}.png", n) for n, name in enumerate("abc")}
    _composite(tmp_path / "in" / "small.png", 5, (400, 271))
    (tmp_path / "in" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    (tmp_path / "in" / "notes.txt").write_text("not an image")
    steps: list[tuple[str, int, int]] = []
    built = build_tll(tmp_path / "in", tmp_path / "out", progress=lambda *step: steps.append(step))
    assert built.pairs == 3
    assert built.refused[0] == ("small.png", "has 400x271 pixels, a composite of the site has 401x271")
    assert built.refused[1][0] == "torn.jpg"
    assert steps[-1] == ("cutting composites", 5, 5)
    assert (
        tmp_path / "out" / "pairs.csv"
    ).read_text() == "left,right\na.png,a.png\nb.png,b.png\nc.png,c.png\n"
    table = read_tll(tmp_path / "out")
    with Image.open(table.paths("right")[1]) as image:
        assert np.array_equal(np.asarray(image), made["b"][:245, 200:400])
    assert not list((tmp_path / "out").rglob("small*"))


def test_jpeg(tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 401)[None, :, None].repeat(271, 0).repeat(3, 2).astype(np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(smooth).save(tmp_path / "in" / "a.png")
    build_tll(tmp_path / "in", tmp_path / "out", format="jpeg")
    with Image.open(tmp_path / "out" / "left" / "a.jpg") as image:
        assert image.format == "JPEG"
        assert np.abs(np.asarray(image).astype(int) - smooth[:245, :200]).max() <= 3
    assert (tmp_path / "out" / "pairs.csv").read_text().endswith("a.jpg,a.jpg\n")
    bad: Any = "gif"
    with pytest.raises(InvalidArgument, match="png or jpeg, not 'gif'"):
        build_tll(tmp_path / "in", tmp_path / "again", format=bad)


def test_votes(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        _composite(tmp_path / "in" / f"{name}.png", number)
    votes = write(tmp_path / "votes.csv", "id,up_votes,down_votes", "a,10,2", "b.jpg,0,", "unknown,5,5")
    built = build_tll(tmp_path / "in", tmp_path / "out", votes=votes)
    assert (built.pairs, built.with_votes) == (3, 2)
    table = read_tll(tmp_path / "out")
    assert (table.column("up_votes"), table.column("down_votes")) == ([10, 0, None], [2, None, None])
    for row, words in (
        ("b,-1,0", "line 3: -1 votes"),
        ("a,1,1", "line 3: 'a' has votes already"),
        ("b,x,1", "up_votes is 'x'"),
    ):
        write(votes, "id,up_votes,down_votes", "a,10,2", row)
        with pytest.raises(BadRow, match=words):
            build_tll(tmp_path / "in", tmp_path / "again", votes=votes)
    assert not (tmp_path / "again").exists()


def test_two_composites_of_one_name(tmp_path: Path) -> None:
    _composite(tmp_path / "in" / "a.bmp", 1)
    _composite(tmp_path / "in" / "a.png", 2)
    built = build_tll(tmp_path / "in", tmp_path / "out")
    assert built.refused == [("a.png", "another composite is called a too")]


def test_names_that_sort_between(tmp_path: Path) -> None:
    """ "a-1" sorts between "a.bmp" and ... nothing: whatever the order, no pair is overwritten."""
    for number, name in enumerate(["a.bmp", "a-1.png", "a.png", "a+.png", "a.x.png"]):
        _composite(tmp_path / "in" / name, number)
    built = build_tll(tmp_path / "in", tmp_path / "out")
    assert built.pairs == 4
    assert len(list((tmp_path / "out" / "left").iterdir())) == 4


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match="no folder of composites"):
        build_tll(tmp_path / "none", tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(JudgmentError, match="holds no images"):
        build_tll(tmp_path / "in", tmp_path / "out")
    _composite(tmp_path / "in" / "a.png", 1)
    build_tll(tmp_path / "in", tmp_path / "out")
    before = hashlib.sha256((tmp_path / "out" / "left" / "a.png").read_bytes()).hexdigest()
    with pytest.raises(JudgmentError, match=r"holds pairs\.csv already"):
        build_tll(tmp_path / "in", tmp_path / "out")
    assert hashlib.sha256((tmp_path / "out" / "left" / "a.png").read_bytes()).hexdigest() == before
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JudgmentError, match="cannot write"):
        build_tll(tmp_path / "in", tmp_path / "file")


def test_a_name_that_is_not_utf8_is_left_out(tmp_path: Path) -> None:
    _composite(tmp_path / "in" / "a.png", 1)
    _composite(tmp_path / "in" / "b.png", 2)
    (tmp_path / "in" / "b.png").rename(tmp_path / "in" / os.fsdecode(b"b\xff.png"))
    _composite(tmp_path / "in" / " c.png", 3)
    built = build_tll(tmp_path / "in", tmp_path / "out")
    assert built.pairs == 1
    assert [name for name, _ in built.refused] == [" c.png", "b\\udcff.png"]
    assert all("cannot stand in a table" in reason for _, reason in built.refused)
    json.dumps(built.to_dict(), ensure_ascii=False).encode()
    assert len(read_tll(tmp_path / "out")) == 1


def test_an_interrupted_build_can_be_run_again(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        _composite(tmp_path / "in" / f"{name}.png", number)

    def stop(_: str, done: int, __: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_tll(tmp_path / "in", tmp_path / "out", format="jpeg", progress=stop)
    assert not (tmp_path / "out" / "pairs.csv").exists()
    assert (tmp_path / "out" / BEGUN).exists()
    (tmp_path / "in" / "a.png").unlink()
    assert build_tll(tmp_path / "in", tmp_path / "out").pairs == 2
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["left", "pairs.csv", "right"]
    assert sorted(file.name for file in (tmp_path / "out" / "left").iterdir()) == ["b.png", "c.png"]
    assert len(read_tll(tmp_path / "out")) == 2


def test_pairs_appear_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _composite(tmp_path / "in" / "a.png", 1)

    def half(file: Path, *_: object) -> None:
        file.write_text("left,ri")
        raise KeyboardInterrupt

    monkeypatch.setattr("lookalike.judgments.tll_builder._write_pairs", half)
    with pytest.raises(KeyboardInterrupt):
        build_tll(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out" / "pairs.csv").exists()
    monkeypatch.undo()
    assert build_tll(tmp_path / "in", tmp_path / "out").pairs == 1
    assert not (tmp_path / "out" / "pairs.csv.new").exists()


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    _composite(tmp_path / "in" / "a.png", 1)
    _composite(tmp_path / "mine" / "left" / "a.png", 2)
    before = (tmp_path / "mine" / "left" / "a.png").read_bytes()
    with pytest.raises(JudgmentError, match=r"holds left/ already, and not from an interrupted build"):
        build_tll(tmp_path / "in", tmp_path / "mine")
    assert (tmp_path / "mine" / "left" / "a.png").read_bytes() == before
