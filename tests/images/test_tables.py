"""Tables with a column of paths: CSV, TSV and Parquet."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from lookalike.errors import SourceError
from lookalike.images import open_source

ROWS = """path,label,width,score,good,note,late
a.png,cup,3,0.5,true,x,1
sub/b.png,,4,2,false,,two
,lost,5,1,true,z,3
"""
SCHEMA = {"width": "int", "score": "float", "good": "bool", "note": "string", "late": "string"}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "mark"), [("t.csv", ","), ("t.tsv", "\t"), ("semi.csv", ";"), ("T.CSV", ",")]
)
def test_csv_with_typed_metadata(tmp_path: Path, name: str, mark: str) -> None:
    source = open_source(write(tmp_path / name, "\ufeff" + ROWS.replace(",", mark)))
    first, second = source
    assert (first.name, first.label) == (str(tmp_path / "a.png"), "cup")
    assert first.metadata == {"width": 3, "score": 0.5, "good": True, "note": "x", "late": "1"}
    assert (second.name, second.label) == (str(tmp_path / "sub" / "b.png"), None)
    assert second.metadata == {"width": 4, "score": 2.0, "good": False, "note": None, "late": "two"}
    assert source.metadata_schema() == SCHEMA
    assert ["row 3" in str(problem) for problem in source.problems] == [True]
    assert source.count() == 2
    assert source.covers(str(tmp_path / "a.png"))
    assert not source.covers(str(tmp_path / "c.png"))


def test_a_late_word_makes_a_column_text(tmp_path: Path) -> None:
    rows = "".join(f"{i}.png,{i},{i}\n" for i in range(400_000))
    path = write(tmp_path / "long.csv", "path,number,amount\n" + rows + "last.png,many,0.5\n")
    source = open_source(path)
    assert source.metadata_schema() == {"number": "string", "amount": "float"}
    iterator = iter(source)
    assert next(iterator).metadata == {"number": "0", "amount": 0.0}


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    day = datetime.date(2024, 2, 29)
    table = pa.table(
        {
            "Image": ["a.png", "b.png"],
            "when": [day, None],
            "n": pa.array([1, None], pa.int16()),
            "w": [[1], [2, 3]],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet")
    assert source.metadata_schema() == {"when": "string", "n": "int", "w": "string"}
    assert [ref.metadata for ref in source] == [
        {"when": "2024-02-29", "n": 1, "w": "[1]"},
        {"when": None, "n": None, "w": "[2, 3]"},
    ]


def test_the_column_of_paths(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "left,right\na.png,b.png\na.png,c.png\n")
    with pytest.raises(SourceError, match=r"found: left, right"):
        open_source(path)
    with pytest.raises(SourceError, match=r"no column 'middle'; found: left, right"):
        open_source(path, path_column="middle")
    assert [Path(ref.name).name for ref in open_source(path, path_column="right")] == ["b.png", "c.png"]
    assert open_source(path, path_column="left").count() == 1  # the same image twice is one image
    assert open_source(path, path_column="right", pattern="b*").count() == 1


@pytest.mark.parametrize("text", ["", "path,path\na,b\n", "path,n\na.png\n", "\x00\x01\x02"])
def test_broken_tables_are_one_clear_line(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(SourceError, match=r"t\.csv") as caught:
        list(open_source(path))
    assert "\n" not in str(caught.value)
    (tmp_path / "t.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(SourceError, match=r"t\.parquet"):
        open_source(tmp_path / "t.parquet")
