"""`lookalike export`, called through an app of its own so that it does not matter where it is registered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("onnx")
pytest.importorskip("torch")

from lookalike.cli.export import export
from lookalike.errors import TrainingError
from lookalike.judgments.twins import make_twins
from tests.encoders.trained_runs import mlp_run, net_run


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(export)
    return app


def test_json(tmp_path: Path, app: typer.Typer) -> None:
    twins = make_twins(8).save(tmp_path / "twins")
    arguments = [
        net_run(tmp_path / "run"),
        "-o",
        tmp_path / "n.onnx",
        "--pairs",
        tmp_path / "twins",
        "--json",
    ]
    outcome = CliRunner().invoke(app, [str(one) for one in arguments])
    assert outcome.exit_code == 0, outcome.output
    document = json.loads(outcome.stdout)
    assert document["precision"] == "fp32"
    assert document["parity"]["pairs"] == len(twins) == 8
    assert document["parity"]["cosine"] > 0.9999
    assert Path(document["card"]).is_file()


def test_for_people(tmp_path: Path, app: typer.Typer) -> None:
    make_twins(8).save(tmp_path / "twins")
    images = tmp_path / "twins" / "images"
    arguments = [
        net_run(tmp_path / "run"),
        "-o",
        tmp_path / "n.onnx",
        "--images",
        images,
        "--precision",
        "fp16",
    ]
    outcome = CliRunner().invoke(app, [str(one) for one in arguments])
    assert outcome.exit_code == 0, outcome.output
    assert "agreement on 16 images" in outcome.output


def test_failure_is_one_line(tmp_path: Path, app: typer.Typer) -> None:
    run = mlp_run(tmp_path / "run")
    outcome = CliRunner().invoke(app, [str(run), "-o", str(tmp_path / "n.onnx")])
    assert isinstance(outcome.exception, TrainingError)
    assert "\n" not in str(outcome.exception)
