"""`study check`: every fault is named, and a sound study has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.studies import Items, Study
from lookalike.studies.config import TYPE_NAMES
from lookalike.studies.design_check import Check, check_study
from lookalike.studies.design_figures import Expectation
from tests.studies.design.making import study


@pytest.mark.parametrize("type", TYPE_NAMES)
def test_a_new_study_has_no_problem(tmp_path: Path, type: str) -> None:
    found = check_study(study(tmp_path, type))
    assert found.ok, found.problems
    assert [w for w in found.warnings if not w.startswith("no contact address: set `contact`")] == []
    assert len(found.warnings) == 1
    assert found.figures["participants"] > 0
    document = found.to_dict()
    assert document["ok"] is True
    assert (document["catch"] is None) == (type == "recall-and-vote")


def test_what_is_still_to_be_written_is_a_problem_with_its_place(tmp_path: Path) -> None:
    made = study(tmp_path, "2afc", contact="ann@example.org")
    assert check_study(made).warnings == []
    file = made.folder / "texts" / "en" / "debriefing.md"
    assert "ann@example.org" in made.text("en", "debriefing")
    file.write_text(file.read_text() + "\n[[what we found]] and [[where\n")
    line = file.read_text().count("\n")
    found = check_study(Study.open(made.folder))
    assert found.problems == [
        f"texts/en/debriefing.md, line {line}: [[what we found]] is still to be written",
        f"texts/en/debriefing.md, line {line}: [[ is still to be written",
    ]


def test_sessions_that_cannot_be_as_long_as_wished_are_named(tmp_path: Path) -> None:
    made = study(tmp_path, "recall-and-vote", design={"trials_per_participant": 12})
    images = {item.fixed[0] for item in made.items}
    assert len(images) < 12 <= len(made.items)
    assert f"sessions have {len(images)} trials, not 12" in "\n".join(check_study(made).warnings)


def test_ids_must_leave_room_for_those_of_votes(tmp_path: Path) -> None:
    made = study(tmp_path, "recall-and-vote")
    assert made.config.design.votes is not None
    first = next(item for item in made.items if item.options)
    digits = len(str(len(first.options) - 1))

    def problems(length: int) -> list[str]:
        named = [replace(item, id="x" * length) if item is first else item for item in made.items]
        return check_study(Study(made.folder, made.config, Items(named))).problems

    assert problems(99 - digits) == []
    found = problems(100 - digits)
    assert len(found) == 1
    assert found[0].startswith("design.votes: 1 items have ids so long")


def changed(made: Study, **by_place: object) -> Study:
    """The study with the first main item's fields changed."""
    items = [replace(made.items[0], **by_place), *made.items[1:]]  # type: ignore[arg-type]
    return Study(made.folder, made.config, Items(items))


def with_settings(made: Study, old: str, new: str) -> Study:
    file = made.folder / "study.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return Study.open(made.folder)


def remove_image(made: Study) -> Study:
    made.image_path(made.items[0].fixed[0]).unlink()
    return Study.open(made.folder)


def change_image(made: Study) -> Study:
    made.image_path(made.items[0].fixed[0]).write_bytes(made.image_path(made.items[1].fixed[0]).read_bytes())
    return made


def remove_text(made: Study) -> Study:
    (made.folder / "texts" / "en" / "consent.md").unlink()
    return made


FAULTS: dict[str, tuple[Callable[[Study], Study], str]] = {
    "missing image": (remove_image, "is missing; make the study anew"),
    "changed image": (change_image, "its bytes have changed"),
    "duplicate options": (
        lambda made: changed(made, options=(made.items[0].options[0],) * 3),
        "item i0001: the same image is shown twice",
    ),
    "the same question twice": (
        lambda made: Study(made.folder, made.config, Items([*made.items, replace(made.items[0], id="x")])),
        "1 main items ask the same question",
    ),
    "catch without an answer": (
        lambda made: Study(
            made.folder,
            made.config,
            Items(replace(i, right=None if i.role == "catch" else i.right) for i in made.items),
        ),
        "5 practice or catch items have no known answer",
    ),
    "companion alone": (
        lambda made: changed(made, companion="i0002"),
        "companions must name one another: i0001",
    ),
    "more trials than items": (
        lambda made: with_settings(made, "trials_per_participant = 8", "trials_per_participant = 9"),
        "trials_per_participant = 9, but there are 8 main items",
    ),
    "too few catch items": (
        lambda made: with_settings(made, "catch = 5", "catch = 6"),
        "design.catch = 6, but there are 5 catch items",
    ),
    "no rule": (lambda made: with_settings(made, "needed = 4", "# none"), "catch.needed is missing"),
    "no text": (remove_text, "consent.md cannot be read"),
    "prolific without a code": (
        lambda made: with_settings(made, 'kind = "none"', 'kind = "prolific"'),
        "give panel.completion_code or panel.completion_url",
    ),
    "no main items": (
        lambda made: Study(made.folder, made.config, Items(i for i in made.items if i.role != "main")),
        "there are no main items",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_problems(tmp_path: Path, fault: str) -> None:
    spoil, message = FAULTS[fault]
    found = check_study(spoil(study(tmp_path, "kafc")))
    assert not found.ok
    assert any(message in problem for problem in found.problems), found.problems


def warnings_of(made: Study) -> str:
    found: Check = check_study(made)
    assert found.ok, found.problems
    return "\n".join(found.warnings)


def test_imbalance_and_risky_settings_are_warnings(tmp_path: Path) -> None:
    made = study(tmp_path, "kafc")
    lopsided = [replace(i, set="odd" if i.id in ("i0001",) else "even") for i in made.items]
    assert "the groups differ in size: odd 1, even 7" in warnings_of(
        Study(made.folder, made.config, Items(lopsided))
    )
    mixed = changed(made, options=made.items[0].options[:2], right=0)
    assert "different numbers of options: 2, 3" in warnings_of(mixed)
    uneven = with_settings(made, "trials_per_participant = 8", "trials_per_participant = 7")
    assert "160 answers are no whole number of sessions of 7" in warnings_of(uneven)
    assert "lets 21% of guessers pass" in warnings_of(with_settings(made, "needed = 4", "needed = 3"))
    first = Items(replace(i, right=0) if i.role == "main" else i for i in made.items)
    fixed = with_settings(made, 'order = "per-participant"', 'order = "fixed"')
    said = warnings_of(Study(made.folder, fixed.config, first))
    assert "right answers are not spread over the positions: [8, 0, 0]" in said
    assert "position bias cannot be told from content" in said


def test_figures_of_a_known_design(tmp_path: Path) -> None:
    made = study(tmp_path, "kafc", 12, panel={"pay_per_participant": 1.5})
    figures = check_study(made, Expectation(difference=0.25)).figures
    assert figures["participants"] == 20  # 12 items x 20 answers in sessions of 12 trials
    assert figures["cost"]["total"] == pytest.approx(30.0)
    assert figures["cost"]["per_hour"] == pytest.approx(1.5 * 60 / figures["minutes_per_session"])
    assert figures["catch"]["guessers_pass"] == pytest.approx(0.0453, abs=1e-4)  # three options, 4 of 5
    # 1.96 sqrt(.75 x .25 x (.22 + .78 / 20) / 12)
    assert figures["precision"]["half_width"] == pytest.approx(0.12468, abs=1e-4)
    power = figures["power"]
    assert power["between_groups"]["items_each"] == 6
    assert power["position_bias"]["answers"] == 240
    assert power["between_models"]["discordance"] == 0.25
    assert check_study(made).figures["power"] is None
