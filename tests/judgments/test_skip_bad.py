"""Rows whose images are missing, empty or unreadable: refused with one line, or left out, listed and counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import BadRow, JudgmentError
from lookalike.judgments import (
    Judgments,
    content_ids,
    load_judgments,
    open_judgments,
    read_answers,
    read_bapps,
    read_bapps_jnd,
    read_nights,
    read_nights_jnd,
    read_pairs,
    read_ratings,
    read_same_different,
    read_things,
    read_tll,
    read_triplets,
)
from tests.benchmarks.published_layouts import bapps, nights, things

from .making import pictures, write

EMPTY = "the file is empty (0 bytes)"


@pytest.fixture
def tll(tmp_path: Path) -> Path:
    """Six pairs; on line 3 the left image is empty, on line 5 the right one is missing, on line 6 both are bad."""
    names = ["p1", "p2", "p3", "p4", "p5", "p6"]
    left = pictures(tmp_path / "left", names)
    right = pictures(tmp_path / "right", names, first=20)
    write(tmp_path / "pairs.csv", "left,right,up_votes", *(f"{n},{n},{k}" for k, n in enumerate(names)))
    left[1].write_bytes(b"")
    right[3].unlink()
    left[4].unlink()
    right[4].write_bytes(b"")
    return tmp_path


def test_pairs(tll: Path) -> None:
    with pytest.raises(
        BadRow, match=r"line 3: left: .*left/p2\.png: the file is empty .*\(3 rows are wrong like"
    ):
        read_tll(tll)
    # The image p4 of left/ does not stand in for the one that is missing in right/.
    table = read_tll(tll, skip_bad=True)
    assert table.column("up_votes") == [0, 2, 5]
    assert [(row.name, row.line) for row in table.refused] == [
        ("left/p2.png", 3), ("right/p4", 5), ("left/p5", 6),
    ]  # fmt: skip
    assert table.refused[0].reason == EMPTY
    assert table.refused[1].reason == "there is no such image"
    assert table.refused[2].reason == f"there is no such image; also right/p5.png: {EMPTY}"
    assert not any(content.startswith("bad:") for content in table.images)


def test_the_first_bad_row_and_how_many_more(tll: Path) -> None:
    pictures(tll / "left", ["p5"], first=40)
    pictures(tll / "right", ["p4"], first=41)
    # What is left are two empty files, on lines 3 and 6: they are found on reading, and counted together.
    with pytest.raises(BadRow) as found:
        read_pairs(tll)
    text = str(found.value)
    assert found.value.line == 3
    assert "left/p2.png: the file is empty (0 bytes); skip_bad=True (--skip-bad) leaves such rows out" in text
    assert text.endswith("(2 rows are wrong like this)")


def test_refused_is_carried(tll: Path) -> None:
    table = read_tll(tll, skip_bad=True)
    assert len(table.refused) == 3
    assert table.where(up_votes=2).refused == table.refused
    assert table.select([0]).refused == table.refused
    facts = table.describe()
    assert facts["rows"] == 3
    assert facts["refused"][0] == {"name": "left/p2.png", "line": 3, "reason": EMPTY}
    # A whole table has none.
    assert table.select(np.array([], dtype=int)).describe()["refused"] == facts["refused"]


def test_other_errors_are_still_errors(tll: Path) -> None:
    write(tll / "pairs.csv", "left,right,up_votes", "p2,p2,1", "p1,p1,-4", "p3,p3,2")
    # The line is that of the file, although the row above was left out.
    with pytest.raises(BadRow, match="line 3: up_votes is -4"):
        read_tll(tll, skip_bad=True)
    pictures(tll / "left" / "deep", ["q"])
    pictures(tll / "left" / "down", ["q"])
    write(tll / "pairs.csv", "left,right", "q,p1")
    with pytest.raises(BadRow, match="may mean"):
        read_tll(tll, skip_bad=True)


def test_nothing_left_is_an_error(tll: Path) -> None:
    write(tll / "pairs.csv", "left,right", "p2,p2", "p4,p4")
    with pytest.raises(
        JudgmentError, match=r"none of the 2 rows can be used; line 2: left/p2\.png: the file is"
    ):
        read_tll(tll, skip_bad=True)


TABLES: dict[str, tuple[Callable[..., Judgments], list[str]]] = {
    "triplets.csv": (read_triplets, ["reference,a,b,votes_a,votes_b", "a,b,c,1,2", "a,b,gone,1,2", "a,nil,c,3,0"]),
    "answers.csv": (
        read_answers,
        ["participant,query,left,right,chosen", "1,a,b,c,b", "1,a,b,gone,b", "2,nil,b,c,c"],
    ),
    "ratings.csv": (read_ratings, ["a,b,rating", "a,b,0.5", "gone,b,0.1", "c,nil,0.2"]),
    "votes.csv": (read_same_different, ["a,b,votes_same,votes_different", "a,b,1,2", "gone,b,1,2", "c,nil,0,1"]),
    "odd.csv": (read_things, ["a,b,c,odd", "a,b,c,c", "a,b,gone,a", "nil,b,c,b"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_every_csv(tmp_path: Path, name: str) -> None:
    read, lines = TABLES[name]
    images = pictures(tmp_path, ["a", "b", "c", "nil"])
    images[3].write_bytes(b"")
    file = write(tmp_path / name, *lines)
    with pytest.raises(BadRow, match=r"line 3: .*--skip-bad"):
        read(file)
    for table in (read(file, skip_bad=True), open_judgments(file, skip_bad=True)):
        assert len(table) == 1
        assert [row.line for row in table.refused] == [3, 4]
        assert [row.name for row in table.refused] == ["gone", "nil.png"]


def test_answers_hand_theirs_to_the_votes(tmp_path: Path) -> None:
    pictures(tmp_path, ["a", "b", "c"])
    write(tmp_path / "answers.csv", *TABLES["answers.csv"][1])
    assert [row.name for row in read_answers(tmp_path, skip_bad=True).votes().refused] == ["gone", "nil"]


def test_the_folder_with_most_images_is_chosen(tmp_path: Path) -> None:
    pictures(tmp_path / "day", ["a", "b"])
    pictures(tmp_path / "night", ["a", "b", "c"], first=10)
    file = write(tmp_path / "triplets.csv", "reference,a,b,votes_a,votes_b", "a,b,c,1,2", "a,b,gone,1,2")
    table = read_triplets(file, skip_bad=True)
    assert table.note == "images of night/"
    assert [row.name for row in table.refused] == ["gone"]


def test_nights(tmp_path: Path) -> None:
    nights(tmp_path)
    (tmp_path / "distort/000/002_1.png").write_bytes(b"")
    (tmp_path / "ref/000/003.png").unlink()
    with pytest.raises(BadRow, match=r"line 3: b: .*002_1\.png: the file is empty.* \(2 rows are"):
        read_nights(tmp_path, split="test")
    table = read_nights(tmp_path, split="test", skip_bad=True)
    assert len(table) == 3
    assert [(row.name, row.line) for row in table.refused] == [
        ("distort/000/002_1.png", 3), ("ref/000/003.png", 4),
    ]  # fmt: skip
    # Each line of the JND votes is two rows: only the pairs that show a bad image go.
    pairs = read_nights_jnd(tmp_path, skip_bad=True)
    assert list(zip(pairs.column("id"), pairs.column("side"), strict=True)) == [
        ("1", "left"), ("2", "left"), ("1", "right"),
    ]  # fmt: skip
    assert sorted(row.line for row in pairs.refused) == [3, 4, 4]


def test_bapps(tmp_path: Path) -> None:
    bapps(tmp_path)
    (tmp_path / "2afc/val/cnn/p1/001.png").unlink()
    (tmp_path / "2afc/train/cnn/ref/000.png").write_bytes(b"")
    (tmp_path / "jnd/val/cnn/p0/000.png").write_bytes(b"")
    with pytest.raises(JudgmentError, match=r"p1/001\.png: the image is missing.*--skip-bad"):
        read_bapps(tmp_path)
    with pytest.raises(JudgmentError, match=r"p0/000\.png: the file is empty.*--skip-bad"):
        read_bapps_jnd(tmp_path)
    table = read_bapps(tmp_path, skip_bad=True)
    assert len(table) == 2
    assert {row.name for row in table.refused} == {"val/cnn/p1/001.png", "train/cnn/ref/000.png"}
    assert [row.name for row in read_bapps_jnd(tmp_path, skip_bad=True).refused] == ["val/cnn/p0/000.png"]


def test_things(tmp_path: Path) -> None:
    things(tmp_path)
    (tmp_path / "images/dog.png").write_bytes(b"")
    with pytest.raises(BadRow, match=r"line 4: b: .*the file is empty"):
        read_things(tmp_path, tmp_path / "images")
    table = read_things(tmp_path, tmp_path / "images", skip_bad=True)
    assert len(table) == 3
    assert table.refused == [("dog.png", 4, EMPTY)]


def test_saved(tll: Path, tmp_path: Path) -> None:
    table = read_tll(tll, skip_bad=True)
    table.save(tmp_path / "saved", copy_images=True)
    (tmp_path / "saved/images/left/p3.png").write_bytes(b"")
    assert len(load_judgments(tmp_path / "saved")) == 3
    again = open_judgments(tmp_path / "saved", skip_bad=True)
    assert again.column("up_votes") == [0, 5]
    assert again.refused == [("left/p3.png", 2, "no file with its bytes was found here")]
    table.save(tmp_path / "bare")
    with pytest.raises(JudgmentError, match=r"none of the 3 rows can be used.*--images"):
        load_judgments(tmp_path / "bare", skip_bad=True)


def test_progress_counts_the_files(tll: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []
    open_judgments(tll, skip_bad=True, progress=lambda *some: told.append(some))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["looking for the images", "reading the images (their content names them)"]
    assert told[-1][1:] == (10, 10)  # 12 names, two of them without a file
    # What is known already counts as done at once.
    files = pictures(tll / "more", [f"m{n}" for n in range(40)])
    monkeypatch.setattr("lookalike.judgments.content._HASH_AT_ONCE", 25)
    steps: list[int] = []
    assert content_ids(files, lambda *told: steps.append(told[1])) == content_ids(files)
    assert steps == [0, 16, 25, 25, 40]
