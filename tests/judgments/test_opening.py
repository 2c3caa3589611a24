"""One door for every layout, and one line where none fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import BadRow, JudgmentError
from lookalike.judgments import open_judgments, read_pairs

from .making import pictures, write

TABLES = {
    "triplets": ("triplets.csv", "reference,a,b,votes_a,votes_b", "cup,jug,pot,1,0"),
    "pairs": ("pairs.csv", "left,right,up_votes", "cup,jug,3"),
    "triplet-answers": ("answers.csv", "participant,query,left,right,chosen", "1,cup,jug,pot,pot"),
    "odd-one-out": ("triplets.csv", "a,b,c,odd", "cup,jug,pot,a"),
    "ratings": ("ratings.csv", "a,b,rating", "cup,jug,0.5"),
    "same-different": ("votes.csv", "a,b,votes_same,votes_different", "cup,jug,3,1"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_csv_of_each_kind(tmp_path: Path, kind: str) -> None:
    usual, header, row = TABLES[kind]
    pictures(tmp_path / "pics", ["cup", "jug", "pot"])
    file = write(tmp_path / usual, header, row)
    for place in (tmp_path, file):
        assert open_judgments(place).kind == kind
    other = file.rename(tmp_path / "mine.csv")
    assert open_judgments(tmp_path).kind == kind, "the only CSV file of a folder needs no usual name"
    away = write(tmp_path / "away" / "x.csv", header, row)
    assert open_judgments(away, images=tmp_path / "pics", kind=kind).kind == kind
    with pytest.raises(BadRow):
        open_judgments(away)
    write(other, header, row, row.replace("cup", "mug"))
    with pytest.raises(BadRow, match="line 3"):
        open_judgments(tmp_path)


def test_tll_and_a_saved_folder(tmp_path: Path) -> None:
    pictures(tmp_path / "left", ["a"])
    pictures(tmp_path / "right", ["b"], first=5)
    write(tmp_path / "pairs.csv", "left,right", "a,b")
    pairs = open_judgments(tmp_path)
    assert pairs.kind == "pairs"
    pairs.save(tmp_path / "saved")
    again = open_judgments(tmp_path / "saved", images=tmp_path)
    assert again.table.equals(read_pairs(tmp_path).table)
    assert again.paths("left") == pairs.paths("left")
    with pytest.raises(JudgmentError, match=r"no triplets here; likeliest wanted: .*CSV of triplets"):
        open_judgments(tmp_path, kind="triplets")


def test_nothing_that_is_understood(tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match="no such file or folder"):
        open_judgments(tmp_path / "none")
    with pytest.raises(JudgmentError) as caught:
        open_judgments(tmp_path)
    for words in ("Totally Looks Like", "CSV of pairs", "CSV of triplets", "judgments-format"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 300
    write(tmp_path / "x.csv", "name,age", "cup,3")
    with pytest.raises(JudgmentError, match="no judgments are recognised"):
        open_judgments(tmp_path)
    write(tmp_path / "x.csv", "a,b,votes_same", "cup,mug,3")
    with pytest.raises(JudgmentError, match="likeliest wanted: CSV of same/different votes"):
        open_judgments(tmp_path)
    (tmp_path / "pairs.csv").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(JudgmentError, match=r"pairs\.csv is no CSV file of UTF-8 text"):
        open_judgments(tmp_path)
