"""One answer, once, in order, by the right person (checklist 1, 2, 3, 7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lookalike.studies.store import Ack, Refused, Store
from lookalike.studies.store.records import Timing
from lookalike.studies.types import AnswerPayload
from tests.studies.small import small_study

FIRST = AnswerPayload(position=0)


def test_same_answer_100_times_in_parallel_is_one_row(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "one")
    store.register(study)
    session = store.start_session(study)
    with ThreadPoolExecutor(32) as pool:
        acks = list(
            pool.map(lambda _: store.answer(study, session.token, 0, "nonce", FIRST).to_dict(), range(100))
        )
    assert acks == [{"ok": True, "next": 1, "feedback": None}] * 100
    assert store.answers(study).num_rows == 1


def test_one_hundred_different_answers_in_parallel_keep_the_first(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "race")
    store.register(study)
    session = store.start_session(study)

    def send(number: int) -> Ack | Refused:
        try:
            return store.answer(study, session.token, 0, f"n{number}", AnswerPayload(position=number % 3))
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(send, range(100)))
    stored = [outcome for outcome in outcomes if isinstance(outcome, Ack)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(stored) == 1
    assert {(one.status, one.next) for one in refused} == {(409, 1)}
    assert store.answers(study).num_rows == 1
    assert store.status(study)["events"]["conflict"] == 99


def test_another_answer_with_the_same_nonce_is_a_conflict(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "nonce")
    store.register(study)
    session = store.start_session(study)
    store.answer(study, session.token, 0, "same", FIRST)
    with pytest.raises(Refused, match="first answer stands") as caught:
        store.answer(study, session.token, 0, "same", AnswerPayload(position=2))
    assert caught.value.status == 409
    assert store.answers(study)["position"].to_pylist() == [0]


@pytest.mark.parametrize("index", [1, 2, 5])
def test_future_trials_are_refused(store: Store, tmp_path: Path, index: int) -> None:
    study = small_study(tmp_path / "order")
    store.register(study)
    session = store.start_session(study)
    with pytest.raises(Refused, match="trial 0 comes first") as caught:
        store.answer(study, session.token, index, "n", FIRST)
    assert (caught.value.status, caught.value.next) == (409, 0)
    assert store.answers(study).num_rows == 0


def test_trials_that_do_not_exist_are_refused(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "none")
    store.register(study)
    session = store.start_session(study)
    with pytest.raises(Refused, match="there is no trial 6"):
        store.answer(study, session.token, 6, "n", FIRST)


@pytest.mark.parametrize(
    "payload",
    [
        AnswerPayload(position=3),
        AnswerPayload(position=-1),
        AnswerPayload(),
        AnswerPayload(value=1.0),
        AnswerPayload(position=0, text="and more"),
    ],
)
def test_answers_that_the_trial_does_not_have_leave_no_row(
    store: Store, tmp_path: Path, payload: AnswerPayload
) -> None:
    study = small_study(tmp_path / "bad")
    store.register(study)
    session = store.start_session(study)
    with pytest.raises(Refused) as caught:
        store.answer(study, session.token, 0, "n", payload)
    assert caught.value.status == 422
    assert "main-" not in str(caught.value)
    assert store.answers(study).num_rows == 0


def test_a_rating_must_be_on_the_scale(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "scale", type="rating")
    store.register(study)
    session = store.start_session(study)
    for value in (0.0, 7.5, 8.0, 3.5):
        with pytest.raises(Refused):
            store.answer(study, session.token, 0, "n", AnswerPayload(value=value))
    assert store.answer(study, session.token, 0, "n", AnswerPayload(value=4)).next == 1


def test_tokens_of_others_and_of_other_studies_open_nothing(store: Store, tmp_path: Path) -> None:
    one, other = small_study(tmp_path / "one"), small_study(tmp_path / "two")
    store.register(one)
    store.register(other)
    session = store.start_session(one)
    for study, token in (
        (other, session.token),
        (one, session.token[:-1] + "x"),
        (one, ""),
        (one, session.id),
    ):
        with pytest.raises(Refused) as caught:
            store.answer(study, token, 0, "n", FIRST)
        assert caught.value.status == 401


def test_reload_gives_the_same_trials_in_the_same_order(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "reload", practice=1, catch=1)
    store.register(study)
    session = store.start_session(study, language="en", device="phone")
    before = store.slots(study, session.id)
    store.answer(study, session.token, 0, "a", FIRST)
    clock.minutes(1)
    again = store.resume(study, session.token)
    assert (again.id, again.next, again.phase, again.trials) == (session.id, 1, "trials", 8)
    assert [(s.item, s.order) for s in store.slots(study, session.id)] == [(s.item, s.order) for s in before]
    assert not again.show_instructions
    clock.minutes(61)
    assert store.resume(study, session.token).show_instructions


def test_what_the_page_measured_is_kept(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "timing")
    store.register(study)
    session = store.start_session(study, language="zh", device="phone")
    timing = Timing(812.5, 40.0, 2, 1, True, 812.0)
    store.answer(study, session.token, 0, "n", AnswerPayload(position=2), timing)
    row = store.answers(study).to_pylist()[0]
    slot = store.slots(study, session.id)[0]
    assert row["chosen"] == slot.order[2] == row["order"][2]
    assert row["correct"] == (slot.order[2] == 0)
    assert (row["response_time_ms"], row["hidden_ms"], row["blurs"], row["frames_dropped"]) == (
        812.5,
        40,
        2,
        1,
    )
    assert (row["device"], row["language"], row["images_ok"], row["finished"]) == ("phone", "zh", True, False)
    assert (row["shown_for_ms"], row["late"]) == (812.0, False)
    assert (row["study_hash"], row["simulated"], row["panel"]) == (study.hash, False, "none")


def test_practice_says_what_was_right_and_nothing_else_does(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "feedback", practice=1, catch=1, items=2)
    store.register(study)
    session = store.start_session(study)
    acks = [store.answer(study, session.token, i, f"n{i}", FIRST) for i in range(4)]
    right = store.slots(study, session.id)[0].order[0] == 0
    assert [ack.right for ack in acks] == [right, None, None, None]
