"""Runs that are killed go on bit by bit, and checkpoints that do not belong are refused."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lookalike.errors import TrainingError  # noqa: E402 - after the check for torch
from lookalike.training import Recipe, fit  # noqa: E402
from lookalike.training.checkpoint import LAST, load_checkpoint  # noqa: E402
from lookalike.training.log import read_log  # noqa: E402
from lookalike.training.run_folder import RunFolder  # noqa: E402

EPOCHS, STEPS = 2, 6


def digits_recipe(**changes: Any) -> dict[str, Any]:
    """A small network from scratch on 216 real digits of which 192 are trained on: 6 steps an epoch, with chance."""
    recipe: dict[str, Any] = {
        "name": "digits",
        "encoder": {"name": "net:digits?size=16&dim=16&width=8"},
        "adapter": {"kind": "full"},
        "objective": {"kind": "classifier"},
        "data": {
            "train": "digits",
            "digits": {"n": 216, "side": 16},
            "validation_share": 0.112,
            "augment": {"noise": 0.1},
        },
        "optimizer": {
            "epochs": EPOCHS,
            "batch": 32,
            "lr": 0.003,
            "ema": 0.9,
            "schedule": "cosine",
            "warmup": 0.1,
        },
        "checkpoint": {"every_steps": 3},
        "log": {"every_steps": 5},
    }
    for key, value in changes.items():
        section, _, name = key.partition("__")
        recipe[section] = {**recipe[section], name: value} if name else value
    return recipe


KILLED = """
import json, os, signal, sys
from lookalike.training import Recipe, fit
recipe, folder, last = Recipe.from_dict(json.loads(sys.argv[1])), sys.argv[2], int(sys.argv[3])
def die(step):
    if step == last:
        os.kill(os.getpid(), signal.SIGKILL)
fit(recipe, out=folder, device="cpu", after_step=die)
"""


def test_a_run_killed_at_any_step_ends_with_the_same_bits(tmp_path: Path) -> None:
    import json

    recipe = digits_recipe()
    step = random.SystemRandom().randint(1, EPOCHS * STEPS - 1)
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", KILLED, json.dumps(recipe), str(folder), str(step)]
    dead = subprocess.run(command, capture_output=True, text=True, check=False)
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert not RunFolder(folder).finished
    # The run goes on with the number of threads that it began with, whatever this process has.
    begun_with, here = load_checkpoint(RunFolder(folder), Recipe.from_dict(recipe)), torch.get_num_threads()
    torch.set_num_threads(2)
    resumed = fit(Recipe.from_dict(recipe), out=folder, resume=True, device="cpu")
    assert torch.get_num_threads() == 2
    torch.set_num_threads(begun_with.done.threads if begun_with is not None else 2)
    whole = fit(Recipe.from_dict(recipe), out=tmp_path / "whole", device="cpu")
    torch.set_num_threads(here)
    assert whole.steps == resumed.steps == EPOCHS * STEPS
    assert whole.history == resumed.history, f"killed after step {step}"
    same = [RunFolder(run.folder).weights.read_bytes() for run in (whole, resumed)]
    assert same[0] == same[1], f"killed after step {step}"
    columns = ("step", "epoch", "loss", "validation", "lr")
    logs = [
        [[row[c] for c in columns] for row in read_log(RunFolder(r.folder).log)] for r in (whole, resumed)
    ]
    assert logs[0] == logs[1]


def test_a_finished_run_is_not_overwritten_and_resuming_it_changes_nothing(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(digits_recipe(optimizer__epochs=1))
    fit(recipe, out=tmp_path / "run", device="cpu")
    before = RunFolder(tmp_path / "run").weights.read_bytes()
    with pytest.raises(TrainingError, match=r"holds a finished run; go on with --resume"):
        fit(recipe, out=tmp_path / "run", device="cpu")
    assert fit(recipe, out=tmp_path / "run", resume=True, device="cpu").steps == STEPS
    assert RunFolder(tmp_path / "run").weights.read_bytes() == before
    other = Recipe.from_dict(digits_recipe(optimizer__epochs=1, optimizer__lr=0.01))
    with pytest.raises(TrainingError, match="started with another recipe"):
        fit(other, out=tmp_path / "run", resume=True, device="cpu")
    # How often things are logged and saved changes no result.
    often = Recipe.from_dict(digits_recipe(optimizer__epochs=1, checkpoint={"every_steps": 1}))
    assert load_checkpoint(RunFolder(tmp_path / "run"), often) is not None


def test_a_damaged_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(digits_recipe(optimizer__epochs=1))
    fit(recipe, out=tmp_path / "run", device="cpu")
    file = RunFolder(tmp_path / "run").checkpoints / LAST
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(
        TrainingError, match=r"the checkpoint is damaged \(\w+\); start again without --resume"
    ):
        load_checkpoint(RunFolder(tmp_path / "run"), recipe)


def test_the_last_line_of_a_log_cut_off_by_a_crash_is_dropped(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("step,epoch,loss,validation,lr,seconds\n5,1,0.5,,0.1,1.0\n10,2,0.4,0.7,0.1,2.0\n15,2,0.")
    assert [row["step"] for row in read_log(log)] == ["5", "10"]
