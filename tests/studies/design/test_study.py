"""Study folders: written whole, read back, moved, and safe against names that lead out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lookalike.errors import StudyError
from lookalike.studies import Items, Study
from lookalike.studies.config import TYPE_NAMES
from lookalike.studies.design_build import Plan, build, config_for, study_name
from lookalike.studies.texts import UNFINISHED, filled, languages, shipped
from tests.studies.design.making import draft, study


@pytest.mark.parametrize("type", TYPE_NAMES)
def test_a_study_is_read_back_and_can_be_moved(tmp_path: Path, type: str) -> None:
    made = study(tmp_path, type)
    shutil.move(tmp_path / "study", tmp_path / "elsewhere")
    again = Study.open(tmp_path / "elsewhere")
    assert (again.config, list(again.items), again.hash) == (made.config, list(made.items), made.hash)
    names = {file.name for file in again.folder.iterdir()}
    assert names == {"study.toml", "items.parquet", "images", "texts"}
    # Opaque names, and no path of this machine anywhere.
    assert {file.stem for file in (again.folder / "images").iterdir()} == set(again.items.images())
    assert str(tmp_path).encode() not in (again.folder / "items.parquet").read_bytes()
    assert all(again.image_path(content).is_file() for content in again.items.images())
    assert len(again.catalogue()) == len(again.items.images())


def test_the_hash_follows_settings_and_items_only(tmp_path: Path) -> None:
    made = study(tmp_path, "2afc")
    file = made.folder / "study.toml"
    file.write_text(file.read_text() + "\n# a comment\n")
    assert Study.open(made.folder).hash == made.hash
    file.write_text(file.read_text().replace("answers_per_item = 10", "answers_per_item = 9"))
    assert Study.open(made.folder).hash != made.hash
    assert Study(made.folder, made.config, Items(made.items[:-1])).hash != made.hash
    assert len(made.hash) == 64


def test_names_that_lead_out_of_the_folder_are_no_images(tmp_path: Path) -> None:
    made = study(tmp_path, "2afc")
    content = made.items.images()[0]
    for name in (
        "",
        "../study",
        "..",
        "x" * 64,
        "/etc/passwd",
        f"{content}.png",
        content.upper(),
        content + "\0",
    ):
        with pytest.raises(StudyError, match="no content id"):
            made.image_path(name)
    with pytest.raises(StudyError, match="is missing"):
        made.image_path("0" * 64)
    # A link is not followed, wherever it leads.
    file = made.image_path(content)
    file.unlink()
    file.symlink_to("/etc/hostname")
    with pytest.raises(StudyError, match="is missing"):
        Study.open(made.folder).image_path(content)


def test_texts_are_those_of_the_study(tmp_path: Path) -> None:
    made = study(tmp_path, "kafc")
    assert made.text("en", "instructions").startswith("# What to do")
    assert "practice" in made.text("en", "instructions")
    assert "{" not in made.text("en", "consent") + made.text("en", "instructions")
    with pytest.raises(StudyError, match="no texts in zh; it has en"):
        made.text("zh", "consent")
    with pytest.raises(StudyError, match="there is no text"):
        made.text("en", "../../study")
    (made.folder / "texts" / "en" / "consent.md").unlink()
    with pytest.raises(StudyError, match=r"consent\.md cannot be read"):
        made.text("en", "consent")


@pytest.mark.parametrize("type", TYPE_NAMES)
def test_texts_ship_for_every_type_in_both_languages(type: str) -> None:
    assert languages() == ["en", "zh"]
    for language in languages():
        texts = shipped(type, language, minutes=7, trials=48, practice=0)
        assert set(texts) == {"consent", "instructions", "debriefing"}
        assert "7" in texts["consent"]
        assert "48" in texts["consent"]
        known = {"institution": "The Lab", "contact": "a@b.org"}
        named = {part: filled(text, known) for part, text in texts.items()}
        assert "The Lab" in named["consent"]
        assert "a@b.org" in named["consent"]
        assert "a@b.org" in named["debriefing"]
        bare = {part: filled(text, {"institution": "", "contact": ""}) for part, text in texts.items()}
        for text in (*named.values(), *bare.values()):
            assert "{" not in text
            assert not UNFINISHED.search(text)
        more = shipped(type, language, minutes=7, trials=48, practice=2)["instructions"]
        assert (len(more) > len(texts["instructions"])) == (type != "recall-and-vote")
    with pytest.raises(StudyError, match="no texts ship in fr; there are en, zh"):
        shipped(type, "fr", minutes=1, trials=1, practice=0)


def test_a_folder_in_use_is_left_alone_and_a_failure_leaves_nothing(tmp_path: Path) -> None:
    made = study(tmp_path, "2afc")
    with pytest.raises(StudyError, match="is in use"):
        build(made.folder, "2afc", draft(tmp_path / "images", "2afc"), Plan("x", "T", ("en",)))
    source = draft(tmp_path / "more", "2afc")
    source.images[source.items[0].fixed[0]].write_bytes(b"no image at all")
    with pytest.raises(StudyError, match="not an image"):
        build(tmp_path / "new", "2afc", source, Plan("x", "T", ("en",), settings={"design": {"catch": 0}}))
    assert not (tmp_path / "new").exists()
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_settings_of_the_plan_count_and_the_catch_rule_follows(tmp_path: Path) -> None:
    source = draft(tmp_path, "kafc")  # three options: 5 catch trials, 4 of them right
    usual = config_for("kafc", source, Plan("x", "T"))
    assert (usual.design.catch, usual.catch.needed, usual.design.trials_per_participant) == (5, 4, 8)
    more = config_for(
        "kafc", source, Plan("x", "T", settings={"design": {"catch": 7, "answers_per_item": 2}})
    )
    assert (more.catch.needed, more.design.answers_per_item) == (6, 2)
    none = config_for("kafc", source, Plan("x", "T", settings={"design": {"catch": 0}}))
    assert (none.catch.needed, none.exclusion.catch) == (None, False)
    with pytest.raises(StudyError, match=r"unknown key design\.k"):
        config_for("kafc", source, Plan("x", "T", settings={"design": {"k": 7}}))


def test_a_folder_that_is_no_study_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no such study folder"):
        Study.open(tmp_path / "nothing")
    with pytest.raises(StudyError, match=r"study\.toml: there is no such file"):
        Study.open(tmp_path)
    made = study(tmp_path, "2afc")
    file = made.folder / "study.toml"
    file.write_text(file.read_text().replace('type = "2afc"', 'type = "kafc"'))
    with pytest.raises(StudyError, match="item i0001 is 2afc, but the study is kafc"):
        Study.open(made.folder)


def test_names_for_the_address_come_from_the_folder() -> None:
    assert study_name("/x/My Study_2!") == "my-study-2"
    assert study_name("/x/研究") == "study"
