"""NIGHTS in its published layout, written small."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import BadRow, InvalidArgument, JudgmentError
from lookalike.judgments import open_judgments, read_nights, read_nights_jnd

from .making import pictures, write

HEADER = "id,left_vote,right_vote,votes,ref_path,left_path,right_path,prompt,split,is_imagenet"


def _line(
    number: int, left: float, votes: int, split: str, imagenet: bool, right: float | None = None
) -> str:
    place = f"{number // 2:03d}/{number % 2:03d}"
    paths = f"ref/{place}.png,distort/{place}_0.png,distort/{place}_1.png"
    other = 1 - left if right is None else right
    return f'{number},{left},{other},{votes},{paths},"cat, tabby",{split},{imagenet}'


ROWS = [
    _line(0, 1, 6, "train", True),
    _line(1, 0, 7, "train", False),
    _line(2, 1, 5, "train", True),
    _line(3, 0, 8, "val", True),
    _line(4, 1, 6, "test", True),
    _line(5, 0, 10, "test", False),
    _line(6, 0, 9, "test", False),
]


@pytest.fixture
def nights(tmp_path: Path) -> Path:
    for number in range(7):
        place = f"{number // 2:03d}/{number % 2:03d}"
        pictures(tmp_path, [f"ref/{place}", f"distort/{place}_0", f"distort/{place}_1"], first=3 * number)
    write(tmp_path / "data.csv", HEADER, *ROWS)
    return tmp_path


def test_two_alternative_choices(nights: Path) -> None:
    table = read_nights(nights)
    assert table.column("id") == [0, 1, 3, 4, 5, 6], "the row with 5 votes is filtered"
    assert table.column("votes_a") == [6, 0, 0, 6, 0, 0]
    assert table.column("votes_b") == [0, 7, 8, 0, 10, 9]
    assert table.paths("b")[1] == nights / "distort/000/001_1.png"
    assert table.images.name(table.column("reference")[0]) == "ref/000/000.png"
    assert table.column("prompt")[0] == "cat, tabby"
    assert table.column("is_imagenet") == [True, False, True, True, False, False]
    assert table.describe()["splits"] == {"test": 3, "train": 2, "val": 1}
    assert table.note == "6 of 7 triplets with at least 6 votes"
    assert len(read_nights(nights, min_votes=0)) == 7


@pytest.mark.parametrize(
    ("split", "ids"),
    [
        ("train", [0, 1]),
        ("val", [3]),
        ("test", [4, 5, 6]),
        ("test_imagenet", [4]),
        ("test_no_imagenet", [5, 6]),
    ],
)
def test_splits(nights: Path, split: str, ids: list[int]) -> None:
    assert read_nights(nights, split=split).column("id") == ids


def test_unfiltered_rows_hold_shares(nights: Path) -> None:
    """2 of 3 people chose left: 0.67 x 3 rounds to 2."""
    write(nights / "data.csv", HEADER, _line(0, 0.67, 3, "train", True, right=0.33))
    table = read_nights(nights, min_votes=1)
    assert (table.column("votes_a"), table.column("votes_b")) == ([2], [1])


def test_part_of_the_chunks(nights: Path) -> None:
    (nights / "distort" / "001" / "001_0.png").unlink()
    with pytest.raises(BadRow, match=r"line 5: a: no image 'distort/001/001_0\.png'"):
        read_nights(nights)
    table = read_nights(nights, skip_missing=True)
    assert table.column("id") == [0, 1, 4, 5, 6]
    assert table.note.endswith("1 left out, their images are absent")
    assert len(read_nights(nights, split="test")) == 3, "only the rows asked for need their images"


def test_bad_rows(nights: Path) -> None:
    with pytest.raises(InvalidArgument, match="no split 'dev'"):
        read_nights(nights, split="dev")
    with pytest.raises(JudgmentError, match="no triplet of NIGHTS is left"):
        read_nights(nights, min_votes=99)
    write(nights / "data.csv", HEADER, ROWS[2], _line(1, 1, 6, "train", True, right=1))
    with pytest.raises(BadRow, match="line 3: left_vote 1 and right_vote 1 are no shares"):
        read_nights(nights)
    write(nights / "data.csv", HEADER, ROWS[0].replace("True", "perhaps"))
    with pytest.raises(BadRow, match="line 2: is_imagenet is 'perhaps'"):
        read_nights(nights)
    write(nights / "data.csv", "id,votes", "1,6")
    with pytest.raises(JudgmentError, match="column is_imagenet is missing"):
        read_nights(nights)


def test_jnd_votes_of_people(nights: Path) -> None:
    paths = "ref/000/000.png,distort/000/000_0.png,distort/000/000_1.png"
    write(
        nights / "jnd_votes.csv",
        "id,ref_path,left_path,right_path,left_votes,right_votes",
        f"0,{paths},2,0",
        f"5,{paths},3,1",
    )
    table = read_nights_jnd(nights)
    assert table.column("votes_same") == [2, 3, 0, 1]
    assert table.column("votes_different") == [1, 0, 3, 2]
    assert table.column("side") == ["left", "left", "right", "right"]
    assert table.column("id") == ["0", "5", "0", "5"]
    assert table.paths("b")[2] == nights / "distort/000/000_1.png"
    assert len(open_judgments(nights, kind="same-different")) == 4


@pytest.mark.parametrize(
    ("header", "row", "same", "different"),
    [
        ("id,left_same,right_same", "1,1,0", [1, 0], [0, 1]),
        ("id,left_same,right_same,votes", "1,1,0.25,4", [4, 1], [0, 3]),
        ("id,left_vote,right_vote", "1,0.333,0.667", [1, 2], [2, 1]),
    ],
)
def test_jnd_by_id(nights: Path, header: str, row: str, same: list[int], different: list[int]) -> None:
    write(nights / "jnd_votes.csv", header, row)
    table = read_nights_jnd(nights)
    assert (table.column("votes_same"), table.column("votes_different")) == (same, different)
    assert table.paths("a")[0] == nights / "ref/000/001.png"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["id,left_votes,right_votes", "1,2,0", "2,4,0"], "line 3: left_votes is 4: .* from 0 to 3"),
        (["id,left_votes,right_votes", "1,2,0", "2,1.5,0"], "line 3: left_votes is 1.5"),
        (["id,left_votes,right_votes", "99,2,0"], "line 2: data.csv has no id '99'"),
        (["id,votes", "1,2"], "nothing says who saw the same"),
        (["left_votes,right_votes", "1,2"], "the images are not named"),
    ],
)
def test_bad_jnd(nights: Path, lines: list[str], words: str) -> None:
    write(nights / "jnd_votes.csv", *lines)
    with pytest.raises(JudgmentError, match=words):
        read_nights_jnd(nights)
