"""Triplets by diffusion, with a painter of noise: seeds, refusals, resuming, kill -9, what is written."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from lookalike.errors import InvalidArgument, JudgmentError, WeightsNotFound
from lookalike.judgments import TripletTable, generate, load_judgments
from lookalike.judgments.generate import (
    Generated,
    GenerateOptions,
    generate_triplets,
    image_name,
    read_categories,
)
from lookalike.judgments.generate_model import check_folder, find_model
from lookalike.judgments.generate_record import SCHEMA
from tests.conftest import ROOT
from tests.judgments.drawing_child import NAMES, OPTIONS, NoisePainter

KILLS = 8


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> NoisePainter:
    made = NoisePainter()
    monkeypatch.setattr(generate, "_painter", lambda *_: made)
    return made


def run(folder: Path, names: tuple[str, ...] = NAMES, options: GenerateOptions = OPTIONS) -> Generated:
    return generate_triplets(names, "noise", folder, options)


def pictures(folder: Path) -> dict[str, bytes]:
    images = folder / "images"
    return {file.relative_to(images).as_posix(): file.read_bytes() for file in images.rglob("*.*")}


def test_a_table_without_votes_and_a_line_for_each_image(painter: NoisePainter, tmp_path: Path) -> None:
    made = run(tmp_path / "t")
    table = load_judgments(tmp_path / "t")
    assert isinstance(table, TripletTable)
    assert len(table) == made.triplets == 20
    assert table.array("votes_a").sum() == table.array("votes_b").sum() == 0
    assert table.column("category")[:6] == ["cat"] * 5 + ["dog"]
    assert not table.images.absent()
    rows = pq.ParquetFile(tmp_path / "t" / "provenance.parquet").read()
    assert rows.schema.equals(SCHEMA)
    assert rows.num_rows == 60 == made.drawn
    for row in rows.to_pylist():
        content = (tmp_path / "t" / "images" / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert row["prompt"] == f"An image of a {row['category']}"
        assert row["safety"] == "passed"
        assert row["model"] == "noise"
    assert str(tmp_path) not in (tmp_path / "t" / "provenance.jsonl").read_text()


def test_flagged_drawings_are_drawn_again_from_the_next_seed_and_counted(
    painter: NoisePainter, tmp_path: Path
) -> None:
    made = run(tmp_path / "t")
    rows = pq.ParquetFile(tmp_path / "t" / "provenance.parquet").read().to_pylist()
    again = [row for row in rows if row["refusals"]]
    assert again
    for row in again:
        assert row["seed"] == row["refusals"][-1]["seed"] + 3
        assert row["seed"] % 7
        assert all(one["seed"] % 7 == 0 and one["why"] == "flagged" for one in row["refusals"])
    assert made.refusals == {"flagged": sum(len(row["refusals"]) for row in rows)}
    assert not made.failed


def test_a_triplet_whose_every_attempt_is_flagged_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    half = NoisePainter(flags=5)
    monkeypatch.setattr(generate, "_painter", lambda *_: half)
    once = GenerateOptions(n=8, attempts=1)
    made = run(tmp_path / "t", ("cat", "dog"), once)
    assert 0 < made.triplets < 16
    assert len(made.failed) == 16 - made.triplets
    assert {why for _, _, why in made.failed} == {"flagged"}
    assert len(load_judgments(tmp_path / "t")) == made.triplets
    # Nothing is tried again, unless more attempts are allowed.
    half.seeds.clear()
    run(tmp_path / "t", ("cat", "dog"), once)
    assert not half.seeds
    assert run(tmp_path / "t", ("cat", "dog"), GenerateOptions(n=8, attempts=2)).triplets > made.triplets


def test_when_nothing_comes_out_it_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(generate, "_painter", lambda *_: NoisePainter(flags=1))
    with pytest.raises(JudgmentError, match="none of 20 triplets came out: every drawing was flagged"):
        run(tmp_path / "t")
    assert not pictures(tmp_path / "t")


def test_the_same_images_again_whatever_the_order_and_the_other_categories(
    painter: NoisePainter, tmp_path: Path
) -> None:
    run(tmp_path / "all")
    run(tmp_path / "few", ("teapot", "cat"))
    every = pictures(tmp_path / "all")
    few = pictures(tmp_path / "few")
    assert len(few) == 30
    assert few == {name: every[name] for name in few}
    other = GenerateOptions(n=5, seed=4, attempts=3)
    run(tmp_path / "other", ("cat",), other)
    assert not set(pictures(tmp_path / "other").values()) & set(every.values())


def test_going_on_draws_only_what_is_missing_or_damaged(painter: NoisePainter, tmp_path: Path) -> None:
    place = tmp_path / "t"
    run(place, ("cat",))
    before = pictures(place)
    painter.seeds.clear()
    assert run(place, ("cat",)).kept == 15
    assert not painter.seeds
    lost, hurt = (place / "images" / image_name("cat", 1, role) for role in ("a", "b"))
    lost.unlink()
    hurt.write_bytes(hurt.read_bytes()[:100])
    with (place / "provenance.jsonl").open("a") as stream:
        stream.write('{"file": "half a li')
    assert run(place, ("cat",)).drawn == 2
    assert pictures(place) == before
    assert run(place, ("cat", "dog")).to_dict()["kept"] == 15
    assert len(load_judgments(place)) == 10


def test_asking_for_less_later_takes_nothing_out_of_the_table(painter: NoisePainter, tmp_path: Path) -> None:
    place = tmp_path / "t"
    run(place, ("cat", "dog"))
    (place / "images" / image_name("dog", 4, "b")).unlink()
    made = run(place, ("heron",), GenerateOptions(n=1, seed=3, attempts=3))
    table = load_judgments(place)
    assert isinstance(table, TripletTable)
    assert (made.categories, made.triplets, made.drawn) == (3, 10, 3)
    assert table.column("category") == ["heron"] + ["cat"] * 5 + ["dog"] * 4
    assert not table.images.absent()


def test_kill_9_leaves_whole_images_and_the_next_run_goes_on(painter: NoisePainter, tmp_path: Path) -> None:
    run(tmp_path / "whole")
    wanted = pictures(tmp_path / "whole")
    place = tmp_path / "killed"
    rng = random.Random(1)
    kills, farthest = 0, 0
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.judgments.drawing_child", str(place)]
    while kills < KILLS:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        with process:
            told = [process.stdout.readline().strip()]
            time.sleep(rng.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
            told += process.stdout.read().split()
        kills += 1
        found = {name: content for name, content in pictures(place).items() if not name.endswith(".new")}
        assert found == {name: wanted[name] for name in found}
        noted = (place / "provenance.jsonl").read_text().splitlines()
        if "finished" in told:
            break
        farthest = max(farthest, int(told[-1]))
        assert len(noted) >= farthest  # what was acknowledged stays
    assert farthest > 0
    run(place)
    assert pictures(place) == wanted
    assert len(load_judgments(place)) == 20


def test_other_settings_and_other_folders_are_refused(painter: NoisePainter, tmp_path: Path) -> None:
    run(tmp_path / "t", ("cat",))
    with pytest.raises(JudgmentError, match="base_seed 3, not 9: name a new folder"):
        run(tmp_path / "t", ("cat",), GenerateOptions(n=5, seed=9))
    with pytest.raises(JudgmentError, match="template"):
        run(tmp_path / "t", ("cat",), GenerateOptions(n=5, seed=3, prompt="A drawing of a <category>"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    with pytest.raises(JudgmentError, match="not empty"):
        run(tmp_path / "mine")
    (tmp_path / "t" / "provenance.jsonl").write_text("[]\n")
    with pytest.raises(JudgmentError, match="line 1: this is no record"):
        run(tmp_path / "t", ("cat",))


def test_categories_are_lines(tmp_path: Path) -> None:
    file = tmp_path / "c.txt"
    file.write_text("\ufeffcat\n\n# birds\n  heron \ncat\n青花瓷\n", encoding="utf-8")
    assert read_categories(file) == ["cat", "heron", "青花瓷"]
    assert image_name("青花瓷", 0, "a").startswith("category-")
    for content, wanted in (("", "names no category"), ("x" * 300, "line 1"), ("a\x1b[2J", "line 1")):
        file.write_text(content)
        with pytest.raises(JudgmentError, match=wanted):
            read_categories(file)
    with pytest.raises(JudgmentError, match="cannot be read"):
        read_categories(tmp_path / "none.txt")


@pytest.mark.parametrize(
    "bad", [{"n": 0}, {"steps": 0}, {"seed": -1}, {"size": 20}, {"prompt": "a cat"}, {"attempts": 0}]
)
def test_impossible_settings_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        GenerateOptions(**bad)  # type: ignore[arg-type]


def test_models_with_pickles_or_code_are_refused(tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match=r"model_index\.json"):
        check_folder(tmp_path)
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(JudgmentError, match="the weights of unet are pickles"):
        check_folder(tmp_path)
    (tmp_path / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"x")
    assert check_folder(tmp_path) == "StableDiffusionPipeline"
    (tmp_path / "unet" / "mine.py").write_text("import os")
    with pytest.raises(JudgmentError, match="code of its own"):
        check_folder(tmp_path)
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": ["mine", "Mine"]}))
    with pytest.raises(JudgmentError, match="pipeline of its own"):
        check_folder(tmp_path)


def test_a_model_that_is_nowhere_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsNotFound, match="no such folder, and it is no name on the hub"):
        find_model(str(tmp_path / "none" / "at all"))


def test_pictures_are_pictures(painter: NoisePainter, tmp_path: Path) -> None:
    run(tmp_path / "t", ("cat",))
    with Image.open(tmp_path / "t" / "images" / image_name("cat", 0, "reference")) as image:
        image.load()
        assert (image.mode, image.size) == ("RGB", (64, 64))
