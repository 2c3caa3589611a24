"""How a running study stands: people, answers, dropout, catch trials, time left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Integer, and_, case, cast, func, select

from lookalike.studies.store.assignment import cap
from lookalike.studies.store.clock import MINUTE
from lookalike.studies.store.schema import answers, events, sessions, slots, tallies

if TYPE_CHECKING:
    from lookalike.studies.study import Study

ACTIVE_MINUTES = 5
"""Who sent something within these minutes counts as being at it."""
RATE_MINUTES = 15
"""Answers a minute are those of these minutes; the time left follows from them."""


def study_status(connection: Connection, study: Study, now: int) -> dict[str, Any]:
    """Plain values for the dashboard and for ``study status --json``; simulated participants apart.

    Keys: study, title, type, hash, participants {started, active, waiting, finished, withdrawn, simulated}, answers,
    answers_wanted, answers_missing, answers_per_minute, minutes_left (None when nobody answers), items {total, full,
    settled, split, fewest, most, votes (on proposals)}, catch {answers, failures, failed_people}, dropout [{percent,
    people}], events {kind: count}, median_minutes, last_answer_us, now_us.
    """
    name = study.config.name
    people = _people(connection, name, now)
    items = _items(connection, study)
    rate = _rate(connection, name, now)
    missing = items.pop("missing")
    done = missing == 0
    return {
        "study": name,
        "title": study.config.title,
        "type": study.config.type,
        "hash": study.hash,
        "participants": people,
        "answers": _answers(connection, name),
        "answers_wanted": items.pop("wanted"),
        "answers_missing": missing,
        "answers_per_minute": rate,
        "minutes_left": 0.0 if done else (missing / rate if rate > 0 else None),
        "items": items,
        "catch": _catch(connection, study),
        "dropout": _dropout(connection, name, now),
        "events": _events(connection, name),
        "median_minutes": _median_minutes(connection, name),
        "last_answer_us": connection.execute(
            select(func.max(answers.c.answered_at)).where(answers.c.study == name)
        ).scalar(),
        "now_us": now,
    }


def _people(connection: Connection, name: str, now: int) -> dict[str, int]:
    active = (sessions.c.state == "open") & (sessions.c.last_seen >= now - ACTIVE_MINUTES * MINUTE)
    query = select(
        sessions.c.simulated,
        sessions.c.state,
        func.count().label("count"),
        func.sum(case((active, 1), else_=0)).label("active"),
    ).where(sessions.c.study == name, sessions.c.state != "replaced")
    found = dict.fromkeys(("started", "active", "waiting", "finished", "withdrawn", "simulated"), 0)
    for row in connection.execute(query.group_by(sessions.c.simulated, sessions.c.state)):
        count, at_it = int(row[2]), int(row[3] or 0)
        if row.simulated:
            found["simulated"] += count
            continue
        found["started"] += count
        if row.state == "open":
            found["active"] += at_it
            found["waiting"] += count - at_it
        else:
            found[row.state] += count
    return found


def _items(connection: Connection, study: Study) -> dict[str, Any]:
    most = func.coalesce(tallies.c.cap, cap(study))
    main = (
        (tallies.c.study == study.config.name) & tallies.c.simulated.is_(False) & (tallies.c.role == "main")
    )
    gap = case(
        (and_(tallies.c.state == "open", tallies.c.answered < most), most - tallies.c.answered), else_=0
    )
    row = connection.execute(
        select(
            func.count(),
            func.sum(gap),
            func.sum(case((tallies.c.answered >= most, 1), else_=0)),
            func.sum(case((tallies.c.state == "settled", 1), else_=0)),
            func.sum(case((tallies.c.state == "split", 1), else_=0)),
            func.min(tallies.c.answered),
            func.max(tallies.c.answered),
            func.sum(tallies.c.answered),
            func.sum(case((tallies.c.cap.is_not(None), 1), else_=0)),
        ).where(main & (tallies.c.state != "closed"))
    ).one()
    total, missing, full, settled, split, fewest, highest, got, votes = (int(value or 0) for value in row)
    return {
        "total": total,
        "full": full,
        "settled": settled,
        "split": split,
        "fewest": fewest,
        "most": highest,
        "votes": votes,
        "missing": missing,
        "wanted": got + missing,
    }


def _answers(connection: Connection, name: str) -> int:
    return int(
        connection.execute(
            select(func.count())
            .select_from(answers.join(sessions, sessions.c.id == answers.c.session))
            .where(answers.c.study == name, sessions.c.simulated.is_(False))
        ).scalar_one()
    )


def _rate(connection: Connection, name: str, now: int) -> float:
    since = now - RATE_MINUTES * MINUTE
    row = connection.execute(
        select(func.count(), func.min(answers.c.answered_at))
        .select_from(
            answers.join(sessions, sessions.c.id == answers.c.session).join(
                slots,
                (slots.c.session == answers.c.session) & (slots.c.trial_index == answers.c.trial_index),
            )
        )
        .where(
            answers.c.study == name,
            answers.c.answered_at >= since,
            sessions.c.simulated.is_(False),
            slots.c.role == "main",
        )
    ).one()
    if not row[0]:
        return 0.0
    minutes = max((now - int(row[1])) / MINUTE, 1.0)
    return round(int(row[0]) / minutes, 3)


def _catch(connection: Connection, study: Study) -> dict[str, Any]:
    """Failures so far; who cannot reach ``catch.needed`` any more has failed."""
    wrong = func.sum(case((answers.c.correct.is_(False), 1), else_=0))
    query = (
        select(answers.c.session, func.count(), wrong)
        .select_from(
            answers.join(
                slots,
                (slots.c.session == answers.c.session) & (slots.c.trial_index == answers.c.trial_index),
            ).join(sessions, sessions.c.id == answers.c.session)
        )
        .where(
            answers.c.study == study.config.name,
            slots.c.role == "catch",
            sessions.c.simulated.is_(False),
        )
        .group_by(answers.c.session)
    )
    needed = study.config.catch.needed
    rows = [(int(count), int(bad or 0)) for _, count, bad in connection.execute(query)]
    allowed = None if needed is None else study.config.design.catch - needed
    failed = None if allowed is None else sum(1 for _, bad in rows if bad > allowed)
    return {
        "answers": sum(count for count, _ in rows),
        "failures": sum(bad for _, bad in rows),
        "failed_people": failed,
    }


def _dropout(connection: Connection, name: str, now: int) -> list[dict[str, int]]:
    """At which trial those stand who have not been heard of for a while, in stretches of a tenth."""
    tenth = cast(sessions.c.next_index * 10 / sessions.c.trials, Integer)
    query = (
        select(tenth.label("tenth"), func.count())
        .where(
            sessions.c.study == name,
            sessions.c.state == "open",
            sessions.c.simulated.is_(False),
            sessions.c.last_seen < now - ACTIVE_MINUTES * MINUTE,
        )
        .group_by("tenth")
    )
    counts = {int(row[0]): int(row[1]) for row in connection.execute(query)}
    return [{"percent": 10 * step, "people": counts.get(step, 0)} for step in range(11)]


def _events(connection: Connection, name: str) -> dict[str, int]:
    query = select(events.c.kind, func.count()).where(events.c.study == name).group_by(events.c.kind)
    return {row[0]: int(row[1]) for row in connection.execute(query.order_by(events.c.kind))}


def _median_minutes(connection: Connection, name: str) -> float | None:
    lengths = sorted(
        connection.execute(
            select(sessions.c.finished_at - sessions.c.started_at).where(
                sessions.c.study == name, sessions.c.state == "finished", sessions.c.simulated.is_(False)
            )
        ).scalars()
    )
    if not lengths:
        return None
    middle = len(lengths) // 2
    value = lengths[middle] if len(lengths) % 2 else (lengths[middle - 1] + lengths[middle]) / 2
    return round(float(value) / MINUTE, 2)
