"""`lookalike data`: build, validate, describe, sample, convert."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from lookalike.cli.data import app
from lookalike.errors import BadRow, JudgmentError, LookalikeError
from tests.judgments.making import pictures, write


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])


def answer(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*arguments: object) -> LookalikeError:
    result = run(*arguments)
    assert isinstance(result.exception, LookalikeError), result.output
    assert "\n" not in str(result.exception)
    return result.exception


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    pictures(folder / "pics", ["cup", "jug", "pot", "urn"])
    write(
        folder / "triplets.csv",
        "reference,a,b,votes_a,votes_b,split,mood",
        "cup,jug,pot,3,1,train,<b>odd</b>",
        "cup,pot,urn,0,2,test,plain",
        "jug,pot,urn,1,1,test,plain",
    )
    return folder


def test_repeated_rows_are_told_and_kept(data: Path) -> None:
    assert answer("describe", data)["repeated_rows"] == 0
    assert "repeat" not in run("validate", data).output
    table = data / "triplets.csv"
    lines = table.read_text().splitlines()
    # Line 5 repeats line 3, lines 6 and 7 line 2; line 8 differs from line 2 by its votes.
    other = lines[1].replace("3,1", "2,1")
    table.write_text("\n".join([*lines[:4], lines[2], lines[1], lines[1], other]) + "\n")
    facts = answer("describe", data)
    assert (facts["rows"], facts["repeated_rows"], facts["first_repeated_line"]) == (7, 3, 5)
    for command in ("validate", "describe"):
        done = run(command, data)
        assert done.exit_code == 0
        assert "3 rows repeat another row (first: line 5)" in done.stderr


def test_describe(data: Path) -> None:
    facts = answer("describe", data)
    assert (facts["kind"], facts["rows"], facts["images"]) == ("triplets", 3, 4)
    assert facts["splits"] == {"test": 2, "train": 1}
    assert facts["votes"]["total"] == 8
    assert facts["votes"]["margin"] == {"0": 1, "2": 2}
    shown = run("describe", data)
    assert shown.exit_code == 0
    for words in ("split test", "50.0 % / 50.0 %", "other columns", "mood", "margin"):
        assert words in shown.output


def test_validate(data: Path) -> None:
    assert "valid: 3 rows of triplets, all 4 images are there" in run("validate", data).output
    assert answer("validate", data, "--decode")["valid"] is True
    write(data / "triplets.csv", "reference,a,b,votes_a,votes_b", "cup,jug,pot,3,1", "cup,jug,mug,3,1")
    error = refusal("validate", data)
    assert isinstance(error, BadRow)
    assert error.line == 3


def test_validate_finds_damaged_images(data: Path) -> None:
    (data / "pics" / "urn.png").write_bytes((data / "pics" / "urn.png").read_bytes()[:60])
    assert run("validate", data).exit_code == 0
    assert "urn.png" in str(refusal("validate", data, "--decode"))
    result = run("validate", data, "--decode", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["problems"]) == 1


def test_bad_images_are_left_out_and_counted(data: Path, tmp_path: Path) -> None:
    (data / "pics" / "cup.png").write_bytes(b"")
    error = refusal("validate", data)
    assert isinstance(error, BadRow)
    assert error.line == 2
    assert "--skip-bad" in str(error)
    assert "2 rows are wrong like this" in str(error)
    found = answer("validate", data, "--skip-bad", "--decode")
    assert (found["valid"], found["rows"], found["images"]) == (True, 1, 3)
    assert [(one["name"], one["line"]) for one in found["refused"]] == [
        ("pics/cup.png", 2),
        ("pics/cup.png", 3),
    ]
    said = run("validate", data, "--skip-bad")
    assert "left out line 2: pics/cup.png: the file is empty" in said.output
    assert "1 rows of triplets, all 3 images are there; 2 rows left out" in said.output
    assert "rows left out" in run("describe", data, "--skip-bad").output
    assert len(answer("describe", data, "--skip-bad")["refused"]) == 2
    assert len(answer("convert", data, tmp_path / "out", "--skip-bad")["refused"]) == 2
    assert answer("validate", tmp_path / "out", "--images", data)["rows"] == 1
    (data / "pics" / "jug.png").write_bytes(b"no image")
    damaged = run("validate", data, "--skip-bad", "--decode")
    assert damaged.exit_code == 0
    assert "1 images cannot be decoded" in damaged.output


def test_convert_travels(data: Path, tmp_path: Path) -> None:
    answered = answer("convert", data, tmp_path / "saved", "--copy-images")
    assert (answered["rows"], answered["images"], answered["copied"]) == (3, 4, True)
    moved = (tmp_path / "saved").rename(tmp_path / "moved")
    assert answer("describe", moved)["absent_images"] == 0
    assert "open it with --images" in run("convert", data, tmp_path / "bare").output
    assert answer("describe", tmp_path / "bare")["absent_images"] == 4
    assert isinstance(refusal("validate", tmp_path / "bare"), JudgmentError)
    assert answer("validate", tmp_path / "bare", "--images", data / "pics")["valid"] is True


def test_sample(data: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "sample.html"
    assert answer("sample", data, "-n", 2, "-o", page) == {
        "page": str(page),
        "rows": 2,
        "total": 3,
        "kind": "triplets",
    }
    assert "3 of 3 rows" in run("sample", data, "-o", page).output
    text = page.read_text()
    assert text.count('<article class="row"') == 3
    assert "3 of 4" in text
    assert "&lt;b&gt;odd&lt;/b&gt;" in text
    assert "<b>odd</b>" not in text
    assert text.count("data:image/jpeg;base64,") == 9
    assert not re.search(r'(?:src|href)="(?!data:|#)', text), "nothing is loaded from elsewhere"
    assert "file:" not in text
    assert str(tmp_path) not in text, "a page that is shared does not tell where this machine keeps its files"
    (data / "pics" / "urn.png").write_bytes(b"no image")
    run("sample", data, "-o", page)
    assert str(tmp_path) not in page.read_text()
    (data / "pics" / "urn.png").write_bytes((data / "pics" / "cup.png").read_bytes() + b" ")
    assert text.count('class="chosen"') == 2, "two rows have a majority, one is a tie"
    again = tmp_path / "again.html"
    run("sample", data, "-n", 2, "-o", again, "--seed", 1)
    run("sample", data, "-n", 2, "-o", page, "--seed", 1)
    assert again.read_bytes() == page.read_bytes()


def test_what_people_mistype_is_no_bug_of_ours(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for target in (".", "..", str(data), "data/"):
        assert "it is a folder; name a file in it" in str(refusal("sample", data, "-o", target))
    long = "x" * 300
    for command in (["describe", long], ["validate", data, "--images", long], ["build", long, "out"]):
        assert isinstance(refusal(*command), JudgmentError)
    source = tmp_path / "in"
    source.mkdir()
    Image.new("RGB", (401, 271)).save(source / "a.png")
    assert "cannot write" in str(refusal("build", source, long))
    assert "cannot write" in str(refusal("convert", data, long))
    assert "cannot write" in str(refusal("sample", data, "-o", f"{long}.html"))
    assert "cannot read" in str(refusal("build", source, "out", "--votes", long))


def test_a_folder_whose_name_is_not_utf8(data: Path, tmp_path: Path) -> None:
    place = data.rename(tmp_path / "bad\udcff")
    assert answer("describe", place)["rows"] == 3
    assert answer("convert", place, tmp_path / "out\udcff", "--copy-images")["folder"].endswith("out\udcff")
    assert "3 rows of triplets in" in run("convert", place, tmp_path / "out\udcff").output
    assert run("sample", place, "-o", tmp_path / "page\udcff.html").exit_code == 0
    assert (tmp_path / "page\udcff.html").read_text(encoding="utf-8").count('<article class="row"') == 3


def test_copies_hold_images_only(data: Path, tmp_path: Path) -> None:
    (data / "pics" / "cup.png").write_text("PRIVATE KEY")
    assert "pics/cup.png is not copied: it is not an image" in str(
        refusal("convert", data, tmp_path / "out", "--copy-images")
    )
    assert not (tmp_path / "out" / "judgments.parquet").exists()
    found = answer("convert", data, tmp_path / "out", "--copy-images", "--skip-bad")
    assert found["rows"] == 1
    assert [(one["name"], one["line"]) for one in found["refused"]] == [
        ("pics/cup.png", 2),
        ("pics/cup.png", 3),
    ]
    assert not list((tmp_path / "out").rglob("cup*"))


def test_sample_of_absent_images(data: Path, tmp_path: Path) -> None:
    run("convert", data, tmp_path / "bare")
    result = run("sample", tmp_path / "bare", "-o", tmp_path / "x.html")
    assert result.exit_code == 0
    assert "no picture" in (tmp_path / "x.html").read_text()


def test_sample_of_every_kind(data: Path, tmp_path: Path) -> None:
    from lookalike.judgments import open_judgments

    images = open_judgments(data).images
    ids = list(images)
    import pyarrow as pa

    from lookalike.judgments import ForcedChoiceTable, OddOneOutTable, PairTable, TripletAnswers

    tables = [
        ForcedChoiceTable(
            pa.table({"query": ids[:1], "options": [ids[1:]], "right": [1], "answers": [[2, 5, 0]]}), images
        ),
        OddOneOutTable(
            pa.table(
                {"a": ids[:1], "b": ids[1:2], "c": ids[2:3], "votes_a": [0], "votes_b": [0], "votes_c": [1]}
            ),
            images,
        ),
        PairTable(pa.table({"left": ids[:1], "right": ids[1:2], "up_votes": [12]}), images),
        TripletAnswers(
            pa.table(
                {"participant": ["p"], "reference": ids[:1], "a": ids[1:2], "b": ids[2:3], "chosen": [1]}
            ),
            images,
        ),
    ]
    words = ["option 3", "1 of 1", "up_votes", "0 of 1"]
    for table, expected in zip(tables, words, strict=True):
        table.save(tmp_path / table.kind, copy_images=True)
        page = tmp_path / f"{table.kind}.html"
        assert run("sample", tmp_path / table.kind, "-o", page).exit_code == 0
        assert expected in page.read_text()


def test_build(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for number, size in enumerate([(401, 271), (401, 271), (400, 270)]):
        pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(source / f"{number}.png")
    votes = write(tmp_path / "votes.csv", "id,up_votes,down_votes", "0,5,1")
    built = answer("build", source, tmp_path / "tll", "--votes", votes)
    assert (built["pairs"], built["with_votes"]) == (2, 1)
    assert built["refused"] == [
        {"name": "2.png", "reason": "has 400x270 pixels, a composite of the site has 401x271"}
    ]
    assert answer("describe", tmp_path / "tll")["votes"]["total"] == 6
    shown = run("build", source, tmp_path / "jpeg", "--format", "jpeg")
    assert "left out 2.png: has 400x270 pixels" in shown.output
    assert "2 pairs in" in shown.output
    for file in ("0.png", "1.png"):
        (source / file).unlink()
    assert "none of 1 images is a composite" in str(refusal("build", source, tmp_path / "none"))


def test_wrong_usage(tmp_path: Path) -> None:
    assert run("describe").exit_code == 2
    assert run("build", tmp_path, tmp_path / "x", "--format", "gif").exit_code == 2
    assert "no kind of judgments 'dreams'" in str(refusal("describe", tmp_path, "--kind", "dreams"))
    assert "no such file or folder" in str(refusal("describe", tmp_path / "none"))
