"""Who gets which items: never more than K open and answered for an item, the least served first.

Everything here runs inside a writing transaction, which has the database for itself.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from lookalike.studies.items import Item
from lookalike.studies.store.clock import MINUTE
from lookalike.studies.store.events import log_event
from lookalike.studies.store.orders import option_order
from lookalike.studies.store.schema import sessions, slots, tallies
from lookalike.studies.store.sequence import arrange, choose
from lookalike.studies.types import is_vote

if TYPE_CHECKING:
    from lookalike.studies.study import Study

_VOTES = "\0votes"
"""The group of all votes, which no set can be named like."""


def cap(study: Study) -> int:
    """The most open and answered slots of one item: K; as many as must agree where votes are staged."""
    staged = study.config.design.unanimity
    return staged.needed if staged else study.config.design.answers_per_item


def room(study: Study) -> ColumnElement[bool]:
    """Of a tally: whether its item may be handed out once more."""
    return tallies.c.taken < func.coalesce(tallies.c.cap, cap(study))


def release_stale(connection: Connection, study: Study, now: int) -> int:
    """Give back the open slots of sessions that were not heard of for the time-out; how many sessions those were.

    Their participants may still come back: see `reclaim`.
    """
    limit = now - int(study.config.design.slot_timeout_minutes * MINUTE)
    stale = select(sessions.c.id, sessions.c.simulated).where(
        sessions.c.study == study.config.name,
        sessions.c.state == "open",
        sessions.c.holding.is_(True),
        sessions.c.last_seen < limit,
    )
    rows = connection.execute(stale).all()
    for row in rows:
        release_session(connection, study, row.id, row.simulated, state="released")
        connection.execute(update(sessions).where(sessions.c.id == row.id).values(holding=False))
        log_event(connection, study, row.id, "released", now)
    return len(rows)


def release_session(
    connection: Connection, study: Study, session: str, simulated: bool, *, state: str
) -> None:
    """Turn a session's open slots into ``state`` and lower the items' counts."""
    mine = (slots.c.session == session) & (slots.c.state == "open")
    held = connection.execute(select(slots.c.item).where(mine & (slots.c.role == "main"))).scalars().all()
    connection.execute(update(slots).where(mine).values(state=state))
    change_taken(connection, study, simulated, held, -1)


def reclaim(connection: Connection, study: Study, session: str, simulated: bool) -> set[int]:
    """Give a returning participant the released trials back that nobody has filled or closed meanwhile.

    The others stay released: answered all the same they are kept as late, so that the person loses nothing and the
    export shows which answers came on top of K.

    Returns:
        The indices of the trials that are the participant's again.
    """
    released = select(slots.c.trial_index, slots.c.item, slots.c.role).where(
        slots.c.session == session, slots.c.state == "released"
    )
    rows = connection.execute(released).all()
    wanted = [row.item for row in rows if row.role == "main"]
    free = set(
        connection.execute(
            select(tallies.c.item).where(
                of(study, simulated), tallies.c.item.in_(wanted), tallies.c.state == "open", room(study)
            )
        ).scalars()
    )
    back = [row for row in rows if row.role != "main" or row.item in free]
    places = {row.trial_index for row in back}
    if back:
        connection.execute(
            update(slots)
            .where(slots.c.session == session, slots.c.trial_index.in_(places))
            .values(state="open")
        )
    change_taken(connection, study, simulated, [row.item for row in back if row.role == "main"], 1)
    connection.execute(update(sessions).where(sessions.c.id == session).values(holding=True))
    return places


def change_taken(
    connection: Connection, study: Study, simulated: bool, items: Sequence[str], step: int
) -> None:
    """Add ``step`` to the counts of items, one for each time an item is named."""
    if not items:
        return
    counts = Counter(items)
    statement = (
        update(tallies)
        .where(of(study, simulated), tallies.c.item == bindparam("which"))
        .values(taken=tallies.c.taken + bindparam("step"))
    )
    connection.execute(statement, [{"which": item, "step": step * n} for item, n in counts.items()])


def draw_trials(connection: Connection, study: Study, simulated: bool, seed: int) -> list[Item]:
    """Choose a new participant's trials, in their sequence; nothing is counted yet."""
    design = study.config.design
    main = _draw_main(connection, study, simulated)
    rng = random.Random(seed)
    practice = list(study.items.where(role="practice"))[: design.practice]
    catch = list(study.items.where(role="catch"))
    catch = rng.sample(catch, min(design.catch, len(catch)))
    return arrange(main, practice, catch, rng) if main else []


def _draw_main(connection: Connection, study: Study, simulated: bool) -> list[Item]:
    design = study.config.design
    wanted = design.trials_per_participant
    # Staged votes go in rounds; otherwise people's doubt comes before an even spread only where it is asked for.
    need = -tallies.c.doubt if design.adaptive else tallies.c.taken
    query = (
        select(tallies.c.item, tallies.c.taken, need.label("need"))
        .where(of(study, simulated), tallies.c.role == "main", tallies.c.state == "open", room(study))
        .order_by(*([need] if design.adaptive else []), tallies.c.taken, tallies.c.jitter)
    )
    shares = shares_of(study)
    if len(shares) < 2 and study.config.type != "recall-and-vote":
        query = query.limit(4 * wanted + 50)
    rows = connection.execute(query).all()
    candidates = ((study.items.by_id(row.item), float(row.need)) for row in rows)
    # Sets take turns by answers even where items are chosen by doubt: a set in which people disagree would take all.
    served = {row.item: row.taken for row in rows}
    return choose(candidates, wanted, shares, partial(group_of, study), served)


def group_of(study: Study, item: Item) -> str:
    """What each person gets a share of: the item's set; where proposals are voted on, all votes are one group."""
    return _VOTES if study.config.design.votes is not None and is_vote(item) else item.set


def shares_of(study: Study) -> dict[str, float]:
    """Weight of each group in a person's trials: as many items as it has; of votes what the settings say, first of all."""
    sizes = Counter(group_of(study, item) for item in study.items.where(role="main"))
    votes = study.config.design.votes
    if votes is None:
        return dict(sizes)
    del sizes[_VOTES]
    others = study.config.design.trials_per_participant - votes.per_participant
    return {_VOTES: votes.per_participant} | {
        name: others * size / sizes.total() for name, size in sizes.items()
    }


def take_slots(
    connection: Connection, study: Study, session: str, simulated: bool, sequence: Sequence[Item], now: int
) -> None:
    """Write the slots of a sequence and count them; where items are chosen trial by trial, main ones are only reserved."""
    reserved = {item.id for item in sequence if study.config.live and item.role == "main"}
    names = [item.id for item in sequence]
    drawn: dict[str, int] = {}
    for start in range(0, len(names), 500):
        rows = connection.execute(
            select(tallies.c.item, tallies.c.drawn).where(
                of(study, simulated), tallies.c.item.in_(names[start : start + 500])
            )
        )
        drawn.update((row.item, row.drawn) for row in rows)
    values = [
        {
            "session": session,
            "trial_index": index,
            "study": study.config.name,
            "item": item.id,
            "role": item.role,
            "order": [] if item.id in reserved else list(order_of(study, item, drawn[item.id])),
            "draw": -1 if item.id in reserved else drawn[item.id],
            "state": "open",
            "opened_at": now,
        }
        for index, item in enumerate(sequence)
    ]
    connection.execute(slots.insert(), values)
    statement = (
        update(tallies)
        .where(of(study, simulated), tallies.c.item == bindparam("which"))
        .values(
            taken=tallies.c.taken + bindparam("step"),
            drawn=tallies.c.drawn + bindparam("shown"),
            jitter=bindparam("fresh"),
        )
    )
    connection.execute(
        statement,
        [
            {
                "which": item.id,
                "step": int(item.role == "main"),
                "shown": int(item.id not in reserved),
                "fresh": random.random(),
            }
            for item in sequence
        ],
    )


def order_of(study: Study, item: Item, draw: int) -> tuple[int, ...]:
    """In which order the options stand when an item is handed out for the ``draw``-th time, from 0."""
    if study.config.design.order == "fixed":
        return tuple(range(len(item.options)))
    return option_order(study.config.seed, item.id, draw, len(item.options))


def of(study: Study, simulated: bool) -> ColumnElement[bool]:
    """The tallies of a study's people, or of its simulated ones."""
    return (tallies.c.study == study.config.name) & (tallies.c.simulated == simulated)
