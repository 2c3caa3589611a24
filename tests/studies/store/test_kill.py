"""kill -9 in the middle of the work: every acknowledged answer is there, none twice (checklist 4)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lookalike.studies.store import Store
from lookalike.studies.store.schema import answers, sessions, slots, tallies
from tests.studies.small import small_study


def _rounds(url: str, tmp_path: Path, rounds: int) -> None:
    study = small_study(tmp_path / "kill", items=10, answers_per_item=100_000)
    acknowledged: set[tuple[str, int]] = set()
    for number in range(rounds):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.studies.store.killed_writer", url, str(study.folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        first = process.stdout.readline()  # it is at work
        time.sleep(random.Random(number).uniform(0.05, 0.8))
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.read().splitlines()]
        process.wait()
        process.stdout.close()
        whole = [line.split() for line in lines if line.count(" ") == 1]
        acknowledged |= {(name, int(index)) for name, index in whole[:-1]}  # the last line may be cut
        _check(url, study, acknowledged)
    assert len(acknowledged) > 10 * rounds


def _check(url: str, study, acknowledged: set[tuple[str, int]]) -> None:  # type: ignore[no-untyped-def]
    with Store(url) as store, store.reading() as connection:
        rows = connection.execute(select(answers.c.session, answers.c.trial_index)).all()
        stored = {(row.session, row.trial_index) for row in rows}
        assert len(stored) == len(rows)
        assert acknowledged <= stored
        counts = connection.execute(
            select(slots.c.item, func.count())
            .where(slots.c.state.in_(("open", "answered")))
            .group_by(slots.c.item)
        ).all()
        taken = connection.execute(select(tallies.c.item, tallies.c.taken)).all()
        assert {row[0]: row[1] for row in counts} == {row.item: row.taken for row in taken if row.taken}
        standing = connection.execute(select(sessions.c.id, sessions.c.next_index)).all()
        per_session: dict[str, int] = {}
        for name, _ in stored:
            per_session[name] = per_session.get(name, 0) + 1
        assert {row.id: row.next_index for row in standing if row.next_index} == per_session
        if url.startswith("sqlite"):
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_no_acknowledged_answer_is_lost(database_url: str, tmp_path: Path) -> None:
    _rounds(database_url, tmp_path, 2)


@pytest.mark.slow
def test_no_acknowledged_answer_is_lost_in_25_rounds(database_url: str, tmp_path: Path) -> None:
    _rounds(database_url, tmp_path, 25)
