"""The page about recipes names every section, key and default of the models that read them."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from lookalike.training.augment import Augment
from lookalike.training.data_made import DIGITS_SETTINGS, TWINS_SETTINGS
from lookalike.training.recipe import Recipe
from lookalike.training.recipe_data import TeacherSection
from tests.docs.test_reference import section

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "train-an-encoder.md"
SECTIONS = {
    name: field.annotation
    for name, field in Recipe.model_fields.items()
    if name not in ("name", "description", "seed")
} | {"data.teacher": TeacherSection}


def shown(default: object, needed: bool) -> str:
    if needed:
        return "needed"
    if default is None:
        return "none"
    return f"`{json.dumps(list(default) if isinstance(default, tuple) else default)}`"


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_every_key_of_a_section_is_listed_with_its_default(name: str) -> None:
    text = section(PAGE.read_text(encoding="utf-8"), f"`[{name}]`")
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, flags=re.MULTILINE))
    model = SECTIONS[name]
    assert model is not None
    wanted = {key: shown(field.default, field.is_required()) for key, field in model.model_fields.items()}
    assert listed == wanted


def test_settings_of_made_data_and_of_augmentation_are_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    below = section(text, "`[data.twins]` and `[data.digits]`")
    assert [name for name in (*TWINS_SETTINGS, *DIGITS_SETTINGS) if f"`{name}`" not in below] == []
    augment = section(text, "`[data.augment]`")
    assert [field.name for field in fields(Augment) if f"`{field.name}`" not in augment] == []
