"""Opening databases: versions, strangers, changed studies, backups (checklist 12, 13, 17, 40)."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lookalike.errors import StudyError
from lookalike.studies.answers import ANSWER_SCHEMA
from lookalike.studies.store import Store
from lookalike.studies.store.schema import SCHEMA_VERSION, meta
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
