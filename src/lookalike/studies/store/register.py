"""Making a study known to a database, and refusing one that has changed since people answered it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select, update

from lookalike._version import __version__
from lookalike.errors import StudyError
from lookalike.studies.items import Item
from lookalike.studies.store.schema import sessions, studies, tallies
from lookalike.studies.types import is_vote

if TYPE_CHECKING:
    from lookalike.studies.study import Study


def register_study(connection: Connection, study: Study, now: int) -> None:
    """Write the study's hash and one tally for each item.

    Raises:
        StudyError: the database holds sessions of a study of this name with other settings or items.
    """
    name = study.config.name
    known = connection.execute(select(studies.c.hash).where(studies.c.study == name)).scalar()
    if known == study.hash:
        _add_parts(connection, study)
        return
    if known is not None:
        count = connection.execute(
            select(func.count()).select_from(sessions).where(sessions.c.study == name)
        ).scalar_one()
        if count:
            raise StudyError(
                f"the study {name} was changed after {count} people had started it (hash {known[:12]}, now "
                f"{study.hash[:12]}): put its study.toml and items.parquet back, or give the new version another name"
            )
        connection.execute(delete(tallies).where(tallies.c.study == name))
        connection.execute(delete(studies).where(studies.c.study == name))
    connection.execute(
        studies.insert().values(study=name, hash=study.hash, app_version=__version__, registered_at=now)
    )
    add_tallies(connection, study, simulated=False)


def _add_parts(connection: Connection, study: Study) -> None:
    """Give the tallies of a database of the first version the numbers of their sets, which adaptive choice reads."""
    if not study.config.design.adaptive:
        return
    lacking = (tallies.c.study == study.config.name) & tallies.c.part.is_(None)
    names = set(connection.execute(select(tallies.c.item).where(lacking)).scalars())
    for item in study.items.named(names):
        connection.execute(
            update(tallies)
            .where(lacking, tallies.c.item == item.id)
            .values(part=study.items.set_numbers[item.set])
        )


def vote_cap(study: Study, item: Item) -> int | None:
    """The most votes of a vote item where the study's own proposals are voted on; None: the study's K."""
    votes = study.config.design.votes
    return votes.per_proposal if votes and item.role == "main" and is_vote(item) else None


def add_tallies(connection: Connection, study: Study, *, simulated: bool) -> None:
    """One tally for each item; simulated participants have their own, so that they take nobody's place."""
    name = study.config.name
    mine = (tallies.c.study == name) & (tallies.c.simulated == simulated)
    if connection.execute(select(func.count()).select_from(tallies).where(mine)).scalar_one():
        return
    rows: list[dict[str, object]] = [
        {
            "study": name,
            "item": item.id,
            "simulated": simulated,
            "role": item.role,
            "state": "open",
            "taken": 0,
            "answered": 0,
            "drawn": 0,
            "votes": {},
            "doubt": 1.0,
            "jitter": random.random(),
            "cap": vote_cap(study, item),
            "part": study.items.set_numbers[item.set],
        }
        for item in study.items
    ]
    if rows:
        connection.execute(tallies.insert(), rows)
