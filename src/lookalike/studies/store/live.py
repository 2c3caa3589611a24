"""Choosing items trial by trial: where answers are least certain (adaptive), or what others have just proposed (votes).

A new participant's items are all reserved at the start, so that K holds, every session can be finished, and practice
and catch trials have their places. Which item a main trial shows is settled one trial before it is reached, in the
transaction that stores an answer: it may change places with a later one of the same session, or give its reservation
back for another item with room. What is settled stays: a reload finds the same trial.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, or_, select, update

from lookalike.studies.items import Item
from lookalike.studies.store.assignment import change_taken, of, order_of, room
from lookalike.studies.store.places import Choice, Place, about, open_places, parted, swap
from lookalike.studies.store.schema import slots, tallies
from lookalike.studies.types import is_vote

if TYPE_CHECKING:
    from lookalike.studies.study import Study

AHEAD = 1
"""So many trials behind the one at hand are settled too: their pictures load while a person looks at the one at hand."""


_PAGE = 100
_DOUBTS = select(tallies.c.item, tallies.c.doubt, tallies.c.taken, tallies.c.jitter)


def settle(
    connection: Connection, study: Study, session: str, simulated: bool, standing: int, now: int
) -> None:
    """Choose the items of the trial at which a session stands and of `AHEAD` more; those that are chosen stay.

    Args:
        connection: in a writing transaction, which has the database for itself.
        study: with adaptive choice or votes on proposals.
        session: its id.
        simulated: whose tallies count.
        standing: index of the trial that comes next.
        now: microseconds since 1970.
    """
    rows = connection.execute(
        select(slots).where(slots.c.session == session).order_by(slots.c.trial_index)
    ).all()
    places = [Place(row.trial_index, study.items.by_id(row.item), row.state, row.draw >= 0) for row in rows]
    for place in places[standing : standing + AHEAD + 1]:
        if not place.settled:
            _settle(connection, study, session, simulated, places, place, now)


def _settle(
    connection: Connection,
    study: Study,
    session: str,
    simulated: bool,
    places: list[Place],
    place: Place,
    now: int,
) -> None:
    if study.config.design.votes is not None:
        found = _votes_or_proposals(connection, study, simulated, places, place)
    else:
        found = _uncertain(connection, study, simulated, places, place)
    choices = sorted(found, key=lambda one: one.rank)
    chosen = next((one for one in choices if parted(places, place, one)), None)
    moved: set[int] = {place.index}
    if chosen is not None and chosen.place is not None:
        moved |= swap(place, chosen.place)
    elif chosen is not None:
        moved |= swap(place, _gives_way(connection, study, simulated, places, chosen.item) or place)
        if place.state == "open":
            change_taken(connection, study, simulated, [place.item.id], -1)
        place.item, place.state = chosen.item, "released" if chosen.full else "open"
        if not chosen.full:
            change_taken(connection, study, simulated, [chosen.item.id], 1)
    place.settled = True
    _write(connection, study, session, simulated, [p for p in places if p.index in moved], place, now)


def _uncertain(
    connection: Connection, study: Study, simulated: bool, places: Sequence[Place], place: Place
) -> Iterator[Choice]:
    """Items of the same set, the most uncertain first; what is over by staged votes or out of reach comes last."""
    own = {p.item.id: p for p in open_places(places) if p.item.set == place.item.set}
    seen = {content for p in places if p.settled for content in p.item.images}
    held = _DOUBTS.add_columns(tallies.c.state).where(of(study, simulated), tallies.c.item.in_(own))
    for row in connection.execute(held):
        mine = own[row.item]
        over = float(row.state != "open" or mine.state != "open")
        known = float(not seen.isdisjoint(mine.item.images))
        rank = (over, -row.doubt, known, row.taken - (mine.state == "open"), row.jitter)
        yield Choice(mine.item, mine, rank)
    used = {p.item.id for p in places}
    least = -inf
    for row in _by_doubt(connection, study, simulated, place.item.set):
        if row.doubt < least:
            return
        if row.item in used:
            continue
        item = study.items.by_id(row.item)
        known = float(not seen.isdisjoint(item.images))
        choice = Choice(item, None, (0.0, -row.doubt, known, row.taken, row.jitter))
        yield choice
        if parted(places, place, choice):
            if not known:
                return  # nothing that follows is better
            least = row.doubt


def _by_doubt(connection: Connection, study: Study, simulated: bool, part: str) -> Iterator[Any]:
    """Items of a set with room in the order of an index, read only as far as they are looked at."""
    query = (
        _DOUBTS.where(
            of(study, simulated),
            tallies.c.role == "main",
            tallies.c.state == "open",
            tallies.c.part == study.items.set_numbers[part],
            room(study),
        )
        .order_by(tallies.c.doubt.desc(), tallies.c.taken, tallies.c.jitter)
        .limit(_PAGE)
    )
    for page in count():
        rows = connection.execute(query.offset(page * _PAGE)).all()
        yield from rows
        if len(rows) < _PAGE:
            return


def _votes_or_proposals(
    connection: Connection, study: Study, simulated: bool, places: Sequence[Place], place: Place
) -> Iterable[Choice]:
    """Votes while the person's share of them is not reached and there are any; proposals otherwise.

    A vote that was reserved is not shown when its proposal was withdrawn meanwhile: another comes in its place, else a
    proposal.
    """
    votes = study.config.design.votes
    assert votes is not None  # the caller's condition
    mains = [p for p in places if p.main]
    before = [p for p in mains if p.settled]
    due = (len(before) + 1) * votes.per_participant // max(len(mains), votes.per_participant)
    proposals = [
        Choice(p.item, p, (p.state != "open", p.index)) for p in open_places(places) if not is_vote(p.item)
    ]
    has_share = sum(is_vote(p.item) for p in before) >= due
    found = proposals if has_share else _votes(connection, study, simulated, places)
    if found or not _closed(connection, study, simulated, [place.item.id]):
        return found
    return (
        proposals
        or _votes(connection, study, simulated, places)
        or _new_proposals(connection, study, simulated, places)
    )


def _votes(connection: Connection, study: Study, simulated: bool, places: Sequence[Place]) -> list[Choice]:
    """What this person may vote on next.

    Never a vote on an image for which this person has proposed something or is about to: neither their own proposal,
    nor one that they could have been led by.
    """
    before = [p for p in places if p.main and p.settled]
    own = [p for p in open_places(places) if is_vote(p.item)]
    # While votes are reserved one of them gives way, so this person's proposals all stay.
    asked = {about(p.item) for p in places if p.main and (own or p.settled) and not is_vote(p.item)}
    seen = {content for p in before for content in p.item.images}
    used = {p.item.id: p for p in places}
    query = select(tallies.c.item, tallies.c.taken, tallies.c.jitter).where(
        of(study, simulated),
        tallies.c.role == "main",
        tallies.c.state == "open",
        tallies.c.cap.is_not(None),
        or_(tallies.c.item.in_([p.item.id for p in own]), room(study)),
    )
    found = []
    for row in connection.execute(query):
        item, mine = study.items.by_id(row.item), used.get(row.item)
        if about(item) in asked or (mine is not None and mine not in own):
            continue
        held = row.taken - (mine is not None and mine.state == "open")
        late = mine is not None and mine.state != "open"
        found.append(Choice(item, mine, (late, not seen.isdisjoint(item.images), held, row.jitter)))
    return found


def _new_proposals(
    connection: Connection, study: Study, simulated: bool, places: Sequence[Place]
) -> list[Choice]:
    """Images to propose something for that are not yet the session's; those that it votes on or that are full come last."""
    used = {p.item.id for p in places}
    gone = _closed(connection, study, simulated, [p.item.id for p in open_places(places)])
    asked = {about(p.item) for p in places if p.main and p.item.id not in gone}
    query = select(tallies.c.item, tallies.c.taken, tallies.c.jitter, room(study).label("free")).where(
        of(study, simulated), tallies.c.role == "main", tallies.c.state == "open", tallies.c.cap.is_(None)
    )
    found = []
    for row in connection.execute(query):
        item = study.items.by_id(row.item)
        if row.item not in used:
            rank = (about(item) in asked, not row.free, row.taken, row.jitter)
            found.append(Choice(item, None, rank, full=not row.free))
    return found


def _closed(connection: Connection, study: Study, simulated: bool, items: Sequence[str]) -> set[str]:
    """Those of the items that are votes on what was withdrawn."""
    query = select(tallies.c.item).where(
        of(study, simulated), tallies.c.item.in_(items), tallies.c.state == "closed"
    )
    return set(connection.execute(query).scalars())


def _gives_way(
    connection: Connection, study: Study, simulated: bool, places: Iterable[Place], chosen: Item
) -> Place | None:
    """For what comes in: a reserved vote, else this person's own proposal for its image; None: it is all one.

    Votes on what was withdrawn give way first.
    """
    if chosen.type != "recall-and-vote":
        return None
    there = open_places(places)
    gone = _closed(connection, study, simulated, [p.item.id for p in there])
    votes = sorted((p for p in there if is_vote(p.item)), key=lambda p: p.item.id not in gone)
    return next(iter(votes or [p for p in there if about(p.item) == about(chosen)]), None)


def _write(
    connection: Connection,
    study: Study,
    session: str,
    simulated: bool,
    changed: Iterable[Place],
    place: Place,
    now: int,
) -> None:
    """The places as they are now; the settled one gets its order, counted as handed out."""
    mine = of(study, simulated) & (tallies.c.item == place.item.id)
    draw = int(connection.execute(select(tallies.c.drawn).where(mine)).scalar_one())
    connection.execute(update(tallies).where(mine).values(drawn=draw + 1, jitter=random.random()))
    for one in changed:
        values: dict[str, object] = {"item": one.item.id, "state": one.state}
        if one is place:
            order = list(order_of(study, one.item, draw))
            values |= {"order": order, "draw": draw, "opened_at": now}
        at = (slots.c.session == session) & (slots.c.trial_index == one.index)
        connection.execute(update(slots).where(at).values(**values))
