"""Proposals of a running study become votes for other participants (recall-and-vote with ``[design.votes]``).

A proposal is a tally like those of the study's own items, with a K of its own; who proposed it is in the answers.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, select, update

from lookalike.studies.items import Item
from lookalike.studies.store.assignment import of
from lookalike.studies.store.register import vote_cap
from lookalike.studies.store.schema import answers, sessions, slots, tallies
from lookalike.studies.types import is_vote

if TYPE_CHECKING:
    from lookalike.studies.study import Study


def open_proposal(
    connection: Connection, study: Study, item: Item, chosen: int | None, simulated: bool
) -> None:
    """Let others vote on what was just proposed; an image that was proposed before is voted on already.

    Proposals in words are kept, but they show no image that could be voted on.
    """
    if study.config.design.votes is None or chosen is None or is_vote(item):
        return
    vote = study.items.vote_on(item, chosen)
    mine = of(study, simulated) & (tallies.c.item == vote.id)
    state = connection.execute(select(tallies.c.state).where(mine)).scalar()
    if state == "closed":
        connection.execute(update(tallies).where(mine).values(state="open"))
    if state is not None:
        return
    connection.execute(
        tallies.insert().values(
            study=study.config.name,
            item=vote.id,
            simulated=simulated,
            role=vote.role,
            state="open",
            taken=0,
            answered=0,
            drawn=0,
            votes={},
            doubt=1.0,
            jitter=random.random(),
            cap=vote_cap(study, vote),
        )
    )


def close_proposals(connection: Connection, study: Study, session: str, simulated: bool) -> None:
    """Hand out no more votes on what only this session proposed (it is being withdrawn; its answers are still there).

    Votes that others have given stay theirs.
    """
    if study.config.design.votes is None:
        return
    theirs = _proposals(connection, study, simulated, slots.c.session == session)
    kept = _proposals(connection, study, simulated, slots.c.session != session)
    own = {item.id for item in study.items}
    for item in theirs - kept - own:
        mine = of(study, simulated) & (tallies.c.item == item)
        connection.execute(update(tallies).where(mine).values(state="closed"))


def _proposals(connection: Connection, study: Study, simulated: bool, whose: object) -> set[str]:
    """Ids of the votes on what was proposed in some sessions."""
    given = (
        select(slots.c.item, answers.c.chosen)
        .join(
            answers,
            and_(answers.c.session == slots.c.session, answers.c.trial_index == slots.c.trial_index),
        )
        .join(sessions, sessions.c.id == slots.c.session)
        .where(
            slots.c.study == study.config.name,
            slots.c.role == "main",
            sessions.c.simulated == simulated,
            answers.c.chosen.is_not(None),
            whose,  # type: ignore[arg-type]
        )
        .distinct()
    )
    return {
        study.items.vote_on(study.items.by_id(row.item), row.chosen).id for row in connection.execute(given)
    }
