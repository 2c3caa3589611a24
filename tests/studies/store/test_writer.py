"""Group commits, and what happens when the database says no (checklist 4, 11)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import wait
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from lookalike.studies.store import Refused, Store, Unavailable
from lookalike.studies.store.events import log_event
from lookalike.studies.types import AnswerPayload
from tests.studies.small import small_study

ANSWER = AnswerPayload(position=1)


def test_many_answers_share_a_commit(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "group", answers_per_item=100)
    store.register(study)
    people = [store.start_session(study) for _ in range(60)]
    before = store.commits
    futures = [store.submit_answer(study, one.token, 0, "n", ANSWER) for one in people]
    wait(futures)
    assert [future.result().next for future in futures] == [1] * 60
    assert store.commits - before < 30
    assert store.answers(study).num_rows == 60


def test_answers_pass_newcomers_who_wait(store: Store) -> None:
    """Long work goes behind the answers that are there, one piece a commit, and all of it is done when the store closes."""
    held, order = threading.Event(), []

    def note(name: str) -> Callable[[Connection], None]:
        return lambda _: order.append(name)

    first = store.submit(lambda _: held.wait(20))  # the writer is busy while the others queue
    newcomers = [store.submit(note(f"long {number}"), long=True) for number in range(3)]
    answers = [store.submit(note(f"short {number}")) for number in range(4)]
    before = store.commits
    held.set()
    wait([first, *newcomers, *answers])
    assert order == ["short 0", "short 1", "short 2", "short 3", "long 0", "long 1", "long 2"]
    assert store.commits - before <= 4  # the blocked one, then three with one long piece each
    late = [store.submit(note("late"), long=True) for _ in range(3)]
    store.close()
    assert [future.result(0) for future in late] == [None] * 3


def test_a_failing_neighbour_takes_nobody_with_it(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "fail", answers_per_item=100)
    store.register(study)
    people = [store.start_session(study) for _ in range(10)]

    def bad(connection) -> None:  # type: ignore[no-untyped-def]
        log_event(connection, study, None, "half done", 0)
        raise ZeroDivisionError

    def broken(connection) -> None:  # type: ignore[no-untyped-def]
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    futures = []
    for number, one in enumerate(people):
        futures.append(store.submit_answer(study, one.token, 0, "n", ANSWER))
        if number in (3, 6):
            futures.append(store.submit(bad if number == 3 else broken))
    wait(futures)
    problems = [future.exception() for future in futures if future.exception()]
    assert [type(problem) for problem in problems] == [ZeroDivisionError, Unavailable]
    assert store.answers(study).num_rows == 10
    assert "half done" not in store.status(study)["events"]


def test_a_full_disk_is_no_acknowledgement(tmp_path: Path) -> None:
    study = small_study(tmp_path / "full", answers_per_item=100)
    with Store(f"sqlite:///{tmp_path / 'full.sqlite'}") as store:
        store.register(study)
        session = store.start_session(study)

        @event.listens_for(store._writing, "begin")
        def _no_room(connection) -> None:  # type: ignore[no-untyped-def]
            connection.exec_driver_sql("PRAGMA max_page_count = 1")

        text = AnswerPayload(position=1)
        outcomes: list[bool] = []
        for index in range(session.trials):
            try:
                store.answer(study, session.token, index, "n", text)
                outcomes.append(True)
            except Unavailable:
                outcomes.append(False)
                break
        while all(outcomes):  # the pages at hand sufficed: start people until they do not
            try:
                store.start_session(study)
            except Unavailable:
                outcomes.append(False)
        kept = sum(outcomes)
        event.remove(store._writing, "begin", _no_room)
        assert store.answers(study).num_rows == kept


def test_a_read_only_database_is_one_clear_line(tmp_path: Path) -> None:
    study = small_study(tmp_path / "ro")
    with Store(f"sqlite:///{tmp_path / 'ro.sqlite'}") as store:
        store.register(study)
        session = store.start_session(study)
        event.listen(store._writing, "begin", lambda c: c.exec_driver_sql("PRAGMA query_only = 1"))
        with pytest.raises(Unavailable, match="not stored yet"):
            store.answer(study, session.token, 0, "n", ANSWER)
        assert store.answers(study).num_rows == 0
        assert store.resume  # reading goes on
        assert store.status(study)["answers"] == 0


def test_a_closed_store_refuses(tmp_path: Path) -> None:
    study = small_study(tmp_path / "closed")
    store = Store(f"sqlite:///{tmp_path / 'closed.sqlite'}")
    store.register(study)
    store.close()
    store.close()
    with pytest.raises(Unavailable, match="closed"):
        store.start_session(study)


def test_refusals_are_no_failures(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "no")
    store.register(study)
    with pytest.raises(Refused):
        store.answer(study, "nobody", 0, "n", ANSWER)


def test_what_a_refused_action_wrote_is_gone_and_its_neighbours_stay(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "half")
    store.register(study)

    def raised(connection) -> None:  # type: ignore[no-untyped-def]
        log_event(connection, study, None, "half done", 0)
        raise Refused(503, "no")

    def returned(connection) -> Refused:  # type: ignore[no-untyped-def]
        log_event(connection, study, None, "noted", 0)
        return Refused(409, "no")

    futures = [store.submit(work) for work in (raised, returned) * 5]
    wait(futures)
    assert all(isinstance(future.exception(), Refused) for future in futures)
    found = store.status(study)["events"]
    assert "half done" not in found
    assert found["noted"] == 5


def test_too_many_readers_are_told_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = small_study(tmp_path / "busy")
    with Store(f"sqlite:///{tmp_path / 'busy.sqlite'}") as store, ExitStack() as stack:
        store.register(study)
        monkeypatch.setattr(store._reading.pool, "_timeout", 0.01)
        for _ in range(18):  # all that the pool has
            stack.enter_context(store.reading())
        with pytest.raises(Unavailable, match="too many"):
            stack.enter_context(store.reading())
