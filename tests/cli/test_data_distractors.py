"""`lookalike data distractors`: choices for a human study from pairs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from lookalike.cli.data import app
from lookalike.errors import BenchmarkError, InvalidArgument, LookalikeError
from lookalike.judgments import ForcedChoiceTable, load_judgments, open_judgments
from tests.judgments.making import pictures, write

COUNT = 24


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["distractors", *(str(a) for a in arguments)])


def answer(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*arguments: object) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, LookalikeError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn twins, which share their shape and layout, as a saved table of pairs."""
    from lookalike.judgments.twins import make_twins

    folder = tmp_path_factory.mktemp("twins")
    make_twins(COUNT, ["shape", "layout"], seed=3, size=48).save(folder / "drawn").save(
        folder / "saved", copy_images=True
    )
    return folder / "saved"


def choices(folder: Path) -> ForcedChoiceTable:
    table = load_judgments(folder)
    assert isinstance(table, ForcedChoiceTable)
    return table


def test_a_set_for_each_feature(twins: Path, tmp_path: Path) -> None:
    told = answer(twins, "-o", tmp_path / "out", "--per-set", 6, "--generic-threshold", 0, "--seed", 4)
    assert (told["kind"], told["rows"], told["options"], told["copied"]) == ("forced-choice", 12, 5, True)
    assert {name: one["queries"] for name, one in told["sets"].items()} == {"random": 6, "generic": 6}
    assert told["sets"]["random"]["feature_is_right"] is None
    with (tmp_path / "out" / "choices.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    assert list(rows[0]) == ["set", "query", "right", "nearest", *(f"option_{n}" for n in range(1, 6))]
    assert all(row["right"] in [row[f"option_{n}"] for n in range(1, 6)] for row in rows)
    assert all((row["nearest"] == "") == (row["set"] == "random") for row in rows)
    table = choices((tmp_path / "out").rename(tmp_path / "moved"))
    assert table.images.absent() == [], "the folder travels with its images"
    pairs = open_judgments(twins)
    left, right = pairs.column("left"), pairs.column("right")
    asked = table.column("pair")
    assert len(set(asked)) == 12, "no pair is asked about twice"
    for query, options, own, row in zip(
        table.column("query"), table.column("options"), table.column("right"), asked, strict=True
    ):
        assert (query, options[own]) == (left[row], right[row])
        assert set(options) <= set(right)
        assert len(set(options)) == 5
    again = answer(twins, "-o", tmp_path / "again", "--per-set", 6, "--generic-threshold", 0, "--seed", 4)
    assert choices(tmp_path / "again").table.equals(table.table)
    assert again["sets"] == told["sets"]


def test_people_are_told_what_was_made(twins: Path, tmp_path: Path) -> None:
    arguments = ("--features", "random", "--per-set", 5, "--options", 3, "--no-copy-images")
    shown = run(twins, "-o", tmp_path / "out", *arguments)
    assert shown.exit_code == 0, shown.output
    assert "5 choices among 3 in" in shown.output
    assert f"options from {COUNT} of {COUNT} pairs" in shown.output
    assert "open it with --images" in shown.output
    assert not (tmp_path / "out" / "images").exists()


def test_what_is_refused(twins: Path, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "out")
    assert "no feature 'dreams': write some of random,generic,face,face-generic" in refusal(
        twins, *out, "--features", "dreams"
    )
    assert "no features" in refusal(twins, *out, "--features", ",")
    assert "leave out --features" in refusal(twins, *out, "--features", "random", "--paper-design")
    few = refusal(twins, *out, "--features", "random", "--per-set", 40)
    assert "the set random needs 40 pairs, 24 are left of 24" in few
    pictures(tmp_path / "t", ["a", "b", "c"])
    write(tmp_path / "t" / "triplets.csv", "reference,a,b,votes_a,votes_b", "a,b,c,1,0")
    assert "made from pairs" in refusal(tmp_path / "t", *out)
    assert not (tmp_path / "out").exists()
    assert run(twins).exit_code == 2
    assert {BenchmarkError, InvalidArgument} <= set(LookalikeError.__subclasses__())


def test_bad_images_are_left_out(tmp_path: Path) -> None:
    names = [f"p{n:02}" for n in range(12)]
    pictures(tmp_path / "d" / "left", names)
    right = pictures(tmp_path / "d" / "right", names, first=30)
    write(tmp_path / "d" / "pairs.csv", "left,right", *(f"{n},{n}" for n in names))
    right[0].write_bytes(b"")
    right[1].write_bytes(b"no image")
    arguments = (tmp_path / "d", "-o", tmp_path / "out", "--features", "random", "--per-set", 10)
    assert "the file is empty" in refusal(*arguments)
    told = answer(*arguments, "--skip-bad")
    assert (told["pairs"], told["left_out"]["rows"]) == (10, 2)


@pytest.fixture(scope="module")
def hundred(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 100 real pairs, as links into the shared folder."""
    folder = tmp_path_factory.mktemp("hundred")
    with (shared / "tll" / "pairs.csv").open(encoding="utf-8") as stream:
        rows = [(row["left"], row["right"]) for row in csv.DictReader(stream)][:100]
    for side in ("left", "right"):
        (folder / side).symlink_to(shared / "tll" / side)
    write(folder / "pairs.csv", "left,right", *(",".join(row) for row in rows))
    return folder


def test_real_pairs(hundred: Path, tmp_path: Path, mobilenet: Path) -> None:
    told = answer(hundred, "-e", f"onnx:{mobilenet}", "-o", tmp_path / "out")
    assert (told["rows"], told["pairs"]) == (40, 100)
    assert told["pairs_without_near_duplicates"] > 90
    assert 0 <= told["sets"]["generic"]["feature_is_right"] <= 0.7, (
        "its own distractors are where a feature errs"
    )
    assert len(list((tmp_path / "out" / "images").rglob("*.*"))) == told["images"]


def test_faces_and_the_papers_design(hundred: Path, tmp_path: Path) -> None:
    pytest.importorskip("dlib")
    few = write(hundred / "few.csv", *(hundred / "pairs.csv").read_text().splitlines()[:17])
    arguments = ("--generic-threshold", 0.001, "--per-set", 1, "--options", 3, "-o", tmp_path / "out")
    told = answer(few, *arguments, "--features", "face,random,face-generic")
    assert list(told["sets"]) == ["face", "random", "face-generic"]
    assert told["faces"] is True
    told = answer(few, *arguments, "--paper-design")
    assert list(told["sets"]) == [
        "TLL_obj random", "TLL_obj generic", "TLL_d random", "TLL_d face", "TLL_d face-generic", "TLL_d generic",
    ]  # fmt: skip
    assert len(choices(tmp_path / "out")) == 6
