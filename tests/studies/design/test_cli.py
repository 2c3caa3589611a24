"""`lookalike study new` and `study check` as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lookalike.cli.study import app
from lookalike.errors import StudyError
from lookalike.studies import Study
from tests.studies.design.making import pairs, triplets

RUN = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    triplets(tmp_path / "images", 8, 60).save(tmp_path / "data", copy_images=True)
    return tmp_path / "data"


def test_a_study_is_made_and_checked(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "My study"
    done = RUN.invoke(
        app, ["new", "-o", str(folder), "--type", "2afc", "--data", str(data), "-k", "4", "--json"]
    )
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["name"], document["items"]) == ("my-study", {"main": 8, "practice": 3, "catch": 10})
    assert Study.open(folder).config.design.answers_per_item == 4
    done = RUN.invoke(app, ["check", str(folder), "--json", "--difference", "0.1", "--pay", "2"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["ok"]
    assert found["cost"]["total"] == 2 * found["participants"]
    assert 0 < found["power"]["between_models"]["power"] < 1
    done = RUN.invoke(app, ["check", str(folder)])
    assert done.exit_code == 0
    assert "ready to be served" in done.stdout


def test_a_problem_ends_with_status_1_and_is_listed(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    assert (
        RUN.invoke(app, ["new", "a-name", "-o", str(folder), "-t", "2afc", "--data", str(data)]).exit_code
        == 0
    )
    study = Study.open(folder)
    assert study.config.name == "a-name"
    study.image_path(study.items.images()[0]).unlink()
    done = RUN.invoke(app, ["check", str(folder)])
    assert done.exit_code == 1
    assert "problem: " in done.stdout
    assert "1 problems" in done.stdout
    done = RUN.invoke(app, ["check", str(folder), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["ok"] is False


def test_a_preset_takes_pairs_and_what_the_options_say(tmp_path: Path) -> None:
    pairs(tmp_path / "images", 30, 40).save(tmp_path / "pairs", copy_images=True)
    arguments = [
        "--preset",
        "tll",
        "--pairs",
        str(tmp_path / "pairs"),
        "--no-faces",
        "--per-set",
        "5",
        "--no-cache",
    ]
    done = RUN.invoke(
        app, ["new", "-o", str(tmp_path / "s"), *arguments, "--trials", "6", "--languages", "zh"]
    )
    assert done.exit_code == 0, done.output
    assert "kafc study s: 10 items" in done.stdout
    config = Study.open(tmp_path / "s").config
    assert (config.design.trials_per_participant, config.design.answers_per_item) == (6, 20)
    assert config.languages == ["zh"]


def test_one_of_type_and_preset_is_needed(data: Path, tmp_path: Path) -> None:
    for extra in ([], ["--type", "2afc", "--preset", "things"]):
        done = RUN.invoke(app, ["new", "-o", str(tmp_path / "s"), "--data", str(data), *extra])
        assert isinstance(done.exception, StudyError)
        assert "one of the two" in str(done.exception)


def test_a_study_to_propose_and_vote_on_says_who_asks(tmp_path: Path) -> None:
    pairs(tmp_path / "images", 9).save(tmp_path / "pairs", copy_images=True)
    arguments = [
        "--type",
        "recall-and-vote",
        "--pairs",
        str(tmp_path / "pairs"),
        "--contact",
        "ann@example.org",
    ]
    done = RUN.invoke(app, ["new", "-o", str(tmp_path / "s"), *arguments, "--institution", "The Lab"])
    assert done.exit_code == 0, done.output
    study = Study.open(tmp_path / "s")
    design = study.config.design
    assert design.votes is not None
    # Nobody is asked twice about one of the nine images, and half of the trials are votes.
    assert (design.trials_per_participant, design.votes.per_participant) == (9, 4)
    assert "This study is run by The Lab." in study.text("en", "consent")
    assert "ann@example.org" in study.text("zh", "debriefing")
    done = RUN.invoke(app, ["check", str(tmp_path / "s"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["warnings"] == []
