"""The trials of a session that are chosen one by one, and what could stand at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lookalike.studies.items import Item
from lookalike.studies.store.sequence import are_companions


@dataclass
class Place:
    """A slot of the session, as it stands now."""

    index: int
    item: Item
    state: str
    settled: bool

    @property
    def main(self) -> bool:
        return self.item.role == "main"


@dataclass(frozen=True)
class Choice:
    """An item that a trial could show: of this session's own later place, or (None) one from outside."""

    item: Item
    place: Place | None
    rank: tuple[float, ...]
    full: bool = False
    """It has no room: its answer would come on top of K, as a late one does."""


def open_places(places: Iterable[Place]) -> list[Place]:
    return [p for p in places if p.main and not p.settled]


def about(item: Item) -> str:
    """The image that a proposal or a vote is about; of other types the item itself."""
    return item.fixed[0] if item.type == "recall-and-vote" else item.id


def swap(one: Place, other: Place) -> set[int]:
    """The two exchange their items and what holds them; their indices."""
    one.item, other.item = other.item, one.item
    one.state, other.state = other.state, one.state
    return {one.index, other.index}


def parted(places: Sequence[Place], place: Place, choice: Choice) -> bool:
    """Whether the choice leaves no two companions side by side."""
    items = [p.item for p in places]
    items[place.index] = choice.item
    if choice.place is not None:
        items[choice.place.index] = place.item
    changed = {place.index} | ({choice.place.index} if choice.place is not None else set())
    sides = [(i, j) for i in changed for j in (i - 1, i + 1) if 0 <= j < len(items)]
    return not any(are_companions(items[i], items[j]) for i, j in sides)
