"""The sequence of a participant's trials: practice first, catch trials spread among the others, companions apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from random import Random

from lookalike.studies.items import Item
from lookalike.studies.types import is_vote

Candidate = tuple[Item, float]
"""An item with how little it is needed: smaller comes first."""


def choose(
    candidates: Iterable[Candidate],
    wanted: int,
    shares: Mapping[str, float] | None = None,
    group: Callable[[Item], str] = lambda item: item.set,
    served: Mapping[str, int] | None = None,
) -> list[Item]:
    """Take the most needed items; among equally needed ones, rather those whose images are new to the person.

    Nobody is asked twice about an image in different ways: to propose something for it, and to vote on a proposal.

    Args:
        candidates: what there is, in the order of preference.
        wanted: how many.
        shares: weight of each group: the person gets them in these proportions, up to one item, as far as they last.
        group: of an item.
        served: id of an item -> its open and given answers, by which the groups take turns; None: by the candidates'
            own need.
    """
    pool = list(candidates)
    found: list[Item] = []
    levels = [(group(item), level if served is None else float(served[item.id])) for item, level in pool]
    for name, count in quotas(levels, wanted, shares or {}).items():
        _take([one for one in pool if group(one[0]) == name], len(found) + count, found)
    taken = {item.id for item in found}
    _take([one for one in pool if one[0].id not in taken], wanted, found)
    return found


def quotas(levels: Iterable[tuple[str, float]], wanted: int, shares: Mapping[str, float]) -> dict[str, int]:
    """How many items of each group one person gets: its share, rounded down or up.

    Who is rounded up follows from need, not from the remainder: that is the same for everybody, so a group that is
    rounded down once would be for ever. A group that is behind in answers for each of its items is rounded up until it
    has caught up; so over many people each gets its share, and what people who leave give back is made good.

    Args:
        levels: group of each candidate, and how many answers it has, in the order of preference.
        wanted: how many items.
        shares: weight of each group.
    """
    if len(shares) < 2:
        return {}
    found, remainder = {}, {}
    for name, share in shares.items():
        exact = round(wanted * share / sum(shares.values()), 9)  # whole numbers stay whole
        found[name] = int(exact)
        remainder[name] = exact - found[name]
    needs: dict[str, list[float]] = {}
    for name, level in levels:
        needs.setdefault(name, []).append(level)
    turn = {name: (sum(need) / len(need), -remainder[name]) for name, need in needs.items() if name in shares}
    waiting = sorted((name for name in turn if remainder[name] > 0), key=turn.__getitem__)
    for name in waiting[: wanted - sum(found.values())]:
        found[name] += 1
    return found


def _take(candidates: Sequence[Candidate], upto: int, found: list[Item]) -> None:
    """Add candidates until there are ``upto`` items."""
    seen = {content for item in found for content in item.images}
    asked = {item.fixed[0]: is_vote(item) for item in found if _by_image(item)}
    levels: dict[float, list[Item]] = {}
    for item, level in candidates:
        levels.setdefault(level, []).append(item)
    for level in sorted(levels):
        waiting = levels[level]
        for may_repeat in (False, True):
            later: list[Item] = []
            for item in waiting:
                if len(found) >= upto:
                    return
                if not (may_repeat or seen.isdisjoint(item.images)):
                    later.append(item)
                elif not _by_image(item) or asked.setdefault(item.fixed[0], is_vote(item)) == is_vote(item):
                    found.append(item)
                    seen.update(item.images)
            waiting = later


def _by_image(item: Item) -> bool:
    return item.type == "recall-and-vote"


def arrange(
    main: Sequence[Item], practice: Sequence[Item], catch: Sequence[Item], random: Random
) -> list[Item]:
    """One participant's sequence.

    Main trials are shuffled; catch trials fall one into each of as many equal stretches, anywhere in it but never
    first. Two items of one triplet (`Item.companion`) never follow one another; where so few trials are left that
    they would have to, the later one is left out.
    """
    for _ in range(20):
        mixed = random.sample(main, len(main))
        mixed = _with_catch(mixed, random.sample(catch, len(catch)), random)
        _part_companions(mixed, random)
        if not any(are_companions(one, other) for one, other in pairwise(mixed)):
            break
    sequence = [*practice]
    for item in mixed:
        if not (sequence and are_companions(sequence[-1], item)):
            sequence.append(item)
    return sequence


def are_companions(one: Item, other: Item) -> bool:
    """Whether two items must not follow one another."""
    return one.companion == other.id or other.companion == one.id


def _with_catch(main: list[Item], catch: list[Item], random: Random) -> list[Item]:
    if not catch:
        return main
    total = len(main) + len(catch)
    edges = [round(i * total / len(catch)) for i in range(len(catch) + 1)]
    places = []
    for low, high in pairwise(edges):
        places.append(random.randrange(max(low, 1) if total > 1 and high > 1 else low, high))
    mixed: list[Item] = []
    rest, waiting = iter(main), dict(zip(places, catch, strict=True))
    for index in range(total):
        mixed.append(waiting[index] if index in waiting else next(rest))
    return mixed


def _part_companions(items: list[Item], random: Random) -> None:
    """Swap one of two companions that stand together with a trial elsewhere, in place; several passes."""
    for _ in range(10):
        clashes = [i for i in range(1, len(items)) if are_companions(items[i - 1], items[i])]
        if not clashes:
            return
        for place in clashes:
            others = [i for i in range(len(items)) if abs(i - place) > 1]
            random.shuffle(others)
            for other in others:
                if items[other].role != items[place].role:
                    continue  # catch trials keep their spread
                items[place], items[other] = items[other], items[place]
                if not (_clashes(items, place) or _clashes(items, other)):
                    break
                items[place], items[other] = items[other], items[place]


def _clashes(items: Sequence[Item], place: int) -> bool:
    around = [i for i in (place - 1, place + 1) if 0 <= i < len(items)]
    return any(are_companions(items[place], items[i]) for i in around)


def breaks(sequence: Sequence[Item], every: int) -> tuple[int, ...]:
    """Indices of the trials before which a pause is offered; practice trials do not count."""
    if every < 1:
        return ()
    first = sum(1 for item in sequence if item.role == "practice")
    return tuple(range(first + every, len(sequence), every))
