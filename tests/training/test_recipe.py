"""Recipes: every key is checked, mistakes are one line, and a recipe survives being written and read."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from lookalike.errors import RecipeError
from lookalike.training import Recipe, list_recipes
from lookalike.training.recipe_check import is_frozen, needs_of
from lookalike.training.recipe_paths import absolute_name
from lookalike.training.recipe_text import to_toml

SMALL: dict[str, Any] = {
    "name": "small",
    "encoder": {"name": "onnx:net.onnx"},
    "adapter": {"kind": "mlp"},
    "objective": {"kind": "triplet-hinge"},
    "data": {"train": "votes"},
}


def changed(key: str, value: Any) -> dict[str, Any]:
    document = deepcopy(SMALL)
    place = document
    *sections, last = key.split(".")
    for section in sections:
        place = place.setdefault(section, {})
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "optimizer.epoch",
            3,
            r"unknown key optimizer\.epoch; did you mean epochs\? \[optimizer\] has: name, lr",
        ),
        ("optimizr", {}, r"unknown key optimizr; did you mean optimizer\? a recipe has: name"),
        (
            "objective.marg",
            1,
            r"unknown key objective\.marg; did you mean margin\? objective 'triplet-hinge' has",
        ),
        ("data.teacher", {"encoder": "x"}, r"unknown key data\.teacher\.encoder; did you mean encoders\?"),
        ("optimizer.lr", -1, r"optimizer\.lr: must be greater than 0, got -1"),
        ("encoder.name", 3, r"encoder\.name: must be a valid string, got 3"),
        ("adapter.kind", "lor", r"adapter\.kind: must be 'lora', 'mlp'.*, got 'lor'"),
        ("objective.kind", "triplet", r"there is no objective 'triplet'; did you mean triplet-hinge\?"),
        ("optimizer.accumulate", 65, r"optimizer: accumulate: 65 parts of a batch of 64 rows; lower it"),
        ("encoder.weights", ["a", "b"], r"encoder: weights: 2 files for 1 encoders"),
        ("stop", {"patience": 2, "restore_best": False}, r"stop: patience waits for a better epoch"),
        ("data.test_share", 0.95, r"data: validation_share and test_share leave nothing to train on"),
        (
            "adapter.kind",
            "lora",
            r"the weights of onnx:.* cannot be trained here .* use adapter\.kind = 'mlp' or 'linear'",
        ),
        (
            "data.augment",
            {"crop": 0.5},
            r"data\.augment\.crop: features of a frozen network are computed once",
        ),
        ("encoder.name", ["onnx:a", "timm:b"], r"onnx:.* is no PyTorch network, so it cannot be joined"),
        ("encoder.name", "net:small", r"random weights, so all of it is trained: set adapter\.kind = 'full'"),
        ("objective.kind", "autoencoder", r"paints images, so it needs a network that is trained"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(key: str, value: Any, said: str) -> None:
    with pytest.raises(RecipeError, match=f"^recipe: .*{said}") as caught:
        Recipe.from_dict(changed(key, value))
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_said() -> None:
    document = deepcopy(SMALL)
    del document["data"]["train"]
    with pytest.raises(
        RecipeError, match=r"^recipe: data\.train is missing; give it in the recipe or with --set"
    ):
        Recipe.from_dict(document)


def test_a_recipe_survives_being_written_and_read(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(
        {
            **SMALL,
            "description": 'odd "text" \\ with\tall\x7f',
            "data": {"train": "a b", "where": {"x y": [1, "z"]}},
        }
    )
    (tmp_path / "r.toml").write_text(recipe.to_toml())
    assert Recipe.load(tmp_path / "r.toml") == recipe


def test_toml_by_hand() -> None:
    document = {"a": 1, "b": {"c": [True, 0.5, "d"], "e": {"odd key": "f"}}, "g": None, "h": {}}
    text = 'a = 1\n\n[b]\nc = [true, 0.5, "d"]\n\n[b.e]\n"odd key" = "f"\n\n[h]\n'
    assert to_toml(document) == text
    assert tomllib.loads(text) == {"a": 1, "b": {"c": [True, 0.5, "d"], "e": {"odd key": "f"}}, "h": {}}


def test_paths_are_relative_to_the_file_and_those_of_changes_to_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "votes" / "ennis").mkdir(parents=True)
    file = tmp_path / "recipes" / "r.toml"
    file.write_text(to_toml({**SMALL, "data": {"train": "votes", "images": ["ennis", "other"]}}))
    monkeypatch.chdir(tmp_path)
    recipe = Recipe.load(file, ["optimizer.epochs=2", "data.validation=more", "name=other name"])
    assert recipe.encoder.name == f"onnx:{tmp_path}/recipes/net.onnx"
    assert recipe.data.train == f"{tmp_path}/recipes/votes"
    assert recipe.data.image_folders == [f"{tmp_path}/recipes/votes/ennis", "other"]
    assert recipe.data.validation == f"{tmp_path}/more"
    assert (recipe.optimizer.epochs, recipe.name) == (2, "other name")


def test_names_of_encoders_keep_their_meaning(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "card.json").write_text("{}")
    assert absolute_name("0.5*onnx:a.onnx+classic|whiten:w", tmp_path) == (
        f"0.5*onnx:{tmp_path}/a.onnx+classic|whiten:{tmp_path}/w"
    )
    assert absolute_name("run", tmp_path) == f"{tmp_path}/run"
    assert absolute_name("classic", tmp_path) == "classic"
    assert absolute_name("timm:a?b=c", tmp_path) == "timm:a?b=c"


def test_changes_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text(to_toml(SMALL))
    with pytest.raises(RecipeError, match=r"write section\.key=value"):
        Recipe.load(file, ["optimizer.epochs"])
    with pytest.raises(RecipeError, match="name is no section"):
        Recipe.load(file, ["name.x=3"])
    # Another objective has other settings: the old ones go.
    file.write_text(to_toml({**SMALL, "objective": {"kind": "triplet-hinge", "margin": 0.1}}))
    assert Recipe.load(file, ["objective.kind=info-nce"]).objective.settings == {}


def test_bad_files_and_names_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text("a = [")
    with pytest.raises(RecipeError, match=r"r\.toml: not valid TOML: .*; check that line"):
        Recipe.load(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match="it is no UTF-8 text"):
        Recipe.load(file)
    with pytest.raises(RecipeError, match=r"there is no recipe 'materal-mlp'.*did you mean material-mlp\?"):
        Recipe.load("materal-mlp")


@pytest.mark.parametrize("name", [one.name for one in list_recipes()])
def test_shipped_recipes_are_valid_and_say_what_they_are(name: str) -> None:
    recipe = Recipe.load(name)
    assert recipe.name == name
    assert recipe.description.endswith(".")


def test_dreamsims_recipes_have_its_numbers() -> None:
    """FIELD: Adam, betas (0.5, 0.999), lr 3e-4, m 0.05; LoRA r 16 on qkv; 32 x 8 and 16 x 6; MLP 512, 512 x 20."""
    for name, batch, epochs in (("lora", 32, 8), ("ensemble", 16, 6), ("mlp", 512, 20)):
        recipe = Recipe.load(f"dreamsim-{name}")
        section = recipe.optimizer
        assert (section.name, section.betas, section.lr, section.weight_decay) == (
            "adam",
            (0.5, 0.999),
            3e-4,
            0,
        )
        assert (section.batch, section.epochs, recipe.objective.settings) == (batch, epochs, {"margin": 0.05})
        assert needs_of(recipe) == "triplets"
        assert is_frozen(recipe) == (name == "mlp")
        if name != "mlp":
            assert (recipe.adapter.rank, recipe.adapter.alpha, recipe.adapter.dropout) == (16, 0.5, 0.3)
