"""Each type: which answers it takes, which it refuses, and that answers come back as judgments."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lookalike.errors import StudyError
from lookalike.judgments import load_judgments
from lookalike.studies import ANSWER_SCHEMA, Item, Study
from lookalike.studies.config import TYPE_NAMES
from lookalike.studies.config_sections import Scale
from lookalike.studies.types import (
    AnswerPayload,
    Checked,
    is_vote,
    on_scale,
    register,
    study_type,
    type_names,
)
from tests.studies.design.making import study

CHOICE = Item("i", "kafc", fixed=("q",), options=("a", "b", "c"), right=2)
PAIR = Item("i", "same-different", fixed=("a", "b"), right=0)
RATED = Item("i", "rating", fixed=("a", "b"), extra={"expected": [5, 7]})
RECALL = Item("i", "recall-and-vote", fixed=("a",), options=("b", "c"), right=1)
VOTE = Item("i", "recall-and-vote", fixed=("a", "b"))
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_every_type_of_the_settings_is_registered() -> None:
    assert tuple(type_names()) == tuple(sorted(type_names(), key=type_names().index))
    assert set(type_names()) == set(TYPE_NAMES)
    with pytest.raises(StudyError, match="no study type maxdiff"):
        study_type("maxdiff")
    with pytest.raises(StudyError, match="already"):
        register(study_type("kafc"))


@pytest.mark.parametrize(
    ("item", "order", "payload", "checked"),
    [
        (CHOICE, [2, 0, 1], AnswerPayload(position=0), Checked(position=0, chosen=2, correct=True)),
        (CHOICE, [2, 0, 1], AnswerPayload(position=2), Checked(position=2, chosen=1, correct=False)),
        (PAIR, [], AnswerPayload(same=True), Checked(chosen=1, correct=False)),
        (PAIR, [], AnswerPayload(same=False), Checked(chosen=0, correct=True)),
        (RATED, [], AnswerPayload(value=6), Checked(value=6.0, correct=True)),
        (RATED, [], AnswerPayload(value=2), Checked(value=2.0, correct=False)),
        (RECALL, [1, 0], AnswerPayload(position=0), Checked(position=0, chosen=1, correct=True)),
        (RECALL, [1, 0], AnswerPayload(text=" a cat "), Checked(text="a cat")),
        (VOTE, [], AnswerPayload(value=-1), Checked(value=-1.0)),
    ],
)
def test_answers_that_are_taken(
    item: Item, order: list[int], payload: AnswerPayload, checked: Checked
) -> None:
    assert study_type(item.type).check_answer(item, order, payload) == checked


@pytest.mark.parametrize(
    ("item", "order", "payload"),
    [
        (CHOICE, [2, 0, 1], AnswerPayload()),
        (CHOICE, [2, 0, 1], AnswerPayload(position=3)),
        (CHOICE, [2, 0, 1], AnswerPayload(position=-1)),
        (CHOICE, [2, 0, 1], AnswerPayload(position=True)),
        (CHOICE, [2, 0, 1], AnswerPayload(position=1.0)),  # type: ignore[arg-type]
        (CHOICE, [2, 0, 1], AnswerPayload(position=1, text="x")),
        (CHOICE, [0, 0, 1], AnswerPayload(position=1)),
        (CHOICE, [0, 1], AnswerPayload(position=1)),
        (PAIR, [], AnswerPayload(same=1)),  # type: ignore[arg-type]
        (PAIR, [], AnswerPayload(position=0)),
        (PAIR, [0], AnswerPayload(same=True)),
        (RATED, [], AnswerPayload(value=math.nan)),
        (RATED, [], AnswerPayload(value=math.inf)),
        (RATED, [], AnswerPayload(value=True)),
        (RATED, [], AnswerPayload()),
        (RECALL, [1, 0], AnswerPayload(position=2)),
        (RECALL, [1, 0], AnswerPayload(text="  ")),
        (RECALL, [1, 0], AnswerPayload(text="x" * 501)),
        (RECALL, [1, 0], AnswerPayload(value=1)),
        (VOTE, [], AnswerPayload(value=0)),
        (VOTE, [], AnswerPayload(text="up")),
    ],
)
def test_answers_that_are_refused(item: Item, order: list[int], payload: AnswerPayload) -> None:
    with pytest.raises(StudyError):
        study_type(item.type).check_answer(item, order, payload)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (Item("i", "kafc", fixed=("q",), options=("a", "a")), "the same image is shown twice"),
        (Item("i", "kafc", fixed=("q",), options=("a",)), "1 options, at least 2 wanted"),
        (Item("i", "kafc", options=("a", "b")), "0 fixed images, 1 wanted"),
        (Item("i", "kafc", fixed=("q",), options=("a", "b"), right=2), "right is 2"),
        (Item("i", "2afc", fixed=("q",), options=("a", "b", "c")), "3 options, 2 wanted"),
        (Item("i", "odd-one-out", options=("a", "b")), "2 options, 3 wanted"),
        (Item("i", "same-different", fixed=("a",)), "1 fixed images"),
        (Item("i", "same-different", fixed=("a", "a"), right=2), "right is 2"),
        (Item("i", "rating", fixed=("a", "b"), extra={"expected": [3, 1]}), "expected must be [low, high]"),
        (Item("i", "recall-and-vote"), "0 fixed images, 1 (propose) or 2 (vote) wanted"),
        (Item("i", "recall-and-vote", fixed=("a",), options=("a",)), "the same image is shown twice"),
        (Item("i", "recall-and-vote", fixed=("a", "b"), options=("c",)), "a vote has no options"),
    ],
)
def test_items_that_are_refused(item: Item, reason: str) -> None:
    assert reason in study_type(item.type).check_item(item)


def test_chance_and_number_of_answers() -> None:
    found = {item.type: study_type(item.type).choices(item) for item in (CHOICE, PAIR, RATED, RECALL)}
    assert found == {"kafc": 3, "same-different": 2, "rating": 0, "recall-and-vote": 0}
    assert study_type("kafc").chance(CHOICE) == pytest.approx(1 / 3)
    assert study_type("same-different").chance(PAIR) == 0.5
    assert math.isnan(study_type("rating").chance(RATED))
    assert study_type("recall-and-vote").chance(RECALL) == 0.5
    assert is_vote(VOTE)
    assert not is_vote(RECALL)


def test_only_marks_of_the_scale_are_taken() -> None:
    on_scale(Scale(low=1.0, high=7.0, step=1.0), 7)
    on_scale(Scale(low=0.0, high=1.0, step=0.0), 0.123)
    for scale, value in ((Scale(), 8), (Scale(), 0.5), (Scale(), 2.5)):
        with pytest.raises(StudyError):
            on_scale(scale, value)


def answers(made: Study, given: list[tuple[str, dict[str, Any]]]) -> pa.Table:
    """Rows of the answers' schema: (item, what was answered)."""
    rows = []
    for number, (item, values) in enumerate(given):
        asked = made.items.by_id(item)
        row: dict[str, Any] = dict.fromkeys(ANSWER_SCHEMA.names)
        row.update(participant=f"p{number}", session=f"s{number}", study_hash=made.hash, app_version="0")
        row.update(item=item, set=asked.set, role=asked.role, type=asked.type, trial_index=0, answered_at=NOW)
        row.update(order=list(range(len(asked.options))), finished=True, simulated=False, **values)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=ANSWER_SCHEMA)


@pytest.mark.parametrize(
    ("type", "given", "columns"),
    [
        (
            "kafc",
            [{"chosen": 1}, {"chosen": 1}, {"chosen": 0}],
            {"answers": [1, 2, 0], "right": 0, "set": "even"},
        ),
        ("2afc", [{"chosen": 0}, {"chosen": 1}, {"chosen": 1}], {"votes_a": 1, "votes_b": 2}),
        ("odd-one-out", [{"chosen": 2}, {"chosen": 2}], {"votes_a": 0, "votes_b": 0, "votes_c": 2}),
        ("same-different", [{"chosen": 1}, {"chosen": 0}], {"votes_same": 1, "votes_different": 1}),
        ("rating", [{"value": 3.0}, {"value": 6.0}], {"rating": 4.5, "raters": 2}),
    ],
)
def test_answers_come_back_as_judgments(
    tmp_path: Path, type: str, given: list[dict[str, Any]], columns: dict[str, Any]
) -> None:
    made = study(tmp_path, type)
    first = made.items.where(role="main")[0]
    practice = made.items.where(role="practice")[0]
    table = answers(made, [*((first.id, one) for one in given), (practice.id, given[0])])
    judged = study_type(type).judgments(made.items, table, made)
    assert len(judged) == 1
    assert {name: judged.column(name)[0] for name in columns} == columns
    assert judged.column("item") == [first.id]
    judged.save(tmp_path / "judged", copy_images=True)
    assert load_judgments(tmp_path / "judged").table.equals(judged.table)


def test_proposals_and_votes_come_back_as_pairs(tmp_path: Path) -> None:
    made = study(tmp_path, "recall-and-vote")
    recall = made.items.where(set="recall")[0]
    vote = made.items.where(set="vote")[0]
    assert recall.right is not None
    assert (recall.fixed[0], recall.options[recall.right]) == vote.fixed
    given: list[tuple[str, dict[str, Any]]] = [
        (recall.id, {"chosen": recall.right}),
        (vote.id, {"value": 1.0}),
        (vote.id, {"value": -1.0}),
        (recall.id, {"text": "a cat"}),
    ]
    pairs = study_type("recall-and-vote").judgments(made.items, answers(made, given), made)
    assert [pairs.column(name) for name in ("left", "right", "up_votes", "down_votes")] == [
        [vote.fixed[0]], [vote.fixed[1]], [2], [1],
    ]  # fmt: skip
    with pytest.raises(StudyError, match="all proposals are in words"):
        study_type("recall-and-vote").judgments(made.items, answers(made, given[3:]), made)


def test_no_answers_are_no_judgments(tmp_path: Path) -> None:
    made = study(tmp_path, "2afc")
    with pytest.raises(StudyError, match="no answer to any main item"):
        study_type("2afc").judgments(made.items, ANSWER_SCHEMA.empty_table(), made)
