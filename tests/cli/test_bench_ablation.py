"""`lookalike bench ablation`: a table for people, JSON for scripts, a report that needs no network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from lookalike import load_encoder
from lookalike._version import __version__
from lookalike.benchmarks.provenance import data_hash
from lookalike.cli.bench_ablation import ablation
from lookalike.errors import ImageError, InvalidArgument, JudgmentError, LookalikeError
from lookalike.judgments import open_judgments
from lookalike.judgments.twins import make_twins

Bench = Callable[..., Result]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The command by itself, whatever group it is registered in; errors of lookalike come through."""
    monkeypatch.setenv("COLUMNS", "300")
    app = typer.Typer()
    app.command()(ablation)

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twins") / "pairs"
    make_twins(12, ("color", "layout"), size=48, seed=1).save(folder)
    return folder


@pytest.fixture(scope="module")
def triplets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twins") / "triplets"
    make_twins(12, ("color",), size=48, seed=1).triplets().save(folder)
    return folder


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_holds_every_attribute_and_side(bench: Bench, triplets: Path) -> None:
    found = document(bench(triplets, "-e", "classic:color", "--attributes", "color, pose", "--json"))
    assert found["triplets"] == 12
    rows = found["encoders"]["classic:color"]["rows"]
    assert [(row["attribute"], row["side"]) for row in rows] == [
        ("color", "one"), ("color", "both"), ("pose", "one"), ("pose", "both"),
    ]  # fmt: skip
    assert found["encoders"]["classic:color"]["intact"]["value"] > 0.9
    assert rows[1]["change"]["value"] < 0
    assert abs(rows[3]["change"]["value"]) < 0.1


def test_figures_say_what_they_rest_on(bench: Bench, pairs: Path, tmp_path: Path) -> None:
    asked = ("-e", "classic:color", "-e", "nothing:here", "--attributes", "color", "--side", "both")
    found = document(bench(pairs, *asked, "--json", "-o", tmp_path))
    marks = found["provenance"]
    assert marks["lookalike"] == __version__
    assert marks["data"] == data_hash(open_judgments(pairs))
    assert marks["encoders"] == {"classic:color": load_encoder("classic:color").card.fingerprint}
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["provenance"] == marks
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert marks["data"][:16] in page
    assert marks["encoders"]["classic:color"][:16] in page


def test_people_see_a_table(bench: Bench, pairs: Path) -> None:
    result = bench(pairs, "-e", "classic:layout", "--attributes", "layout", "--side", "both")
    assert result.exit_code == 0
    assert "classic:layout: 12 pairs, 24 images" in result.stdout
    assert re.search(r"Layout\s.*both", result.stdout)
    assert "recall@10" in result.stdout


def test_rows_stay_readable_in_80_columns(bench: Bench, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = bench(pairs, "-e", "pixels", "--attributes", "layout,edges")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if line[:1] in "┏┃┡│└"]
    assert max(len(line) for line in lines) <= 80
    rows = [line for line in lines if re.match(r"│ (Layout|Modality: edges) +│ (one|both) +│", line)]
    assert len(rows) == 8  # two attributes, two sides, two tables
    number, pair = r" +[+-]?[\d.]+ │", r" +[+-][\d.]+, [+-][\d.]+ │"
    assert all(re.search(number + pair, row) for row in rows)


def test_a_folder_gets_report_results_table_and_figures(bench: Bench, pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = (pairs, "-e", "classic:layout", "-e", "classic:color", "--attributes", "layout,color")
    printed = document(bench(*arguments, "-o", out, "--json"))
    assert json.loads((out / "results.json").read_text()) == printed
    page = (out / "report.html").read_text()
    assert "Content-Security-Policy" in page
    assert page.count('<svg class="plot"') == 2
    assert page.count("data:image/jpeg") == 3  # as it is, and without each of the two
    assert "4 x 4 patches shuffled" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert len((out / "ablation.csv").read_text().splitlines()) == 1 + 2 * 2 * 2
    assert {file.name for file in (out / "figures").iterdir()} == {"change.svg", "shift.svg"}


def test_limit_draws_the_same_items_each_time(bench: Bench, pairs: Path) -> None:
    arguments = (pairs, "-e", "classic:color", "--attributes", "color", "--limit", "5", "--json")
    first, again = document(bench(*arguments)), document(bench(*arguments))
    assert first["pairs"] == 5
    assert first == again


def test_an_encoder_that_cannot_be_had_does_not_stop_the_others(bench: Bench, pairs: Path) -> None:
    arguments = ("--attributes", "pose", "--side", "one", "--json")
    found = document(bench(pairs, "-e", "nothing-like-it", "-e", "classic:color", *arguments))
    assert "no encoder is called" in found["encoders"]["nothing-like-it"]["error"]
    assert "rows" in found["encoders"]["classic:color"]
    alone = bench(pairs, "-e", "nothing-like-it", *arguments)
    assert alone.exit_code == 1
    assert "nothing-like-it: no encoder is called" in alone.stderr


def test_errors_are_typed(bench: Bench, pairs: Path, tmp_path: Path) -> None:
    def error(*arguments: object) -> BaseException | None:
        return bench(*arguments).exception

    assert isinstance(error(tmp_path / "absent"), JudgmentError)
    assert isinstance(error(pairs, "--attributes", "smell"), InvalidArgument)
    assert isinstance(error(pairs, "--attributes", ","), InvalidArgument)
    broken = tmp_path / "broken"
    make_twins(3, ("color",), size=32).save(broken).paths("left")[1].write_bytes(b"no image any more")
    found = error(broken, "-e", "classic:color", "--attributes", "pose")
    assert isinstance(found, LookalikeError)
    assert isinstance(found, ImageError | JudgmentError)
    assert "left/00001.png" in str(found)
