"""The reference page names every key, column and default that the code has."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from lookalike.studies import DICTIONARY, StudyConfig
from lookalike.studies import config_sections as sections
from lookalike.studies.design import MAKERS
from lookalike.studies.presets import PRESETS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "study-files.md"
MODELS: list[type[BaseModel]] = [
    StudyConfig, sections.Design, sections.Timing, sections.Panel, sections.Scale, sections.Question,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_in_the_reference(model: type[BaseModel]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    missing = [key for key in model.model_fields if f"`{key}`" not in text and f"[{key}]" not in text]
    assert missing == []
    for key, field in model.model_fields.items():
        if isinstance(field.default, int) and not isinstance(field.default, bool) and key != "seed":
            assert f"| `{key}` | {field.default} |" in text, key


def test_columns_types_and_presets_are_in_the_reference() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` | " in text and meaning in text for name, meaning in DICTIONARY.items())
    assert all(f"| `{name}` | " in text for name in [*MAKERS, *PRESETS])
    for section in (sections.Catch, sections.Exclusion):
        assert all(f"`{section.__name__.lower()}.{key}`" in text for key in section.model_fields)
