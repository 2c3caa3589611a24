"""Rendered twins as plain folders, through the library and the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import InvalidArgument, JudgmentError
from lookalike.judgments import PairTable, TripletTable, open_judgments
from lookalike.judgments.twins_folder import VOTERS, write_pairs, write_votes
from tests.cli.conftest import Command, lookalike

__all__ = ["lookalike"]


def test_pairs_are_read_back_and_a_second_writing_changes_nothing(tmp_path: Path) -> None:
    first = write_pairs(tmp_path / "p", 5, seed=3)
    before = {f: f.read_bytes() for f in tmp_path.rglob("*.png")}
    table = open_judgments(tmp_path / "p")
    assert isinstance(table, PairTable)
    assert len(table) == 5
    assert len(before) == 10
    assert write_pairs(tmp_path / "p", 5, seed=3) == first
    assert {f: f.read_bytes() for f in tmp_path.rglob("*.png")} == before


def test_votes_sum_to_the_voters_and_both_sides_win(tmp_path: Path) -> None:
    write_votes(tmp_path / "v", 30)
    table = open_judgments(tmp_path / "v")
    assert isinstance(table, TripletTable)
    a, b = table.array("votes_a"), table.array("votes_b")
    assert (a + b == VOTERS).all()
    assert (a > b).any()
    assert (b > a).any()


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(JudgmentError, match="not empty"):
        write_pairs(tmp_path, 3)
    assert [f.name for f in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(InvalidArgument, match="at least one"):
        write_pairs(tmp_path / "new", 0)


def test_the_command(lookalike: Command, tmp_path: Path) -> None:
    done = lookalike("data", "twins", tmp_path / "v", "--triplets", "-n", 4, "--shared", "color", "--json")
    assert done.status == 0
    assert done.json["rows"] == 4
    assert (tmp_path / "v" / "triplets.csv").read_text().count("votes drawn") == 4
    wrong = lookalike("data", "twins", tmp_path / "w", "--shared", "smell")
    assert wrong.status == 1
    assert "smell" in wrong.err
