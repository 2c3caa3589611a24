"""Items from tables of judgments: what can be asked about which table, and the draft of a study's items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lookalike.errors import InvalidArgument, StudyError
from lookalike.studies import design_tables as tables
from lookalike.studies.items import Item
from lookalike.studies.types import study_type

if TYPE_CHECKING:
    from lookalike.judgments import ImageCatalogue, Judgments

Maker = Callable[["Judgments", "Wish"], list[Item]]


@dataclass(frozen=True)
class Wish:
    """What is wanted of a table.

    Attributes:
        limit: at most so many main items, drawn at random and evenly from the sets; None: all.
        options: of a forced choice that is made from pairs.
        gallery: images that may be proposed (recall-and-vote); None: the right images of the pairs.
        stage: of recall-and-vote: ``recall``, ``vote`` or ``both``.
        seed: of every draw.
    """

    limit: int | None = None
    options: int = 5
    gallery: ImageCatalogue | None = None
    stage: str = "both"
    seed: int = 0


@dataclass(frozen=True)
class Draft:
    """Items and the files of their images, before anything is written.

    Attributes:
        items: with their final ids.
        images: content id -> file, of everything shown and of what is in ``spare``.
        spare: images of the source that no main item shows: for practice and catch trials.
        notes: sentences that people should read.
    """

    items: tuple[Item, ...]
    images: dict[str, Path]
    spare: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


MAKERS: dict[str, dict[str, Maker]] = {
    "kafc": {"forced-choice": tables.choices_as_they_are, "pairs": tables.choices_from_pairs},
    "2afc": {
        "triplets": tables.triplets,
        "triplet-answers": tables.triplets,
        "forced-choice": tables.choices_as_they_are,
        "pairs": tables.two_from_pairs,
    },
    "odd-one-out": {"odd-one-out": tables.odd_ones, "pairs": tables.odd_from_pairs},
    "same-different": {
        "same-different": tables.same_or_different,
        "triplets": tables.both_pairs,
        "pairs": tables.plain_pairs,
    },
    "rating": {
        "ratings": tables.plain_pairs,
        "pairs": tables.plain_pairs,
        "same-different": tables.plain_pairs,
        "triplets": tables.both_pairs,
    },
    "recall-and-vote": {"pairs": tables.recall_and_vote},
}
"""Type of study -> kind of judgments -> what makes the items."""


def draft_from(judgments: Judgments, type: str, wish: Wish | None = None) -> Draft:
    """Main items of a type from a table.

    Args:
        judgments: the table; its images must be on this machine.
        type: of the study.
        wish: how many, and the details of some types.

    Raises:
        InvalidArgument: a limit below 1.
        StudyError: the type cannot be made from that kind of table, or no row of it can be used.
        JudgmentError: an image is not on this machine.
    """
    asked = wish or Wish()
    if asked.limit is not None and asked.limit < 1:
        raise InvalidArgument(f"a study needs at least one item, got a limit of {asked.limit}")
    kinds = MAKERS[study_type(type).name]
    if judgments.kind not in kinds:
        raise StudyError(
            f"a study of type {type} cannot be made from {judgments.kind}; it takes {', '.join(kinds)}"
        )
    made = kinds[judgments.kind](judgments, asked)
    return assemble(made, type, judgments.images, asked)


def assemble(made: Sequence[Item], type: str, images: ImageCatalogue, wish: Wish) -> Draft:
    """A draft from items whose ids only link companions: unusable ones out, some drawn, all numbered.

    Raises:
        StudyError: no item is left.
    """
    checker = study_type(type)
    good = [replace(item, type=type) for item in made if not checker.check_item(replace(item, type=type))]
    if not good:
        reason = checker.check_item(replace(made[0], type=type)) if made else "the table is empty"
        raise StudyError(f"no row can be made an item of type {type}: {reason}")
    notes = []
    if len(good) < len(made):
        reasons = (checker.check_item(replace(item, type=type)) for item in made)
        why = next(reason for reason in reasons if reason)
        notes.append(f"{len(made) - len(good):,} rows were left out, such as one with {why}")
    known = images if wish.gallery is None else wish.gallery.merged(images)
    items = numbered(_drawn(good, wish))
    used = {content for item in items for content in item.images}
    spare = tuple(content for content in images if content not in used)
    files = {content: known.path(content) for content in used}
    there = set(images.absent())
    files.update({content: known.path(content) for content in spare if content not in there})
    return Draft(items, files, tuple(content for content in spare if content in files), notes)


def numbered(items: Sequence[Item], start: int = 1) -> tuple[Item, ...]:
    """The items with ids i0001, i0002 ... that say nothing about their role; companions follow."""
    names = {item.id: f"i{number:04d}" for number, item in enumerate(items, start)}
    return tuple(
        replace(item, id=names[item.id], companion=names.get(item.companion or "")) for item in items
    )


def _drawn(items: list[Item], wish: Wish) -> list[Item]:
    """As many as wanted, evenly from the sets, companions together; in the order of the table."""
    if wish.limit is None or wish.limit >= len(items):
        return items
    rng = np.random.default_rng(wish.seed)
    position = {item.id: place for place, item in enumerate(items)}
    groups: dict[str, list[list[int]]] = {}
    for place, item in enumerate(items):
        other = position.get(item.companion or "")
        if other is None or other > place:
            groups.setdefault(item.set, []).append([place] if other is None else [place, other])
    queues = [[members[i] for i in rng.permutation(len(members))] for members in groups.values()]
    chosen: list[int] = []
    while len(chosen) < wish.limit:
        for queue in queues:
            if queue and len(chosen) < wish.limit:
                chosen += queue.pop()
    return [items[place] for place in sorted(chosen)]
