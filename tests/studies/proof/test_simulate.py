"""Simulated participants go through the real server, are marked, and answer as they are told to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lookalike.cli.study import app
from lookalike.errors import InvalidArgument, StudyError
from lookalike.studies.analysis import analyse
from lookalike.studies.config import TYPE_NAMES
from lookalike.studies.items import Item
from lookalike.studies.simulate import simulate
from lookalike.studies.simulate_people import Behaviour, expected
from lookalike.studies.simulate_tastes import drawn_tastes, machine_tastes
from lookalike.studies.store import Store, default_url
from tests.studies.small import small_study


@pytest.mark.parametrize("type_", TYPE_NAMES)
def test_each_type_is_taken_to_its_end_and_every_row_is_marked(type_: str, tmp_path: Path) -> None:
    study = small_study(tmp_path / "s", type=type_, items=4, practice=1, catch=1)
    found = simulate(study, 3, Behaviour(resend=0.5), seed=2, fetch_images=type_ == "kafc")
    assert (found.finished, found.errors, found.answers) == (3, (), 18)
    with Store(default_url(study)) as store:
        table = store.answers(study)
    assert table.num_rows == 18
    assert set(table["simulated"].to_pylist()) == {True}
    assert set(table["finished"].to_pylist()) == {True}
    assert found.images == (3 * 6 * 4 if type_ == "kafc" else 0)
    with pytest.raises(StudyError, match="simulated participants"):
        analyse(study, table)
    assert analyse(study, table, include_simulated=True, excluded=False).simulated == 18


def test_panels_questions_dropout_and_a_full_study(tmp_path: Path) -> None:
    question = {"name": "note", "text": {"en": "?"}, "required": True}
    study = small_study(
        tmp_path / "s", items=4, answers_per_item=3,
        config={"panel": {"kind": "prolific"}, "languages": ["en"], "questions": [question]},
    )  # fmt: skip
    gone = simulate(study, 2, Behaviour(dropout=1.0), seed=1)
    assert (gone.left, gone.finished) == (2, 0)
    assert gone.answers < 8
    # The two who left hold their places until the time-out, so one place of each item is free.
    found = simulate(study, 3, seed=1, at_once=1)
    assert (found.finished, found.turned_away, found.errors) == (1, 2, ())
    with Store(default_url(study)) as store:
        assert [row["questions"] for row in store.people(study) if row["questions"]] == [
            {"note": "simulated"}
        ]


def test_the_same_seed_gives_the_same_answers(tmp_path: Path) -> None:
    tables = []
    for name in ("a", "b"):
        study = small_study(tmp_path / name, items=5, config={"name": "same"})
        simulate(study, 3, seed=9, at_once=1)
        with Store(default_url(study)) as store:
            table = store.answers(study).to_pylist()
        tables.append(sorted((row["item"], row["chosen"], row["response_time_ms"]) for row in table))
    assert tables[0] == tables[1]


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.floats(0, 0.4), st.integers(2, 6), st.integers(0, 1_000))
def test_tastes_are_shares(accuracy: float, spread: float, options: int, seed: int) -> None:
    item = Item("i", "kafc", fixed=("q",), options=tuple(map(str, range(options))), right=1)
    shares = drawn_tastes([item], accuracy, spread, seed).of(item)
    assert shares.shape == (options,)
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()


def test_the_mean_share_of_the_right_answer_is_the_accuracy() -> None:
    items = [
        Item(f"i{n}", "kafc", fixed=("q",), options=("a", "b", "c"), right=n % 3, role="main")
        for n in range(4_000)
    ]
    tastes = drawn_tastes(items, 0.7, 0.15, 3)
    right = np.array([tastes.of(item)[item.right] for item in items])
    assert right.mean() == pytest.approx(0.7, abs=4 * 0.15 / 4_000**0.5)
    assert right.std() == pytest.approx(0.15, abs=0.01)


def test_what_to_expect_by_hand(tmp_path: Path) -> None:
    study = small_study(tmp_path / "s", items=3, options=2)
    how = Behaviour(accuracy=0.9, spread=0.0, lapse=0.1, bias=0.2)
    hope = expected(study, how, drawn_tastes(study.items, how.accuracy, how.spread, 0))
    # 0.7 * 0.9 by taste + 0.1 / 2 by lapse + 0.2 / 2 by place = 0.78; of two people 0.78² + 0.22² agree.
    assert hope.accuracy == pytest.approx(0.78)
    assert hope.agreement == pytest.approx(0.78**2 + 0.22**2)
    assert hope.first_place == pytest.approx(0.8 / 2 + 0.2)


def test_a_machines_taste_without_noise_is_its_choice(tmp_path: Path) -> None:
    study = small_study(tmp_path / "s", items=3)
    sharp, dull = machine_tastes(study, "pixels", 1e-9), machine_tastes(study, "pixels", 1e9)
    for item in study.items:
        assert sorted(sharp.of(item)) == pytest.approx([0, 0, 1])
        assert dull.of(item) == pytest.approx([1 / 3] * 3)
    with pytest.raises(StudyError, match="no-such-encoder"):
        machine_tastes(study, "no-such-encoder", 0.1)


@pytest.mark.parametrize(
    "wrong", [{"accuracy": 1.1}, {"lapse": 0.6, "bias": 0.6}, {"noise": 0}, {"median_ms": -1}]
)
def test_behaviour_that_makes_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidArgument):
        Behaviour(**wrong)


def test_the_command_and_the_reports_refusal(tmp_path: Path) -> None:
    study = small_study(tmp_path / "cli", items=4, config={"title": "Simulated"})
    run = CliRunner()
    done = run.invoke(app, ["simulate", str(study.folder), "-n", "3", "--bias", "0.2", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["answers"], document["behaviour"]["bias"]) == (12, 0.2)
    assert 0 < document["expected"]["accuracy"] < 1
    shown = run.invoke(app, ["simulate", str(study.folder), "-n", "1"])
    assert "include-simulated" in shown.stdout
    refused = run.invoke(app, ["report", str(study.folder)])
    assert refused.exit_code == 1
    assert "16 of 16 answers are of simulated participants" in str(refused.exception)
    asked = run.invoke(app, ["report", str(study.folder), "--include-simulated", "--json"])
    assert json.loads(asked.stdout)["simulated"] == 16
    wrong = run.invoke(app, ["simulate", str(study.folder), "--url", "nowhere"])
    assert "must be an address" in str(wrong.exception)
