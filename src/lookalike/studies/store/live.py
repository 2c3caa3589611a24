"""Choosing items trial by trial: where answers are least certain (adaptive), or what others have just proposed (votes).

A new participant's items are all reserved at the start, so that K holds, every session can be finished, and practice
and catch trials have their places. Which item a main trial shows is settled one trial before it is reached, in the
transaction that stores an answer: it may change places with a later one of the same session, or give its reservation
back for another item with room. What is settled stays: a reload finds the same trial.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, or_, select, update

from lookalike.studies.items import Item
from lookalike.studies.store.assignment import change_taken, of, order_of, room
from lookalike.studies.store.schema import slots, tallies
from lookalike.studies.store.sequence import are_companions
from lookalike.studies.types import is_vote

if TYPE_CHECKING:
    from lookalike.studies.study import Study

AHEAD = 1
"""So many trials behind the one at hand are settled too: their pictures load while a person looks at the one at hand."""


@dataclass
class _Place:
    """A slot of the session, as it stands now."""

    index: int
    item: Item
    state: str
    settled: bool

    @property
    def main(self) -> bool:
        return self.item.role == "main"


@dataclass(frozen=True)
class _Choice:
    """An item that a trial could show: of this session's own later place, or (None) one that has room."""

    item: Item
    place: _Place | None
    rank: tuple[float, ...]


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
    places = [_Place(row.trial_index, study.items.by_id(row.item), row.state, row.draw >= 0) for row in rows]
    for place in places[standing : standing + AHEAD + 1]:
        if not place.settled:
            _settle(connection, study, session, simulated, places, place, now)


def _settle(
    connection: Connection,
    study: Study,
    session: str,
    simulated: bool,
    places: list[_Place],
    place: _Place,
    now: int,
) -> None:
    if study.config.design.votes is not None:
        found = _votes_or_proposals(connection, study, simulated, places)
    else:
        found = _uncertain(connection, study, simulated, places, place)
    choices = sorted(found, key=lambda one: one.rank)
    chosen = next((one for one in choices if _parted(places, place, one)), None)
    moved: set[int] = {place.index}
    if chosen is not None and chosen.place is not None:
        moved |= _swap(place, chosen.place)
    elif chosen is not None:
        moved |= _swap(place, _gives_way(places, chosen.item) or place)
        if place.state == "open":
            change_taken(connection, study, simulated, [place.item.id], -1)
        change_taken(connection, study, simulated, [chosen.item.id], 1)
        place.item, place.state = chosen.item, "open"
    place.settled = True
    _write(connection, study, session, simulated, [p for p in places if p.index in moved], place, now)


def _uncertain(
    connection: Connection, study: Study, simulated: bool, places: Sequence[_Place], place: _Place
) -> Iterable[_Choice]:
    """Items of the same set, the most uncertain first; what is over by staged votes or out of reach comes last."""
    own = {p.item.id: p for p in _open_places(places) if p.item.set == place.item.set}
    used = {p.item.id for p in places}
    seen = {content for p in places if p.settled for content in p.item.images}
    query = select(tallies.c.item, tallies.c.doubt, tallies.c.taken, tallies.c.jitter, tallies.c.state).where(
        of(study, simulated),
        tallies.c.role == "main",
        or_(tallies.c.item.in_(own), (tallies.c.state == "open") & room(study)),
    )
    for row in connection.execute(query):
        item, mine = study.items.by_id(row.item), own.get(row.item)
        if mine is None and (row.item in used or item.set != place.item.set):
            continue
        over = float(row.state != "open" or (mine is not None and mine.state != "open"))
        known = float(not seen.isdisjoint(item.images))
        held = row.taken - (mine is not None and mine.state == "open")
        yield _Choice(item, mine, (over, -row.doubt, known, held, row.jitter))


def _votes_or_proposals(
    connection: Connection, study: Study, simulated: bool, places: Sequence[_Place]
) -> Iterable[_Choice]:
    """Votes while the person's share of them is not reached and there are any; proposals otherwise.

    Never a vote on an image for which this person has proposed something or is about to: neither their own proposal,
    nor one that they could have been led by.
    """
    votes = study.config.design.votes
    assert votes is not None  # the caller's condition
    mains = [p for p in places if p.main]
    before = [p for p in mains if p.settled]
    due = (len(before) + 1) * votes.per_participant // max(len(mains), votes.per_participant)
    wants_vote = sum(is_vote(p.item) for p in before) < due
    own = [p for p in _open_places(places) if is_vote(p.item) == wants_vote]
    if not wants_vote:
        return [_Choice(p.item, p, (p.state != "open", p.index)) for p in own]
    # While votes are reserved one of them gives way, so this person's proposals all stay.
    asked = {_about(p.item) for p in (mains if own else before) if not is_vote(p.item)}
    seen = {content for p in before for content in p.item.images}
    used = {p.item.id: p for p in places}
    query = select(tallies.c.item, tallies.c.taken, tallies.c.jitter).where(
        of(study, simulated),
        tallies.c.role == "main",
        tallies.c.cap.is_not(None),
        or_(tallies.c.item.in_([p.item.id for p in own]), (tallies.c.state == "open") & room(study)),
    )
    found = []
    for row in connection.execute(query):
        item, mine = study.items.by_id(row.item), used.get(row.item)
        if _about(item) in asked or (mine is not None and mine not in own):
            continue
        held = row.taken - (mine is not None and mine.state == "open")
        late = mine is not None and mine.state != "open"
        found.append(_Choice(item, mine, (late, not seen.isdisjoint(item.images), held, row.jitter)))
    return found


def _gives_way(places: Iterable[_Place], chosen: Item) -> _Place | None:
    """For a vote that comes in: a reserved vote, else this person's own proposal for its image; None: it is all one."""
    if chosen.type != "recall-and-vote":
        return None
    there = _open_places(places)
    votes = [p for p in there if is_vote(p.item)]
    return next(iter(votes or [p for p in there if _about(p.item) == _about(chosen)]), None)


def _open_places(places: Iterable[_Place]) -> list[_Place]:
    return [p for p in places if p.main and not p.settled]


def _about(item: Item) -> str:
    """The image that a proposal or a vote is about; of other types the item itself."""
    return item.fixed[0] if item.type == "recall-and-vote" else item.id


def _swap(one: _Place, other: _Place) -> set[int]:
    """The two exchange their items and what holds them; their indices."""
    one.item, other.item = other.item, one.item
    one.state, other.state = other.state, one.state
    return {one.index, other.index}


def _parted(places: Sequence[_Place], place: _Place, choice: _Choice) -> bool:
    """Whether the choice leaves no two companions side by side."""
    items = [p.item for p in places]
    items[place.index] = choice.item
    if choice.place is not None:
        items[choice.place.index] = place.item
    changed = {place.index} | ({choice.place.index} if choice.place is not None else set())
    sides = [(i, j) for i in changed for j in (i - 1, i + 1) if 0 <= j < len(items)]
    return not any(are_companions(items[i], items[j]) for i, j in sides)


def _write(
    connection: Connection,
    study: Study,
    session: str,
    simulated: bool,
    changed: Iterable[_Place],
    place: _Place,
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
