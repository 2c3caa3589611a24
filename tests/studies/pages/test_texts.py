"""The page's own texts: every language has the same keys, and the same values to fill in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

TEXTS = Path(__file__).resolve().parents[3] / "web" / "src" / "study" / "texts"
SOURCES = TEXTS.parent
LANGUAGES = sorted(file.stem for file in TEXTS.glob("*.json"))


def texts(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8"))
    return found


def gaps(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_english_and_chinese_are_there() -> None:
    assert {"en", "zh"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keys_are_those_of_english(language: str) -> None:
    assert list(texts(language)) == list(texts("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_says_something_and_keeps_its_gaps(language: str) -> None:
    english = texts("en")
    for key, text in texts(language).items():
        assert text.strip(), key
        assert gaps(text) == gaps(english[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_to_answer_with_are_single_letters_that_differ(language: str) -> None:
    own = texts(language)
    assert len(own["same_key"]) == len(own["different_key"]) == 1
    assert own["same_key"].lower() != own["different_key"].lower()


def test_every_text_is_used_and_every_used_text_exists() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES.rglob("*.ts"))
    quoted = set(re.findall(r'"([a-z][a-z_0-9]*)"', code))
    by_name = set(re.findall(r"\.(language_name|direction)\b", code))
    assert set(texts("en")) - quoted - by_name == set()
    assert set(re.findall(r'\bt\("([a-z_0-9]+)"', code)) <= set(texts("en"))
