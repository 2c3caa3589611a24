"""kill -9 of the whole server under load: no acknowledged answer lost, none twice, participants resume (checklist 4, 7)."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lookalike.studies import Study
from lookalike.studies.simulate import Behaviour, Simulation, simulate
from lookalike.studies.simulate_lean import LeanTransport
from lookalike.studies.store import Store, default_url
from lookalike.studies.store.schema import answers, slots, tallies
from tests.studies.small import small_study


def killed_again_and_again(study: Study, server_process, people: int, kills: int, pause: float) -> Simulation:  # type: ignore[no-untyped-def]
    """Simulated participants take the study while its server is killed at random moments and started again."""
    server = server_process(study.folder)
    server.start()
    done: list[Simulation] = []
    load = threading.Thread(
        target=lambda: done.append(
            simulate(
                study, people, Behaviour(resend=0.05), url=server.url, at_once=people, patience=180.0, pause=pause,
                transport=LeanTransport,
            )
        )
    )  # fmt: skip
    load.start()
    moments = random.Random(people)
    for _ in range(kills):
        stored = _rows(study)
        while _rows(study) < stored + people and load.is_alive():
            time.sleep(0.05)  # until there is load again
        time.sleep(moments.uniform(0.0, 1.0))
        assert load.is_alive(), "everybody was through before the server was killed often enough"
        server.kill()
        server.start()
    load.join(timeout=600)
    assert done, "the simulated participants did not come to an end"
    return done[0]


def _rows(study: Study) -> int:
    with sqlite3.connect(
        f"file:{study.folder / 'answers.sqlite'}?mode=ro", uri=True, timeout=30
    ) as connection:
        found = connection.execute("SELECT count(*) FROM answers").fetchone()
    connection.close()
    return int(found[0])


def check_nothing_lost(study: Study, found: Simulation, people: int) -> None:
    assert found.errors == ()
    assert found.finished == people
    assert found.resumed >= people
    with Store(default_url(study)) as store, store.reading() as connection:
        rows = connection.execute(select(answers.c.session, answers.c.trial_index)).all()
        stored = {(row.session, row.trial_index) for row in rows}
        assert len(stored) == len(rows)
        assert stored == set(found.acknowledged)  # everybody went on until the last answer was acknowledged
        assert len(found.acknowledged) == len(stored)
        held = connection.execute(
            select(slots.c.item, func.count())
            .where(slots.c.state.in_(("open", "answered")), slots.c.role == "main")
            .group_by(slots.c.item)
        ).all()
        taken = connection.execute(
            select(tallies.c.item, tallies.c.taken).where(tallies.c.simulated.is_(True))
        ).all()
        assert {row[0]: row[1] for row in held} == {row.item: row.taken for row in taken if row.taken}
        assert max(row[1] for row in held) <= study.config.design.answers_per_item
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    with Store(default_url(study)) as store:
        per_person = Counter(store.answers(study)["session"].to_pylist())
    assert set(per_person.values()) == {len(study.items)}


def test_a_server_killed_under_load_loses_nothing(server_process, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "kill", items=30, answers_per_item=60)
    found = killed_again_and_again(study, server_process, people=8, kills=2, pause=0.1)
    check_nothing_lost(study, found, 8)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_server_killed_20_times_under_300_participants_loses_nothing(
    server_process, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "kill", items=60, answers_per_item=2_000)
    found = killed_again_and_again(study, server_process, people=300, kills=20, pause=1.0)
    check_nothing_lost(study, found, 300)
