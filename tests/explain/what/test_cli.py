"""`lookalike explain` from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.main import app
from lookalike.errors import InvalidArgument
from lookalike.judgments import make_twins


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    twins = make_twins(3, ("color",), size=96, seed=2)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, pixels in zip(paths, twins.left, strict=True):
        Image.fromarray(pixels).save(path)
    return [str(path) for path in paths]


def test_a_pair_as_json_and_page(files: list[str], tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    words = ["explain", *files[:2], "--no-faces", "--no-curves", "-o", str(target), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["a"] == "0.png"
    assert document["reference"]["kind"] == "built-in"
    assert document["percentile"]
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_only_what_is_shown_is_computed(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.explain import places

    made: list[str] = []

    def noted(query: places.Query, methods: tuple[str, ...]) -> tuple[tuple[()], list[str]]:
        made.append(f"{' '.join(methods)} {query.faithfulness}")
        return (), []

    monkeypatch.setattr("lookalike.explain.explaining.places", noted)
    runner = CliRunner()
    for more in (
        [],
        ["-o", str(tmp_path / "a.png")],
        ["--json"],
        ["--no-curves", "-o", str(tmp_path / "a.html")],
    ):
        done = runner.invoke(app, ["explain", *files[:2], "--no-faces", *more])
        assert done.exit_code == 0, done.output
    assert made == [
        "decomposition False",
        "decomposition False",
        "decomposition occlusion True",
        "decomposition occlusion False",
    ]


def test_versus_for_people(files: list[str]) -> None:
    done = CliRunner().invoke(
        app, ["explain", *files[:2], "--versus", files[2], "--no-faces", "--map", "none"]
    )
    assert done.exit_code == 0, done.output
    assert "B rather than C" in done.stdout


def test_a_gallery_gives_the_percentiles(files: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for number, pixels in enumerate(make_twins(24, (), size=64, seed=4).left):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    runner = CliRunner()
    gallery = str(tmp_path / "G")
    assert runner.invoke(app, ["index", str(folder), "--gallery", gallery, "-e", "classic"]).exit_code == 0
    done = runner.invoke(
        app, ["explain", *files[:2], "--gallery", gallery, "--no-faces", "--map", "none", "--json"]
    )
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["reference"] == {"kind": "gallery", "name": "G", "images": 24}
    assert document["percentile"] is not None


def test_a_wrong_ending_is_told_before_any_work(files: list[str]) -> None:
    done = CliRunner().invoke(app, ["explain", *files[:2], "-o", "x.pdf"])
    assert done.exit_code != 0
    assert isinstance(done.exception, InvalidArgument)
    assert ".html, .png, .json" in str(done.exception)
