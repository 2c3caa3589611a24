"""study.toml: every key is checked, mistakes are named, and what is written is read back."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import StudyError
from lookalike.studies.config import TYPE_NAMES, StudyConfig
from lookalike.studies.config_text import to_toml
from lookalike.studies.design_defaults import default_settings

BASE: dict[str, Any] = {"name": "a-study", "title": "T", "type": "kafc"}


def test_the_shortest_study_has_the_usual_settings() -> None:
    config = StudyConfig.parse(BASE)
    assert (config.design.answers_per_item, config.design.order, config.panel.kind) == (
        20,
        "per-participant",
        "none",
    )
    assert config.languages == ["en"]
    assert config.scale is None
    assert config.cap == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"desing": {}}, "unknown key desing; did you mean design? a study has: name, title"),
        (
            {"design": {"answer_per_item": 3}},
            "unknown key design.answer_per_item; did you mean answers_per_item?",
        ),
        ({"type": "likert"}, "type: must be 'kafc', '2afc'"),
        ({"name": "My Study"}, "name: string should match pattern"),
        (
            {"design": {"answers_per_item": 0}},
            "design.answers_per_item: must be greater than or equal to 1, got 0",
        ),
        ({"design": {"answers_per_item": "5"}}, "design.answers_per_item: must be a valid integer, got '5'"),
        ({"catch": {"needed": 3}}, "catch.needed = 3 of design.catch = 0 cannot be reached"),
        (
            {"design": {"unanimity": {"needed": 7, "rounds": 6}}},
            "needed = 7 answers cannot come in rounds = 6",
        ),
        ({"type": "rating"}, '[scale] belongs to type = "rating"'),
        ({"scale": {}}, '[scale] belongs to type = "rating"'),
        ({"type": "rating", "scale": {"low": 7.0, "high": 1.0}}, "low = 7 must be below high = 1"),
        ({"type": "rating", "scale": {"step": 4.0}}, "steps of 4 do not lead from 1 to 7"),
        (
            {"type": "rating", "scale": {"labels": {"en": ["a", "b", "c"]}}},
            "give 2 (the ends) or 7 (every mark)",
        ),
        (
            {"type": "rating", "scale": {}, "design": {"adaptive": True}},
            "need answers that are counted, not rating",
        ),
        ({"panel": {"completion_url": "http://a.example/"}}, "completion_url must be an https address"),
        ({"panel": {"completion_url": "javascript:alert(1)"}}, "completion_url must be an https address"),
        ({"languages": ["en", "en"]}, "languages: one is named twice"),
        ({"languages": ["../x"]}, "languages.0: string should match pattern"),
        ({"questions": [{"name": "age", "text": {"zh": "?"}}]}, "question age has no text in en"),
        ({"questions": [{"name": "age", "text": {"en": "?"}, "kind": "choice"}]}, "choices belong to kind"),
        (
            {"questions": [{"nam": "age", "text": {"en": "?"}}]},
            "unknown key questions.0.nam; did you mean name?",
        ),
        ({"title": None}, "title: "),
    ],
)
def test_a_wrong_key_is_one_line_that_names_it(change: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError) as caught:
        StudyConfig.parse({**BASE, **change})
    assert message in str(caught.value)
    assert str(caught.value).startswith("study.toml: ")
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(StudyError, match="title is missing"):
        StudyConfig.parse({"name": "x", "type": "kafc"})


@pytest.mark.parametrize("type", TYPE_NAMES)
def test_what_is_written_is_read_back_for_every_type(type: str) -> None:
    config = StudyConfig.parse({**BASE, "type": type, **default_settings(type, 100)})
    text = to_toml(config)
    assert StudyConfig.parse(tomllib.loads(text)) == config
    assert "# K: no item gets more answers than this" in text
    assert max(map(len, text.splitlines())) <= 130


@settings(deadline=None)
@given(title=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_title_survives_the_file(title: str) -> None:
    config = StudyConfig.parse({**BASE, "title": title})
    assert StudyConfig.parse(tomllib.loads(to_toml(config))).title == title


def test_questions_and_staged_votes_survive_the_file() -> None:
    question = {
        "name": "eyes",
        "text": {"en": 'Glasses, "or" not?', "zh": "戴眼镜吗？"},
        "kind": "choice",
        "choices": [{"value": "yes", "text": {"en": "yes", "zh": "是"}}],
        "required": True,
    }
    config = StudyConfig.parse(
        {**BASE, "languages": ["en", "zh"], "questions": [question], "design": {"unanimity": {}}}
    )
    assert config.cap == 10
    assert StudyConfig.parse(tomllib.loads(to_toml(config))) == config
    assert StudyConfig.parse(config.to_dict()) == config


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"study\.toml: there is no such file"):
        StudyConfig.load(tmp_path)
    (tmp_path / "study.toml").write_text("name = ")
    with pytest.raises(StudyError, match=r"study\.toml cannot be read"):
        StudyConfig.load(tmp_path)
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(StudyError, match="cannot be read"):
        StudyConfig.load(tmp_path)


def test_votes_belong_to_proposals_and_leave_room_for_them() -> None:
    head = {"name": "s", "title": "t", "type": "recall-and-vote"}
    made = StudyConfig.parse(
        {**head, "design": {"votes": {"per_participant": 3}, "trials_per_participant": 6}}
    )
    assert made.live
    assert (made.design.votes.per_participant, made.design.votes.per_proposal) == (3, 5)  # type: ignore[union-attr]
    with pytest.raises(StudyError, match="leaves none of 6 trials for proposals"):
        StudyConfig.parse({**head, "design": {"votes": {"per_participant": 6}, "trials_per_participant": 6}})
    with pytest.raises(StudyError, match=r"design\.votes belongs to type"):
        StudyConfig.parse({**head, "type": "2afc", "design": {"votes": {}}})
    with pytest.raises(StudyError, match="contact"):
        StudyConfig.parse({**head, "contact": "two\nlines"})
