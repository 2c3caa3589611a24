"""``lookalike train`` as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from lookalike.cli.main import app
from lookalike.cli.train import train
from lookalike.judgments import make_twins
from lookalike.training.recipe_text import to_toml
from tests.cli.conftest import Command
from tests.training.test_checkpoint import digits_recipe

if not any(one.callback is train for one in app.registered_commands):
    app.command()(train)


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe of seconds, in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("r.toml").write_text(to_toml(digits_recipe()))
    return Path("r.toml")


def test_a_run_from_a_file_and_its_json(lookalike: Command, recipe: Path) -> None:
    done = lookalike("train", recipe, "--set", "optimizer.epochs=1", "-o", "run", "--device", "cpu", "--json")
    assert done.status == 0, done.err
    assert {path.name for path in Path("run").iterdir()} == {
        *(
            "recipe.toml",
            "log.csv",
            "checkpoints",
            "weights.safetensors",
            "results.json",
            "card.json",
            "model-card.md",
        )
    }
    found = done.json
    assert (found["folder"], found["epochs"], found["steps"]) == ("run", 1, 6)
    assert found["comparison"]["rows"] == "validation"
    assert len(found["comparison"]["trained"]["interval"]) == 2
    again = lookalike("train", recipe, "--set", "optimizer.epochs=1", "-o", "run", "--device", "cpu")
    assert (again.status, again.err.count("\n")) == (1, 1)
    assert "holds a finished run; go on with --resume" in again.err
    resumed = lookalike("train", "run", "-o", "run", "--resume", "--device", "cpu")
    assert resumed.status == 0, resumed.err
    assert "use it with --encoder run" in resumed.out


def test_judgments_that_a_run_learned_from_are_no_measurement(lookalike: Command, recipe: Path) -> None:
    make_twins(32, ("shape", "color"), size=32, seed=4).save(Path("pairs"))
    small = {
        "name": "head", "encoder": {"name": "classic:layout"}, "adapter": {"kind": "linear", "out": 4},
        "objective": {"kind": "info-nce"}, "optimizer": {"epochs": 1, "batch": 8},
        "data": {"train": "pairs", "split_by": "component", "fold": [0, 4]},
    }  # fmt: skip
    recipe.write_text(to_toml(small))
    assert lookalike("train", recipe, "-o", "head", "--device", "cpu").status == 0
    scored = lookalike("bench", "pairs", "pairs", "-e", "head", "--json").json
    assert scored["fitted_pairs"] == {"head": 24}
    # The warning comes first; 32 pairs are then too few to fit a comparator on.
    warned = lookalike("comparator", "evaluate", "pairs", "-e", "head", "--folds", "2", "--json")
    assert "head learned from 24 of the 32 pairs" in warned.err


def test_mistakes_are_one_line(lookalike: Command, recipe: Path) -> None:
    for arguments, said in (
        (["r.toml", "--set", "optimizer.epoch=1"], "unknown key optimizer.epoch; did you mean epochs?"),
        (["nothing"], "there is no recipe 'nothing'"),
        ([], "name a recipe file"),
        (["r.toml", "-o", "r.toml"], "is a file; choose another folder with --out"),
    ):
        done = lookalike("train", *arguments)
        assert done.status == 1
        assert said in done.err
        assert done.err.count("\n") == 1


def test_the_list_of_recipes(lookalike: Command) -> None:
    done = lookalike("train", "--list")
    assert done.status == 0
    assert "material-mlp" in done.out
    assert {"dreamsim-lora", "dreamsim-mlp", "dreamsim-ensemble", "tll-pairs"} <= {
        one["name"] for one in lookalike("train", "--list", "--json").json
    }
