"""A participant's visit: start, come back, answer the questions, finish, withdraw."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select, update

from lookalike.studies.store.assignment import (
    change_taken,
    draw_trials,
    reclaim,
    release_session,
    release_stale,
    take_slots,
)
from lookalike.studies.store.clock import MINUTE
from lookalike.studies.store.events import log_event
from lookalike.studies.store.live import settle
from lookalike.studies.store.proposals import close_proposals
from lookalike.studies.store.records import PanelIds, Session, Surroundings
from lookalike.studies.store.refusals import Refused
from lookalike.studies.store.register import add_tallies
from lookalike.studies.store.schema import answers, pepper, sessions, slots
from lookalike.studies.store.sequence import breaks
from lookalike.studies.store.votes import take_back_votes

if TYPE_CHECKING:
    from sqlalchemy.engine import Row

    from lookalike.studies.study import Study


def token_hash(token: str) -> str:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def start(
    connection: Connection, study: Study, panel: PanelIds, around: Surroundings, simulated: bool, now: int
) -> Session:
    """Assign a sequence of trials to a new participant.

    Raises:
        Refused: 409 when the panel's id has started already, 503 when no trial is free.
    """
    person = _person(connection, study, panel)
    if person is not None:
        _admit_once(connection, study, person, now)
    if simulated:
        add_tallies(connection, study, simulated=True)
    release_stale(connection, study, now)
    seed = secrets.randbits(63)
    sequence = draw_trials(connection, study, simulated, seed)
    if not sequence:
        raise Refused(503, "all trials are taken at present; please come back later")
    token, name = secrets.token_urlsafe(32), secrets.token_hex(8)
    every = study.config.design.break_every
    values: dict[str, Any] = {
        "id": name,
        "study": study.config.name,
        "token_hash": token_hash(token),
        "secret": secrets.token_hex(32),
        "participant": f"p{person[:16] if person else name}",
        "panel": panel.kind,
        "person": person,
        "panel_ids": panel.ids or None,
        "language": around.language,
        "device": around.device,
        "viewport": list(around.viewport) if around.viewport else None,
        "simulated": simulated,
        "state": "open",
        "holding": True,
        "trials": len(sequence),
        "next_index": 0,
        "breaks": list(breaks(sequence, every)),
        "questions": None,
        "started_at": now,
        "last_seen": now,
        "finished_at": None,
    }
    connection.execute(sessions.insert().values(**values))
    take_slots(connection, study, name, simulated, sequence, now)
    if study.config.live:
        settle(connection, study, name, simulated, 0, now)
    log_event(connection, study, name, "started", now)
    row = find(connection, study, token)
    return _as_session(connection, study, row, token=token, show=True)


def find(connection: Connection, study: Study, token: str) -> Row[Any]:
    """The session of a token.

    Raises:
        Refused: 401 when there is none, 410 when it was withdrawn or replaced.
    """
    row = connection.execute(
        select(sessions).where(
            sessions.c.token_hash == token_hash(token), sessions.c.study == study.config.name
        )
    ).first()
    if row is None:
        raise Refused(401, "there is no such session; open the study's first page")
    if row.state == "withdrawn":
        raise Refused(410, "this session was withdrawn; its answers are deleted")
    if row.state == "replaced":
        raise Refused(410, "this session was started again elsewhere")
    return row


def resume(connection: Connection, study: Study, token: str, now: int) -> Session:
    """Come back after a reload, a crash or a long pause: the same trials in the same order.

    Raises:
        Refused: as `find`.
    """
    row = find(connection, study, token)
    if row.state == "open":
        if not row.holding:
            reclaim(connection, study, row.id, row.simulated)
            if study.config.live:
                settle(connection, study, row.id, row.simulated, row.next_index, now)
        connection.execute(update(sessions).where(sessions.c.id == row.id).values(last_seen=now))
        log_event(connection, study, row.id, "resumed", now)
    gap = now - row.last_seen
    show = row.next_index == 0 or gap > study.config.design.max_gap_minutes * MINUTE
    return _as_session(connection, study, row, show=show)


def save_questions(connection: Connection, study: Study, token: str, given: dict[str, Any], now: int) -> None:
    """Store the answers to the questions after the trials; a second time replaces the first until the end.

    Raises:
        Refused: 409 before the last trial or after the end; as `find`.
    """
    row = find(connection, study, token)
    if row.state == "finished":
        if row.questions == given:
            return
        raise Refused(409, "the study is finished; its answers stand")
    _all_answered(row)
    connection.execute(update(sessions).where(sessions.c.id == row.id).values(questions=given, last_seen=now))


def finish(connection: Connection, study: Study, token: str, now: int) -> Session:
    """Close a session whose answers are all here; again and again with the same result.

    Raises:
        Refused: 409 while an answer is missing; as `find`.
    """
    row = find(connection, study, token)
    if row.state == "open":
        _all_answered(row)
        required = any(question.required for question in study.config.questions)
        if required and row.questions is None:
            raise Refused(409, "the questions after the trials are not answered yet")
        connection.execute(
            update(sessions)
            .where(sessions.c.id == row.id)
            .values(state="finished", holding=False, finished_at=now, last_seen=now)
        )
        log_event(connection, study, row.id, "finished", now)
        row = find(connection, study, token)
    return _as_session(connection, study, row, show=False)


def withdraw(connection: Connection, study: Study, session: str, now: int) -> int:
    """Delete a session's answers and everything that could name the person; how many answers that were.

    Its places go back to the study, and the log keeps that someone withdrew.

    Raises:
        Refused: 404 when there is no such session.
    """
    row = connection.execute(
        select(sessions).where(sessions.c.id == session, sessions.c.study == study.config.name)
    ).first()
    if row is None:
        raise Refused(404, "there is no such session")
    if row.state == "withdrawn":
        return 0
    release_session(connection, study, session, row.simulated, state="withdrawn")
    kept = (slots.c.session == session) & (slots.c.state == "answered") & (slots.c.role == "main")
    held = connection.execute(select(slots.c.item).where(kept)).scalars().all()
    change_taken(connection, study, row.simulated, held, -1)
    take_back_votes(connection, study, session, row.simulated)
    close_proposals(connection, study, session, row.simulated)
    count = connection.execute(
        select(func.count()).select_from(answers).where(answers.c.session == session)
    ).scalar_one()
    connection.execute(delete(answers).where(answers.c.session == session))
    connection.execute(update(slots).where(slots.c.session == session).values(state="withdrawn"))
    gone = dict.fromkeys(("person", "panel_ids", "questions", "language", "device", "viewport"))
    connection.execute(
        update(sessions)
        .where(sessions.c.id == session)
        .values(state="withdrawn", holding=False, participant=f"w{session}", **gone)
    )
    log_event(connection, study, session, "withdrawn", now, {"answers": count})
    return int(count)


def _person(connection: Connection, study: Study, panel: PanelIds) -> str | None:
    """A keyed hash: the same person in one study of one database, nobody elsewhere."""
    if panel.person is None:
        return None
    text = f"{study.config.name}\0{panel.kind}\0{panel.person}".encode("utf-8", "surrogatepass")
    return hmac.new(pepper(connection).encode(), text, hashlib.sha256).hexdigest()


def _admit_once(connection: Connection, study: Study, person: str, now: int) -> None:
    """One session for each person; a forged id must not open another's, so the cookie is what resumes.

    A session that answered nothing and was left (a lost cookie on the first page) makes room for a new one.
    """
    known = connection.execute(
        select(sessions).where(
            sessions.c.study == study.config.name,
            sessions.c.person == person,
            sessions.c.state.in_(("open", "finished")),
        )
    ).first()
    if known is None:
        return
    if known.state == "finished" or known.next_index > 0:
        raise Refused(409, "this participant has already started; go on in the browser in which you began")
    release_session(connection, study, known.id, known.simulated, state="released")
    connection.execute(
        update(sessions).where(sessions.c.id == known.id).values(state="replaced", holding=False, person=None)
    )
    log_event(connection, study, known.id, "replaced", now)


def _all_answered(row: Row[Any]) -> None:
    if row.next_index < row.trials:
        raise Refused(409, f"{row.trials - row.next_index} answers are missing", next=row.next_index)


def _as_session(
    connection: Connection, study: Study, row: Row[Any], *, token: str = "", show: bool
) -> Session:
    return Session(
        id=row.id,
        study=row.study,
        token=token,
        secret=row.secret,
        trials=row.trials,
        next=row.next_index,
        phase=_phase(connection, study, row),
        state=row.state,
        show_instructions=show,
        simulated=row.simulated,
        language=row.language,
        panel=PanelIds(row.panel, None, dict(row.panel_ids or {})),
        breaks=tuple(row.breaks),
    )


def _phase(connection: Connection, study: Study, row: Row[Any]) -> str:
    if row.state == "finished":
        return "done"
    if row.next_index >= row.trials:
        return "questions" if study.config.questions and row.questions is None else "done"
    role = connection.execute(
        select(slots.c.role).where(slots.c.session == row.id, slots.c.trial_index == row.next_index)
    ).scalar_one()
    return "practice" if role == "practice" else "trials"
