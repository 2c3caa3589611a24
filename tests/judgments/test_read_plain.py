"""Pairs, triplets, answers, ratings from CSV: what is read, and which line is named when a row is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.errors import BadRow, JudgmentError
from lookalike.judgments import (
    Judgments,
    open_judgments,
    read_answers,
    read_pairs,
    read_ratings,
    read_same_different,
    read_things,
    read_tll,
    read_triplets,
)

from .making import picture, pictures, write

NAMES = ["cup", "jug", "pot", "urn"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures(tmp_path / "pics", NAMES)
    return tmp_path


def test_tll(tmp_path: Path) -> None:
    pictures(tmp_path / "left", ["aaa.jpg", "bbb.jpg"])
    pictures(tmp_path / "right", ["aaa.jpg", "ccc.png"], first=10)
    write(
        tmp_path / "pairs.csv",
        "left,right,up_votes,down_votes,topic",
        "aaa,ccc,12,3,dogs",
        "bbb.jpg,aaa.jpg,,0,cats",
    )
    table = read_tll(tmp_path)
    assert [p.relative_to(tmp_path).as_posix() for p in table.paths("right")] == [
        "right/ccc.png",
        "right/aaa.jpg",
    ]
    assert table.column("up_votes") == [12, None]
    assert table.column("topic") == ["dogs", "cats"]
    assert set(table.images.names().values()) == {
        "left/aaa.jpg",
        "left/bbb.jpg",
        "right/aaa.jpg",
        "right/ccc.png",
    }


def test_tll_without_a_folder(tmp_path: Path) -> None:
    pictures(tmp_path / "left", ["a"])
    with pytest.raises(JudgmentError, match="the folder right/ of Totally Looks Like is missing"):
        read_tll(tmp_path)


def test_pairs_of_one_folder(folder: Path) -> None:
    file = write(folder / "mine.csv", "left;right;split", "cup;jug;1", "pics/pot.png;urn;2")
    table = read_pairs(file)
    assert table.column("split") == ["1", "2"]
    assert [p.stem for p in table.paths("left")] == ["cup", "pot"]
    assert len(read_pairs(folder)) == 2
    file = write(folder / "mine.csv", "left,right", "cup,jug", "pot.png,urn")
    assert len(read_pairs(file, images="pics").images) == 4
    assert next(iter(read_pairs(file, images=folder / "pics").images.names().values())) == "cup.png"


def test_triplets_with_votes_or_a_winner(folder: Path) -> None:
    write(
        folder / "triplets.csv", "id,reference,a,b,human,share", "007,cup,jug,pot,b,0.5", "8,cup,pot,urn,A,1"
    )
    table = read_triplets(folder)
    assert (table.column("votes_a"), table.column("votes_b")) == ([0, 1], [1, 0])
    assert table.column("id") == ["007", "8"], "an id with leading zeros is no number"
    assert table.column("share") == [0.5, 1.0]
    assert "human" not in table.table.column_names
    file = write(folder / "more.csv", "\ufeffreference,a,b,votes_a,votes_b", " cup , jug ,pot, 3 ,+1")
    table = read_triplets(file)
    assert (table.column("votes_a"), table.column("votes_b")) == ([3], [1])


def test_a_choice_of_image_folders(tmp_path: Path) -> None:
    for number, side in enumerate(("second", "first")):
        pictures(tmp_path / side, NAMES, first=10 * number)
    pictures(tmp_path / "another", ["cup"], first=50)
    write(tmp_path / "triplets.csv", "reference,a,b,votes_a,votes_b", "cup,jug,pot,1,0", "jug,pot,urn,0,1")
    table = read_triplets(tmp_path)
    assert table.paths("reference")[0] == tmp_path / "first" / "cup.png"
    assert table.note == "images of first/ (also there: second/; choose with images= or --images)"
    assert read_triplets(tmp_path, images="second").paths("a")[0] == tmp_path / "second" / "jug.png"
    with pytest.raises(
        JudgmentError, match=r"no folder of images third \(in the dataset: another, first, second\)"
    ):
        read_triplets(tmp_path, images="third")


def test_names_that_mean_two_files(tmp_path: Path) -> None:
    pictures(tmp_path, ["cup.png", "cup.jpg", "jug", "pot"])
    write(
        tmp_path / "triplets.csv", "reference,a,b,votes_a,votes_b", "jug,pot,cup.jpg,1,0", "jug,cup,pot,1,0"
    )
    with pytest.raises(BadRow, match=r"line 3: a: the name 'cup' may mean .*cup\.jpg or .*cup\.png"):
        read_triplets(tmp_path)


def test_answers(folder: Path) -> None:
    write(
        folder / "answers.csv",
        "participant,query,left,right,chosen,response_time_s,sampler,shown_at",
        "0,cup,jug,pot,pot,9.872,Test,2015-05-29 06:14:02.880243",
        "0,cup,pot,jug,pot,,Random,2015-05-29 06:14:05.1",
        "7,cup,pot,jug,jug,-67.4,Random,2015-05-29 06:14:09.1",
    )
    table = read_answers(folder)
    assert table.column("participant") == ["0", "0", "7"]
    assert table.column("chosen") == [1, 0, 1]
    assert table.column("response_time_s") == [9.872, None, None]
    assert table.note == "negative response times left empty: 1"
    assert [p.stem for p in table.paths("a")] == ["jug", "pot", "pot"]
    votes = table.votes()
    counted = {p.stem: n for p, n in zip(votes.paths("a"), votes.column("votes_a"), strict=True)}
    counted |= {p.stem: n for p, n in zip(votes.paths("b"), votes.column("votes_b"), strict=True)}
    assert counted == {"pot": 2, "jug": 1}
    assert len(table.where(sampler="Test", participant=0)) == 1


def test_ratings_and_same_different(folder: Path) -> None:
    write(folder / "ratings.csv", "a,b,rating,raters,why", "cup,jug,4.5,10,form", "cup,pot,-1e0,,colour")
    table = read_ratings(folder, low=-5, high=5)
    assert (table.column("rating"), table.column("raters"), table.scale()) == (
        [4.5, -1.0],
        [10, None],
        (-5, 5),
    )
    with pytest.raises(BadRow, match=r"line 2: rating 4\.5 is outside the scale -1 to 1"):
        read_ratings(folder, low=-1, high=1)
    file = write(folder / "votes.csv", "a,b,votes_same,votes_different", "cup,cup,3,0", "cup,pot,1,2")
    assert read_same_different(file).column("votes_same") == [3, 1]


_TRIPLETS = "reference,a,b,votes_a,votes_b"
BAD_TRIPLETS = [
    ("cup,jug,mug,1,2", "b: no image 'mug'"),
    ("cup,jug,pot,-1,2", "votes_a is -1"),
    ("cup,cup,pot,1,2", "reference and a are the same image, .*cup.png"),
    ("cup,pot,pot,1,2", "a and b are the same image"),
    ("cup,,pot,1,2", "the cell a is empty"),
    ("cup,  ,pot,1,2", "the cell a is empty"),
    ("cup,jug,pot,one,2", "votes_a is 'one', which is not a whole number"),
    ("cup,jug,pot,1.5,2", "votes_a is '1.5', which is not a whole number"),
    ("cup,jug,pot,,2", "the cell votes_a is empty"),
    ("cup,jug,pot,1", "has 4 cells where the header has 5"),
    ("cup,jug,pot,1,2,3", "has 6 cells where the header has 5"),
    ("cup,jug,pot,99999999999,2", "votes_a is '99999999999', which is no int32"),
    ("cup,../../etc/passwd\x07,pot,1,2", r"no image '../../etc/passwd\\x07'|passwd"),
]


@pytest.mark.parametrize(("row", "words"), BAD_TRIPLETS)
def test_bad_triplets(folder: Path, row: str, words: str) -> None:
    write(
        folder / "triplets.csv",
        _TRIPLETS,
        "cup,jug,pot,1,0",
        "",
        '"cup","jug",pot,1,0',
        row,
        "cup,jug,urn,0,1",
    )
    with pytest.raises(BadRow, match=words) as caught:
        read_triplets(folder)
    assert caught.value.line == 5, "the empty line counts"
    assert str(caught.value).isprintable()


def test_the_line_after_a_cell_of_two_lines(folder: Path) -> None:
    write(
        folder / "triplets.csv", _TRIPLETS + ",why", 'cup,jug,pot,1,0,"first', 'second"', "cup,jug,mug,1,0,x"
    )
    with pytest.raises(BadRow) as caught:
        read_triplets(folder)
    assert caught.value.line == 4


def test_many_bad_rows_are_counted(folder: Path) -> None:
    rows = ["cup,jug,pot,1,0", *["cup,jug,pot,1,-3"] * 7]
    write(folder / "triplets.csv", _TRIPLETS, *rows)
    with pytest.raises(BadRow, match=r"line 3: votes_b is -3: .* \(7 rows are wrong like this\)"):
        read_triplets(folder)


@pytest.mark.parametrize(
    ("reader", "lines", "words"),
    [
        (read_triplets, ["reference,a,b", "cup,jug,pot"], "nothing says what people chose"),
        (
            read_triplets,
            ["reference,a,b,human", "cup,jug,pot,left"],
            "line 2: human is 'left': the side must be a or b",
        ),
        (read_triplets, ["reference,a,b,votes_a", "cup,jug,pot,1"], "column votes_b is missing"),
        (read_pairs, ["left,rigth", "cup,jug"], r"column right is missing \(there are: left, rigth\)"),
        (read_pairs, ["left,right", "cup,cup"], "line 2: left and right are the same image"),
        (read_pairs, ["left,right,up_votes", "cup,jug,-1"], "line 2: up_votes is -1"),
        (read_pairs, ["left,right,right", "cup,jug,pot"], "two columns are called right"),
        (read_pairs, ["left,right,", "cup,jug,pot"], "a column has no name"),
        (read_pairs, ["left,right"], "no rows below the header"),
        (
            read_answers,
            ["participant,query,left,right,chosen", "1,cup,jug,pot,urn"],
            "chosen is 'urn', which is neither",
        ),
        (read_answers, ["participant,query,left,right,chosen", ",cup,jug,pot,jug"], "participant is empty"),
        (read_ratings, ["a,b,rating", "cup,jug,nan"], "rating is 'nan', which is not a number"),
        (read_ratings, ["a,b,rating", "cup,jug,high"], "line 2: rating is 'high', which is not a number"),
    ],
)
def test_what_is_refused(
    folder: Path, reader: Callable[[Path], Judgments], lines: list[str], words: str
) -> None:
    with pytest.raises(JudgmentError, match=words):
        reader(write(folder / "table.csv", *lines))


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match="no such file or folder"):
        read_pairs(tmp_path / "none.csv")
    with pytest.raises(JudgmentError, match=r"pairs\.csv is missing \(there is no CSV file\)"):
        read_pairs(tmp_path)
    with pytest.raises(JudgmentError, match="no CSV file of UTF-8 text"):
        read_pairs(picture(tmp_path / "x.png", 1))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(JudgmentError, match=r"empty\.csv is empty"):
        read_pairs(tmp_path / "empty.csv")
    (tmp_path / "zwei.csv").write_bytes("left,right\nMüll,b\n".encode("latin-1"))
    with pytest.raises(JudgmentError, match="UTF-8"):
        read_pairs(tmp_path / "zwei.csv")
    with pytest.raises(JudgmentError, match="name the CSV file"):
        read_pairs(tmp_path)


@pytest.mark.parametrize("top", ["\n", "\n\n \t\n", "\r\n", "\ufeff\n"])
@pytest.mark.parametrize("mark", [",", ";"])
def test_blank_lines_above_the_header(folder: Path, top: str, mark: str) -> None:
    lines = ["left,right,n", "cup,jug,1", "", "pot,urn,2"]
    file = folder / "mine.csv"
    file.write_bytes((top + "\n".join(lines).replace(",", mark)).encode())
    table = read_pairs(file)
    assert table.column("n") == [1, 2]
    file.write_bytes((top + "\n".join([*lines, "cup,mug,3"]).replace(",", mark)).encode())
    with pytest.raises(BadRow, match=f"line {top.count(chr(10)) + 5}: "):
        read_pairs(file)
    file.write_bytes((top + "\n".join([*lines, "cup,pot"]).replace(",", mark)).encode())
    with pytest.raises(BadRow, match=f"line {top.count(chr(10)) + 5}: has 2 cells"):
        read_pairs(file)


def test_a_header_in_capitals(folder: Path) -> None:
    table = read_pairs(write(folder / "mine.csv", "Left, RIGHT ,Up_Votes,Mood,Title", "cup,jug,3,glad,x"))
    assert table.column("up_votes") == [3]
    assert {"Mood", "Title"} <= set(table.table.column_names), "other columns keep their letters"
    assert len(open_judgments(folder)) == 1
    file = write(folder / "mine.csv", "left,right,Right", "cup,jug,pot")
    table = read_pairs(file)
    assert (table.column("Right"), table.paths("right")[0].stem) == (["pot"], "jug")
    write(file, "Left,LEFT,right", "cup,jug,pot")
    with pytest.raises(JudgmentError, match=r"the column left is missing \(there are: Left, LEFT, right\)"):
        read_pairs(file)


def test_a_folder_whose_name_is_not_utf8(folder: Path) -> None:
    write(folder / "pairs.csv", "left,right", "cup,jug")
    write(folder / "odd.txt", "cup jug pot")
    place = folder.rename(folder.with_name("bad\udcff"))
    table = open_judgments(place, kind="pairs")
    assert len(read_things(place / "odd.txt", place / "pics")) == 1
    table.save(place / "saved", copy_images=True)
    assert len(open_judgments(place / "saved")) == 1
