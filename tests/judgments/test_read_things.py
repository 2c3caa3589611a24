"""THINGS triplets as published (numbers from 0, the odd one last), and CSV of the same kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import BadRow, JudgmentError
from lookalike.judgments import OddOneOutTable, open_judgments, read_things

from .making import pictures, write

CONCEPTS = ["aardvark", "abacus", "accordion", "acorn"]


@pytest.fixture
def things(tmp_path: Path) -> Path:
    pictures(tmp_path / "images", [f"{name}.jpg" for name in CONCEPTS])
    write(tmp_path / "triplets" / "validationset.txt", "0 1 2", "3 1 0")
    write(tmp_path / "triplets" / "trainset.txt", "2 1 3", "0 3 2", "1 2 0")
    write(tmp_path / "unique_id.txt", *CONCEPTS)
    return tmp_path


def _stems(table: OddOneOutTable, column: str) -> list[str]:
    return [path.stem for path in table.paths(column)]


def test_published_triplets(things: Path) -> None:
    table = read_things(things / "triplets", things / "images")
    assert _stems(table, "a") == ["aardvark", "acorn"]
    assert _stems(table, "c") == ["accordion", "aardvark"]
    assert [table.column(f"votes_{side}") for side in "abc"] == [[0, 0], [0, 0], [1, 1]]
    assert table.column("split") == ["val", "val"]
    assert len(read_things(things / "triplets", things / "images", split="train")) == 3
    assert (
        read_things(things / "triplets" / "trainset.txt", things / "images").column("split") == ["train"] * 3
    )
    assert open_judgments(things / "triplets", images=things / "images").table.equals(table.table)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("names.csv", ["number,image", "0,aardvark.jpg", "1,abacus.jpg", "2,accordion.jpg", "3,acorn.jpg"]),
        ("things_concepts.tsv", ["Word\tuniqueID", *(f"a word\t{name}" for name in CONCEPTS)]),
    ],
)
def test_tables_of_names(things: Path, name: str, lines: list[str]) -> None:
    (things / "unique_id.txt").unlink()
    file = write(things / "images" / name, *lines)
    assert _stems(read_things(things / "triplets", things / "images"), "b") == ["abacus", "abacus"]
    moved = file.rename(things / "elsewhere.tsv") if name.endswith("tsv") else file.rename(things / "x.csv")
    assert len(read_things(things / "triplets", things / "images", names=moved)) == 2


def test_names_in_the_triplets_themselves(things: Path) -> None:
    file = write(things / "images" / "things_valset.txt", "aardvark acorn abacus")
    assert _stems(read_things(file), "c") == ["abacus"]


def test_numbers_that_are_file_names(tmp_path: Path) -> None:
    pictures(tmp_path, ["0", "1", "2"])
    assert _stems(read_things(write(tmp_path / "trainset.txt", "2 0 1")), "a") == ["2"]


def test_numbers_written_as_floats(things: Path) -> None:
    file = write(things / "triplets" / "validationset.txt", "0.0 1.0 2.0", "3.000e+00 1.0 0.0")
    assert _stems(read_things(file, things / "images"), "a") == ["aardvark", "acorn"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 1 4", r"line 3: c is 4, but unique_id\.txt names 4 images, counted from 0"),
        ("0 -1 2", "line 3: b is -1"),
        ("0 1 1", "line 3: b and c are the same image"),
        ("0 1", "line 3: has 2 entries, it should have 3"),
        ("0 1 2 3", "line 3: has 4 entries"),
        ("0 one 2", "line 1|line 3: b"),
    ],
)
def test_bad_lines(things: Path, line: str, words: str) -> None:
    write(things / "triplets" / "validationset.txt", "0 1 2", "3 1 0", line)
    with pytest.raises(BadRow, match=words):
        read_things(things / "triplets", things / "images")


def test_csv(things: Path) -> None:
    file = write(
        things / "mine.csv",
        "a,b,c,odd,who",
        "acorn,abacus,aardvark,abacus,7",
        "acorn,abacus,accordion,acorn,8",
    )
    table = read_things(file, things / "images")
    assert [table.column(f"votes_{side}") for side in "abc"] == [[0, 1], [1, 0], [0, 0]]
    assert table.column("who") == [7, 8]
    file = write(things / "mine.csv", "a,b,c,odd", "acorn,abacus,aardvark,c")
    assert read_things(file, "images").column("votes_c") == [1]
    file = write(things / "mine.csv", "a,b,c,votes_a,votes_b,votes_c", "acorn,abacus,aardvark,1,0,5")
    assert read_things(file, "images").column("votes_c") == [5]
    assert open_judgments(file).kind == "odd-one-out"
    write(things / "mine.csv", "a,b,c,odd", "acorn,abacus,aardvark,accordion")
    with pytest.raises(BadRow, match="odd is 'accordion', which is none of the three"):
        read_things(file, "images")


def test_what_is_missing(things: Path, tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match=r"validationset\.txt or trainset\.txt of THINGS is missing"):
        read_things(things / "images", things / "images")
    with pytest.raises(JudgmentError, match="no split 'dev'"):
        read_things(things / "triplets", things / "images", split="dev")
    with pytest.raises(JudgmentError, match=r"testset1\.txt of THINGS is missing"):
        read_things(things / "triplets", things / "images", split="test1")
    with pytest.raises(JudgmentError, match="no folder of images"):
        read_things(things / "triplets", things / "none")
    with pytest.raises(JudgmentError, match="no such table of names"):
        read_things(things / "triplets", things / "images", names="none.txt")
    (tmp_path / "trainset.txt").write_text("")
    with pytest.raises(JudgmentError, match=r"trainset\.txt"):
        read_things(tmp_path / "trainset.txt")
