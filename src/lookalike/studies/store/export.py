"""All answers of a study as one table, always in the same order, so that two exports are byte for byte alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from lookalike.studies.store.schema import answers, sessions, slots

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.studies.study import Study

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = (
    "study_hash",
    "app_version",
    "trial_index",
    "position",
    "chosen",
    "value",
    "text",
    "correct",
    "response_time_ms",
    "hidden_ms",
    "blurs",
    "frames_dropped",
    "images_ok",
    "shown_for_ms",
)


def answers_table(connection: Connection, study: Study) -> pa.Table:
    """Rows of `lookalike.studies.answers.ANSWER_SCHEMA`, by start of the session and trial.

    Withdrawn sessions have none. Answers to items that the study no longer has cannot be: `register` refuses it.
    """
    import pyarrow as pa

    from lookalike.studies.answers import ANSWER_SCHEMA

    query = (
        select(
            answers,
            slots.c.item,
            slots.c.role,
            slots.c.order,
            slots.c.state.label("slot_state"),
            sessions.c.participant,
            sessions.c.device,
            sessions.c.language,
            sessions.c.panel,
            sessions.c.simulated,
            sessions.c.state,
        )
        .join(
            slots,
            (slots.c.session == answers.c.session) & (slots.c.trial_index == answers.c.trial_index),
        )
        .join(sessions, sessions.c.id == answers.c.session)
        .where(answers.c.study == study.config.name)
        .order_by(sessions.c.started_at, sessions.c.id, answers.c.trial_index)
    )
    batches = []
    for part in connection.execution_options(yield_per=20_000).execute(query).partitions():
        rows = [_row(study, row) for row in part]
        batches.append(pa.RecordBatch.from_pylist(rows, schema=ANSWER_SCHEMA))
    return pa.Table.from_batches(batches, schema=ANSWER_SCHEMA)


def _row(study: Study, row: Any) -> dict[str, Any]:
    item = study.items.by_id(row.item)
    return {
        **{name: getattr(row, name) for name in _PLAIN},
        "participant": row.participant,
        "session": row.session,
        "item": item.id,
        "set": item.set,
        "role": row.role,
        "type": item.type,
        "order": row.order,
        "answered_at": _EPOCH + timedelta(microseconds=row.answered_at),
        "late": row.slot_state == "late",
        "device": row.device,
        "language": row.language,
        "panel": row.panel,
        "finished": row.state == "finished",
        "simulated": row.simulated,
    }


def people(connection: Connection, study: Study) -> list[dict[str, Any]]:
    """Who took part, for approving and paying: panel ids as given, state, times, answers to the questions."""
    query = (
        select(sessions)
        .where(sessions.c.study == study.config.name, sessions.c.state != "replaced")
        .order_by(sessions.c.started_at, sessions.c.id)
    )
    return [
        {
            "session": row.id,
            "participant": row.participant,
            "panel": row.panel,
            "panel_ids": row.panel_ids or {},
            "state": row.state,
            "answered": row.next_index,
            "trials": row.trials,
            "simulated": row.simulated,
            "questions": row.questions or {},
            "started_at": _EPOCH + timedelta(microseconds=row.started_at),
            "finished_at": None
            if row.finished_at is None
            else _EPOCH + timedelta(microseconds=row.finished_at),
        }
        for row in connection.execute(query)
    ]
