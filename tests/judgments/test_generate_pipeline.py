"""Triplets by a real pipeline of diffusers, tiny and with random weights: the command, twice, and its safety checker."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from lookalike.errors import JudgmentError, WeightsNotFound
from lookalike.judgments.generate import GenerateOptions, generate_triplets
from lookalike.judgments.generate_model import find_model
from lookalike.judgments.generate_pipeline import _drawn
from tests.cli.conftest import Command, lookalike
from tests.judgments.tiny_diffusion import write_pipeline

__all__ = ["lookalike"]

QUICK = GenerateOptions(steps=2, device="cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pipeline(tmp_path_factory.mktemp("model") / "tiny")


def test_the_command_draws_a_study(lookalike: Command, model: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("cat\nteapot\n")
    call = (
        "data", "generate", "--categories", tmp_path / "words.txt", "--model", model, "-n", 2, "--steps", 2, "--size", 32,
        "--device", "cpu",
    )  # fmt: skip
    first = lookalike(*call, "-o", tmp_path / "one", "--json")
    assert first.status == 0, first.err
    assert first.err == ""
    assert first.json["triplets"] == 4
    assert first.json["drawn"] == 12
    assert first.json["safety_checker"] is True
    assert first.json["model"] == "tiny"
    assert first.json["revision"].startswith("sha256:")
    again = lookalike(*call, "-o", tmp_path / "two")
    assert "4 triplets of 2 categories" in again.out
    for file in sorted((tmp_path / "one" / "images").rglob("*.png")):
        twin = tmp_path / "two" / "images" / file.relative_to(tmp_path / "one" / "images")
        assert twin.read_bytes() == file.read_bytes()
    resumed = lookalike(*call, "-o", tmp_path / "one", "--json")
    assert (resumed.json["drawn"], resumed.json["kept"]) == (0, 12)
    made = lookalike(
        "study", "new", "--type", "2afc", "--data", tmp_path / "one", "-o", tmp_path / "s", "--json"
    )
    assert made.status == 0, made.err
    assert made.json["items"]["main"] == 4


def test_what_the_checker_flags_is_never_kept(model: Path, tmp_path: Path) -> None:
    strict = write_pipeline(tmp_path / "strict", strict=-2.0)
    with pytest.raises(JudgmentError, match="every drawing was flagged"):
        generate_triplets(["cat"], str(strict), tmp_path / "t", QUICK)
    assert not list((tmp_path / "t").rglob("*.png"))
    lines = [json.loads(line) for line in (tmp_path / "t" / "provenance.jsonl").read_text().splitlines()]
    assert [len(line["refusals"]) for line in lines] == [QUICK.attempts]
    assert {line["safety"] for line in lines} == {"flagged"}


def test_a_model_without_a_checker_must_be_asked_for(lookalike: Command, tmp_path: Path) -> None:
    bare = write_pipeline(tmp_path / "bare", checker=False)
    (tmp_path / "words.txt").write_text("cat\n")
    call = (
        "data", "generate", "--categories", tmp_path / "words.txt", "--model", bare, "--steps", 1, "--device", "cpu",
        "-o", tmp_path / "t",
    )  # fmt: skip
    refused = lookalike(*call)
    assert refused.status == 1
    assert "model bare has no safety checker" in refused.err
    assert refused.err.count("\n") == 1
    allowed = lookalike(*call, "--no-safety-checker")
    assert allowed.status == 0, allowed.err
    assert "no safety checker looked at these images" in allowed.err
    line = json.loads((tmp_path / "t" / "provenance.jsonl").read_text().splitlines()[0])
    assert (line["safety"], line["safety_checker"]) == ("not checked", False)


def test_a_hub_model_offline_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        WeightsNotFound, match="owner/none is not on this machine and HF_HUB_OFFLINE forbids"
    ) as caught:
        find_model("owner/none")
    assert "\n" not in str(caught.value)


def test_a_damaged_model_is_one_line(model: Path, tmp_path: Path) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    (broken / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"not weights")
    with pytest.raises(JudgmentError, match="model broken cannot be loaded: "):
        generate_triplets(["cat"], str(broken), tmp_path / "t", QUICK)


def test_blank_and_broken_pixels_are_refused() -> None:
    noise = np.random.default_rng(0).random((8, 8, 3), dtype=np.float32)
    assert _drawn(noise, False, True).refused == ""
    assert _drawn(np.zeros((8, 8, 3), np.float32), False, True).refused == "blank"
    assert _drawn(np.full((8, 8, 3), np.nan, np.float32), False, False).refused == "blank"
    assert _drawn(noise, True, True).refused == "flagged"
    assert _drawn(noise, False, False).safety == "not checked"
