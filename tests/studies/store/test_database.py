"""Opening databases: versions, strangers, changed studies, backups (checklist 12, 13, 17, 40)."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from lookalike.errors import StudyError
from lookalike.studies import Item, Items, Study, StudyConfig
from lookalike.studies.answers import ANSWER_SCHEMA
from lookalike.studies.store import Refused, Store
from lookalike.studies.store.engine import open_engine
from lookalike.studies.store.records import Timing
from lookalike.studies.store.schema import SCHEMA_VERSION, meta, tallies
from lookalike.studies.types import AnswerPayload
from tests.studies.small import small_study


def test_a_changed_study_is_refused_once_people_have_started(store: Store, tmp_path: Path) -> None:
    store.register(small_study(tmp_path / "a" / "same"))
    changed = small_study(tmp_path / "b" / "same", items=7)
    store.register(changed)  # nobody had started
    store.start_session(changed)
    store.register(changed)
    with pytest.raises(StudyError, match="the study same was changed after 1 people had started it"):
        store.register(small_study(tmp_path / "c" / "same", items=8))


def test_a_database_of_a_newer_lookalike_is_refused(database_url: str) -> None:
    with Store(database_url) as store:
        store.submit(
            lambda c: c.execute(meta.update().where(meta.c.key == "schema_version").values(value="99"))
        ).result()
    with pytest.raises(StudyError, match=f"version 99, this lookalike knows {SCHEMA_VERSION}"):
        Store(database_url)


def test_a_database_of_the_first_version_opens_with_all_it_holds(database_url: str, tmp_path: Path) -> None:
    study = small_study(tmp_path / "old", items=3, answers_per_item=2)
    _as_version_1(database_url, study.hash)
    with Store(database_url) as store:
        store.register(study)
        rows = store.answers(study).to_pylist()
        assert [(row["item"], row["chosen"], row["response_time_ms"]) for row in rows] == [
            ("main-1", 1, 900.0), ("main-0", 2, 901.0), ("main-2", 2, 902.0), ("main-0", 0, 700.0),
        ]  # fmt: skip
        assert {(row["shown_for_ms"], row["late"]) for row in rows} == {(None, False)}
        # Who was in the middle goes on at the same trial, and what is new is kept.
        again = store.resume(study, OLD_TOKEN)
        assert (again.id, again.next) == ("c9c79b31fbfe0bad", 1)
        timing = Timing(650.0, shown_for_ms=640.0)
        store.answer(study, OLD_TOKEN, 1, "new", AnswerPayload(position=0), timing)
        assert store.answers(study)["shown_for_ms"].to_pylist() == [None] * 4 + [640.0]
        with pytest.raises(Refused, match="all trials are taken"):
            store.start_session(study)
    Store(database_url).close()  # nothing is left to migrate


def test_items_of_the_first_version_learn_their_sets_for_adaptive_choice(
    database_url: str, tmp_path: Path
) -> None:
    study = small_study(tmp_path / "old", type="2afc", items=3, answers_per_item=2, adaptive=True)
    _as_version_1(database_url, study.hash)
    with Store(database_url) as store:
        store.register(study)
        with store.reading() as connection:
            rows = connection.execute(select(tallies.c.item, tallies.c.part, tallies.c.simulated)).all()
    assert {(row.item, row.part) for row in rows} == {("main-0", 0), ("main-1", 1), ("main-2", 0)}


OLD_TOKEN = "y9IwJcShkPTCa2L-YWhuQlqphA8k0CAWBa9rEgQtV-w"


def _as_version_1(url: str, study_hash: str) -> None:
    """The tables as the first version wrote them: a person who finished, and one after the first of three trials."""
    statements = (Path(__file__).parent / "schema_1.sql").read_text().replace(OLD_HASH, study_hash)
    engine = open_engine(url, writing=False)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            statements = statements.replace("id INTEGER NOT NULL", "id BIGSERIAL NOT NULL")
            statements += "SELECT setval('events_id_seq', 3);\n"
        for statement in filter(None, statements.split(";\n")):
            connection.exec_driver_sql(statement)
    engine.dispose()


OLD_HASH = "09abd5b793ee286184cd7ff528d90f02af02e2e269f7bcc93f0f332d2f88e1e3"


def test_the_hash_of_a_running_study_survives_new_keys() -> None:
    config = StudyConfig.parse(
        {
            "name": "golden", "title": "T", "type": "2afc",
            "design": {"answers_per_item": 3, "trials_per_participant": 2},
        }
    )  # fmt: skip
    items = Items(
        [
            Item("a", "2afc", fixed=("1" * 64,), options=("2" * 64, "3" * 64)),
            Item("b", "2afc", fixed=("4" * 64,), options=("5" * 64, "6" * 64)),
        ]
    )
    found = Study(Path("/x"), config, items).hash
    assert found == "927c3a6f234ce68e75b5a6378a2f7b82cf57f8f65d70760186ba39a3f64e7f00"  # of the first version
    reachable = config.model_copy(update={"contact": "me@example.org", "institution": "Us"})
    assert Study(Path("/x"), reachable, items).hash == found


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE events (id INTEGER)")
    connection.close()
    with pytest.raises(StudyError, match="another program"):
        Store(f"sqlite:///{file}")


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "text.sqlite"
    file.write_text("this is no database " * 100)
    with pytest.raises(StudyError, match="cannot open the database"):
        Store(f"sqlite:///{file}")


@pytest.mark.parametrize(
    "url", ["sqlite://", "mysql://u@h/d", "nonsense", "sqlite:////no/such/folder/a.sqlite"]
)
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(StudyError):
        Store(url)


def test_two_exports_are_byte_for_byte_alike(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "export", catch=1, practice=1)
    store.register(study)
    for number in range(3):
        session = store.start_session(study)
        for index in range(session.trials):
            answer = AnswerPayload(position=number)
            store.answer(study, session.token, index, f"n{index}", answer)
    first, second = store.answers(study), store.answers(study)
    assert first.schema.equals(ANSWER_SCHEMA)
    assert first.num_rows == 24
    assert _sha(first) == _sha(second)


def _sha(table: pa.Table) -> str:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def test_a_backup_while_running_restores(tmp_path: Path) -> None:
    study = small_study(tmp_path / "backup")
    with Store(f"sqlite:///{tmp_path / 'live.sqlite'}") as store:
        store.register(study)
        session = store.start_session(study)
        store.answer(study, session.token, 0, "n", AnswerPayload(position=0))
        source, target = sqlite3.connect(tmp_path / "live.sqlite"), sqlite3.connect(tmp_path / "copy.sqlite")
        source.backup(target)
        source.close()
        target.close()
        store.answer(study, session.token, 1, "n", AnswerPayload(position=0))
    with Store(f"sqlite:///{tmp_path / 'copy.sqlite'}") as restored:
        restored.register(study)
        assert restored.answers(study).num_rows == 1
        assert restored.resume(study, session.token).next == 1
