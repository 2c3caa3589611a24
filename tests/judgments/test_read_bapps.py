"""BAPPS in its published layout, written small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.errors import InvalidArgument, JudgmentError
from lookalike.judgments import open_judgments, read_bapps, read_bapps_jnd

from .making import picture, pictures


def _subset(folder: Path, sides: list[str], answers: str, shares: list[float], first: int) -> None:
    for number, side in enumerate(sides):
        names = [f"{n:06d}" for n in range(len(shares))]
        pictures(folder / side, names, first=first + 100 * number)
    (folder / answers).mkdir()
    for number, share in enumerate(shares):
        np.save(folder / answers / f"{number:06d}.npy", np.array([share], dtype=np.float32))


@pytest.fixture
def bapps(tmp_path: Path) -> Path:
    sides = ["ref", "p0", "p1"]
    _subset(tmp_path / "2afc/val/cnn", sides, "judge", [0.0, 0.6], first=0)
    _subset(tmp_path / "2afc/val/color", sides, "judge", [1.0], first=1000)
    _subset(tmp_path / "2afc/train/mix", sides, "judge", [0.5], first=2000)
    _subset(tmp_path / "jnd/val/cnn", sides[1:], "same", [1 / 3, 1.0], first=3000)
    return tmp_path


def test_two_alternative_choices(bapps: Path) -> None:
    table = read_bapps(bapps)
    rows = zip(*(table.column(n) for n in ("split", "subset", "name", "votes_a", "votes_b")), strict=True)
    # 0.6 of 5 people chose p1: 2 against 3; in the training part 0.5 of 2.
    assert list(rows) == [
        ("train", "mix", "000000", 1, 1),
        ("val", "cnn", "000000", 5, 0),
        ("val", "cnn", "000001", 2, 3),
        ("val", "color", "000000", 0, 5),
    ]
    assert table.paths("b")[2] == bapps / "2afc/val/cnn/p1/000001.png"
    assert table.images.name(table.column("a")[1]) == "val/cnn/p0/000000.png"


@pytest.mark.parametrize(
    ("place", "rows"), [("2afc", 4), ("2afc/val", 3), ("2afc/val/cnn", 2), ("2afc/train", 1)]
)
def test_any_folder_of_it(bapps: Path, place: str, rows: int) -> None:
    assert len(read_bapps(bapps / place)) == rows
    assert len(open_judgments(bapps / place)) == rows


def test_one_subset(bapps: Path) -> None:
    assert len(read_bapps(bapps, "cnn")) == 2
    with pytest.raises(JudgmentError, match="no subset 'blur' here; there are cnn, color, mix"):
        read_bapps(bapps, "blur")


def test_jnd(bapps: Path) -> None:
    table = read_bapps_jnd(bapps)
    assert (table.column("votes_same"), table.column("votes_different")) == ([1, 3], [2, 0])
    assert table.paths("a")[1] == bapps / "jnd/val/cnn/p0/000001.png"
    assert open_judgments(bapps, kind="same-different").table.equals(table.table)


def test_a_copy_of_the_reference_is_kept(bapps: Path) -> None:
    """A distortion that changed nothing is a row of the published set like any other."""
    place = bapps / "2afc/val/color"
    (place / "p0" / "000000.png").write_bytes((place / "ref" / "000000.png").read_bytes())
    table = read_bapps(bapps, "color")
    assert table.column("reference") == table.column("a")


def test_shares_of_other_numbers_of_people(bapps: Path) -> None:
    file = bapps / "2afc/val/color/judge/000000.npy"
    np.save(file, np.array([[[0.75]]]))
    assert read_bapps(bapps, "color").column("votes_b") == [3]
    for share, words in (
        (0.123456, "share of no number of people"),
        (1.5, "no share"),
        (float("nan"), "no share"),
    ):
        np.save(file, np.array([share]))
        with pytest.raises(JudgmentError, match=words):
            read_bapps(bapps, "color")


def test_what_is_damaged(bapps: Path) -> None:
    judge = bapps / "2afc/val/color/judge/000000.npy"
    np.save(judge, np.array([1.0, 0.0]))
    with pytest.raises(JudgmentError, match="must hold one share"):
        read_bapps(bapps)
    np.save(judge, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(JudgmentError, match="no NumPy array of numbers"):
        read_bapps(bapps)
    judge.write_bytes(b"")
    with pytest.raises(JudgmentError, match="no NumPy array of numbers"):
        read_bapps(bapps)
    np.save(judge, np.array(1.0))
    image = bapps / "2afc/val/color/p1/000000.png"
    image.unlink()
    with pytest.raises(JudgmentError, match=r"p1/000000\.png: the image is missing"):
        read_bapps(bapps)
    picture(image.with_suffix(".jpg"), 5)
    assert len(read_bapps(bapps)) == 4
    judge.unlink()
    with pytest.raises(JudgmentError, match="there are no judgments"):
        read_bapps(bapps)


def test_no_bapps_here(tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match="no part of BAPPS is here"):
        read_bapps(tmp_path)
    with pytest.raises(InvalidArgument, match="no kind of judgments 'bapps'"):
        open_judgments(tmp_path, kind="bapps")


@pytest.mark.parametrize(
    ("part", "answers", "read"), [("2afc", "judge", read_bapps), ("jnd", "same", read_bapps_jnd)]
)
def test_images_without_a_judgment_are_told(bapps: Path, part: str, answers: str, read: Any) -> None:
    whole = len(read(bapps))
    (bapps / part / "val/cnn" / answers / "000001.npy").unlink()
    (bapps / part / "val/cnn/p0/._000000.png").write_bytes(b"of a file system")
    with pytest.raises(
        JudgmentError, match=rf"{answers}/000001\.npy: the judgment is missing, but .*--skip-bad"
    ):
        read(bapps)
    table = read(bapps, skip_bad=True)
    assert len(table) == whole - 1
    (row,) = table.refused
    assert row.name == f"val/cnn/{answers}/000001.npy"
    assert row.reason == "the judgment is missing, but there are images for it"
