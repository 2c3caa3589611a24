"""Starting once, finishing with everything, withdrawing (checklist 10, 14, 22)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from lookalike.studies.store import PanelIds, Refused, Store
from lookalike.studies.store.schema import answers, events, sessions, tallies
from lookalike.studies.types import AnswerPayload
from tests.studies.small import small_study

ANN = PanelIds("prolific", "ann", {"PROLIFIC_PID": "ann"})
QUESTION = {"name": "age", "text": {"en": "How old?"}, "kind": "number", "required": True}


def answer(store: Store, study, session, count: int) -> None:  # type: ignore[no-untyped-def]
    for index in range(session.next, count):
        store.answer(study, session.token, index, f"n{index}", AnswerPayload(position=0))


def test_a_panel_id_starts_once(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "panel")
    store.register(study)
    session = store.start_session(study, ANN)
    answer(store, study, session, 1)
    with pytest.raises(Refused, match="already started") as caught:
        store.start_session(study, ANN)
    assert caught.value.status == 409
    assert store.start_session(study, PanelIds("prolific", "bob", {})).id != session.id


def test_a_start_without_answers_makes_room(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "again", answers_per_item=1)
    store.register(study)
    lost = store.start_session(study, ANN)
    found = store.start_session(study, ANN)
    assert found.trials == 6
    with pytest.raises(Refused) as caught:
        store.resume(study, lost.token)
    assert caught.value.status == 410
    assert store.status(study)["participants"]["started"] == 1


def test_a_refused_start_leaves_the_first_session_alive(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small_study(tmp_path / "full", answers_per_item=1)
    store.register(study)
    first = store.start_session(study, ANN)
    monkeypatch.setattr("lookalike.studies.store.visits.draw_trials", lambda *_: [])
    with pytest.raises(Refused) as caught:
        store.start_session(study, ANN)
    assert caught.value.status == 503
    answer(store, study, first, 1)
    assert "replaced" not in store.status(study)["events"]


def test_participants_are_named_by_a_keyed_hash(store: Store, tmp_path: Path) -> None:
    one, other = small_study(tmp_path / "one"), small_study(tmp_path / "two")
    names = set()
    for study in (one, other):
        store.register(study)
        session = store.start_session(study, ANN)
        answer(store, study, session, 1)
        names |= set(store.answers(study)["participant"].to_pylist())
    assert len(names) == 2
    assert not any("ann" in name for name in names)
    assert store.people(one)[0]["panel_ids"] == {"PROLIFIC_PID": "ann"}


def test_finishing_needs_every_answer_and_every_required_question(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "end", items=2, config={"questions": [QUESTION]})
    store.register(study)
    session = store.start_session(study)
    with pytest.raises(Refused, match="2 answers are missing"):
        store.finish(study, session.token)
    with pytest.raises(Refused, match="2 answers are missing"):
        store.save_questions(study, session.token, {"age": 30})
    answer(store, study, session, 2)
    assert store.resume(study, session.token).phase == "questions"
    with pytest.raises(Refused, match="questions"):
        store.finish(study, session.token)
    store.save_questions(study, session.token, {"age": 30})
    assert store.resume(study, session.token).phase == "done"
    assert store.finish(study, session.token) == store.finish(study, session.token)
    assert store.answers(study)["finished"].to_pylist() == [True, True]
    store.save_questions(study, session.token, {"age": 30})
    with pytest.raises(Refused, match="finished"):
        store.save_questions(study, session.token, {"age": 31})
    # The last acknowledgement may have been lost: it can be asked for again.
    assert store.answer(study, session.token, 1, "n1", AnswerPayload(position=0)).repeated


def test_withdrawing_deletes_everything_about_the_person_but_the_fact(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "gone", answers_per_item=1)
    store.register(study)
    session = store.start_session(study, ANN, language="en", device="phone", viewport=(360, 640))
    answer(store, study, session, 3)
    assert store.withdraw(study, session.id) == 3
    assert store.withdraw(study, session.id) == 0
    assert store.answers(study).num_rows == 0
    with store.reading() as connection:
        assert connection.execute(select(answers)).all() == []
        row = connection.execute(select(sessions)).one()
        kinds = [event.kind for event in connection.execute(select(events).order_by(events.c.id))]
        votes = {
            tally.item: (tally.votes, tally.taken, tally.answered)
            for tally in connection.execute(select(tallies))
        }
    assert "ann" not in json.dumps([str(value) for value in row])
    assert (row.person, row.panel_ids, row.language, row.device, row.viewport) == (None,) * 5
    assert kinds == ["started", "withdrawn"]
    assert set(map(str, votes.values())) == {"({}, 0, 0)"}
    for call in (store.resume, store.finish):
        with pytest.raises(Refused) as caught:
            call(study, session.token)
        assert caught.value.status == 410
    assert store.start_session(study).trials == 6


def test_withdrawing_what_is_not_there(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "nobody")
    store.register(study)
    with pytest.raises(Refused) as caught:
        store.withdraw(study, "0" * 16)
    assert caught.value.status == 404


def test_status_counts_what_happened(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "status", catch=2, config={"catch": {"needed": 2}})
    store.register(study)
    done, gone = store.start_session(study), store.start_session(study)
    wrong = 0
    for slot in store.slots(study, done.id):
        clock.minutes(0.5)
        place = slot.order.index(1 if slot.role == "catch" and not wrong else 0)
        wrong += slot.role == "catch"
        store.answer(study, done.token, slot.index, f"n{slot.index}", AnswerPayload(position=place))
    store.finish(study, done.token)
    answer(store, study, gone, 4)
    clock.minutes(6)
    found = store.status(study)
    assert found["participants"] == {
        "started": 2, "active": 0, "waiting": 1, "finished": 1, "withdrawn": 0, "simulated": 0,
    }  # fmt: skip
    assert found["answers"] == 12
    assert found["answers_wanted"] == 24
    assert found["catch"]["failed_people"] >= 1
    assert [row["people"] for row in found["dropout"]] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert found["median_minutes"] == 4.0
    assert found["minutes_left"] == pytest.approx(found["answers_missing"] / found["answers_per_minute"])
