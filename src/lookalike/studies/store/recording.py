"""Storing one answer: once, in order, by the one to whom the trial was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, bindparam, select, update

from lookalike._version import __version__
from lookalike.errors import StudyError
from lookalike.studies.items import Item
from lookalike.studies.store.assignment import reclaim
from lookalike.studies.store.events import log_event
from lookalike.studies.store.live import settle
from lookalike.studies.store.proposals import open_proposal
from lookalike.studies.store.records import Ack, Timing
from lookalike.studies.store.refusals import Refused
from lookalike.studies.store.schema import answers, sessions, slots, tallies
from lookalike.studies.store.visits import token_hash
from lookalike.studies.store.votes import changed_tally, with_vote
from lookalike.studies.types import AnswerPayload, Checked, on_scale, study_type

if TYPE_CHECKING:
    from lookalike.studies.study import Study

# Built once: SQLAlchemy then finds its compiled form at once.
_FIND = (
    select(
        sessions.c.id,
        sessions.c.state,
        sessions.c.next_index,
        sessions.c.trials,
        sessions.c.simulated,
        sessions.c.holding,
        slots.c.item,
        slots.c.role,
        slots.c.order,
        slots.c.state.label("slot_state"),
        tallies.c.votes,
    )
    .outerjoin(slots, and_(slots.c.session == sessions.c.id, slots.c.trial_index == bindparam("at")))
    .outerjoin(
        tallies,
        and_(
            tallies.c.study == slots.c.study,
            tallies.c.item == slots.c.item,
            tallies.c.simulated == sessions.c.simulated,
        ),
    )
    .where(sessions.c.token_hash == bindparam("token"), sessions.c.study == bindparam("name"))
)
_STORED = select(answers).where(
    answers.c.session == bindparam("which"), answers.c.trial_index == bindparam("at")
)
_INSERT = answers.insert()
_SLOT = (
    update(slots)
    .where(slots.c.session == bindparam("which"), slots.c.trial_index == bindparam("at"))
    .values(state=bindparam("new_state"))
)
_SESSION = (
    update(sessions)
    .where(sessions.c.id == bindparam("which"))
    .values(next_index=bindparam("new_next"), last_seen=bindparam("new_seen"))
)
_TALLY = (
    update(tallies)
    .where(
        tallies.c.study == bindparam("name"),
        tallies.c.item == bindparam("which"),
        tallies.c.simulated == bindparam("kind"),
    )
    .values(answered=tallies.c.answered + 1, votes=bindparam("new_votes"), doubt=bindparam("new_doubt"))
)
_STAGED_TALLY = _TALLY.values(state=bindparam("new_state"))


def record(
    connection: Connection,
    study: Study,
    token: str,
    index: int,
    nonce: str,
    payload: AnswerPayload,
    timing: Timing,
    now: int,
) -> Ack | Refused:
    """Store an answer, or acknowledge it again.

    Raises:
        Refused: 401 no such session, 410 withdrawn or finished, 409 out of turn or another answer is stored already,
            422 not an answer to this trial.
    """
    row: Any = connection.execute(
        _FIND, {"at": index, "token": token_hash(token), "name": study.config.name}
    ).first()
    if row is None:
        raise Refused(401, "there is no such session; open the study's first page")
    if row.state in ("withdrawn", "replaced"):
        raise Refused(410, "this session is over")
    if row.item is None:
        raise Refused(422, f"there is no trial {index}; the session has {row.trials}", next=row.next_index)
    if index < row.next_index:
        return _again(connection, study, row, index, nonce, payload, now)
    if index > row.next_index or row.state != "open":
        raise Refused(409, f"trial {row.next_index} comes first", next=row.next_index)
    checked = check(study, study.items.by_id(row.item), tuple(row.order), payload)
    _store(connection, study, row, index, nonce, checked, timing, now)
    return Ack(index + 1, checked.correct if row.role == "practice" else None)


def check(study: Study, item: Item, order: tuple[int, ...], payload: AnswerPayload) -> Checked:
    """Understand an answer by the rules of its type.

    Raises:
        Refused: 422 with what is wrong.
    """
    try:
        checked = study_type(item.type).check_answer(item, order, payload)
        if study.config.scale is not None and checked.value is not None:
            on_scale(study.config.scale, checked.value)
    except StudyError as error:
        # The item's own id stays here: it could tell something about the right answer.
        raise Refused(422, str(error).replace(item.id, "of this trial")) from None
    return checked


def _again(
    connection: Connection,
    study: Study,
    row: Any,
    index: int,
    nonce: str,
    payload: AnswerPayload,
    now: int,
) -> Ack | Refused:
    """The trial has an answer: the same one is acknowledged again, another is logged and refused."""
    stored = connection.execute(_STORED, {"which": row.id, "at": index}).one()
    checked = check(study, study.items.by_id(row.item), tuple(row.order), payload)
    before = (stored.position, stored.chosen, stored.value, stored.text)
    if stored.nonce == nonce and before == (checked.position, checked.chosen, checked.value, checked.text):
        right = stored.correct if row.role == "practice" else None
        return Ack(index + 1, right, repeated=True)
    log_event(connection, study, row.id, "conflict", now, {"trial_index": index})
    return Refused(409, f"trial {index} is answered already; the first answer stands", next=row.next_index)


def _store(
    connection: Connection,
    study: Study,
    row: Any,
    index: int,
    nonce: str,
    checked: Checked,
    timing: Timing,
    now: int,
) -> None:
    state = "answered"
    if row.slot_state == "released" and index not in reclaim(connection, study, row.id, row.simulated):
        state = "late"
        log_event(connection, study, row.id, "overfull", now, {"trial_index": index})
    connection.execute(
        _INSERT,
        {
            "session": row.id,
            "trial_index": index,
            "study": study.config.name,
            "nonce": nonce,
            "study_hash": study.hash,
            "app_version": __version__,
            "position": checked.position,
            "chosen": checked.chosen,
            "value": checked.value,
            "text": checked.text,
            "correct": checked.correct,
            "answered_at": now,
            "response_time_ms": timing.response_time_ms,
            "hidden_ms": timing.hidden_ms,
            "blurs": timing.blurs,
            "frames_dropped": timing.frames_dropped,
            "images_ok": timing.images_ok,
            "shown_for_ms": timing.shown_for_ms,
        },
    )
    connection.execute(_SLOT, {"which": row.id, "at": index, "new_state": state})
    connection.execute(_SESSION, {"which": row.id, "new_next": index + 1, "new_seen": now})
    if row.role == "main":
        _count(connection, study, row, checked)
    if study.config.live:
        if row.role == "main":
            open_proposal(connection, study, study.items.by_id(row.item), checked.chosen, row.simulated)
        settle(connection, study, row.id, row.simulated, index + 1, now)


def _count(connection: Connection, study: Study, row: Any, checked: Checked) -> None:
    values = changed_tally(study, study.items.by_id(row.item), with_vote(dict(row.votes), checked))
    connection.execute(
        _STAGED_TALLY if "state" in values else _TALLY,
        {
            "name": study.config.name,
            "which": row.item,
            "kind": row.simulated,
            **{f"new_{column}": value for column, value in values.items()},
        },
    )
