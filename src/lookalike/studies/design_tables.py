"""One function for each way from a table of judgments to items; ids are row numbers that only link companions."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.studies.items import Item

if TYPE_CHECKING:
    from lookalike.judgments import ForcedChoiceTable, Judgments, PairTable, TripletTable
    from lookalike.studies.design import Wish


def choices_as_they_are(judgments: Judgments, wish: Wish) -> list[Item]:
    """Forced choices: one item a row; ``pair``, ``feature`` and ``nearest`` of a distractor set travel along."""
    del wish
    extras = [name for name in ("pair", "feature", "nearest") if name in judgments.table.column_names]
    return [
        Item(
            id=str(row["row"]),
            type="",
            set=row["set"] or "",
            fixed=(row["query"],),
            options=tuple(row["options"]),
            right=row["right"],
            extra={name: row[name] for name in extras if row[name] is not None},
        )
        for row in _rows(judgments)
    ]


def choices_from_pairs(judgments: Judgments, wish: Wish) -> list[Item]:
    """Pairs: the left image with its right one among random others (harder ones: ``lookalike data distractors``)."""
    from lookalike.benchmarks.distractors import distractor_sets

    pairs: PairTable = judgments  # type: ignore[assignment]
    rows = np.arange(len(pairs))
    if wish.limit is not None:
        rows = np.sort(np.random.default_rng(wish.seed).permutation(rows)[: wish.limit])
    table: ForcedChoiceTable = distractor_sets(pairs, rows, "random", options=wish.options, seed=wish.seed)
    return choices_as_they_are(table, wish)


def two_from_pairs(judgments: Judgments, wish: Wish) -> list[Item]:
    """Pairs: the left image with its right one and another's."""
    return choices_from_pairs(judgments, replace(wish, options=2))


def triplets(judgments: Judgments, wish: Wish) -> list[Item]:
    """Triplets: one item a row; answers to triplets are first brought to one row for each triplet."""
    del wish
    from lookalike.judgments import TripletAnswers

    table = judgments.votes() if isinstance(judgments, TripletAnswers) else judgments
    return [
        Item(
            id=str(row["row"]),
            type="",
            set=row.get("set") or "",
            fixed=(row["reference"],),
            options=(row["a"], row["b"]),
            extra={} if row.get("split") is None else {"split": row["split"]},
        )
        for row in _rows(table)
    ]


def odd_ones(judgments: Judgments, wish: Wish) -> list[Item]:
    """Triplets of the odd one out: one item a row, whoever was named odd before."""
    del wish
    return [
        Item(id=str(row["row"]), type="", set=row.get("set") or "", options=(row["a"], row["b"], row["c"]))
        for row in _rows(judgments)
    ]


def odd_from_pairs(judgments: Judgments, wish: Wish) -> list[Item]:
    """Pairs: both images with the right image of another pair, which is the odd one."""
    rng = np.random.default_rng(wish.seed)
    rights = judgments.column("right")
    items = []
    for row in _rows(judgments):
        drawn = (rights[i] for i in rng.integers(len(rights), size=20))
        other = next((image for image in drawn if image not in (row["left"], row["right"])), row["right"])
        trio = [row["left"], row["right"], other]
        order = rng.permutation(3)
        items.append(
            Item(
                id=str(row["row"]),
                type="",
                options=tuple(trio[i] for i in order),
                right=int(np.flatnonzero(order == 2)[0]),
                extra={"pair": row["row"]},
            )
        )
    return items


def same_or_different(judgments: Judgments, wish: Wish) -> list[Item]:
    """Same/different pairs; two rows with one ``id`` (the triplet's, in NIGHTS) are companions."""
    del wish
    rows = _rows(judgments)
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.get("id"):
            groups[str(row["id"])].append(str(row["row"]))
    companions: dict[str, str] = {}
    for members in groups.values():
        if len(members) == 2:
            companions.update({members[0]: members[1], members[1]: members[0]})
    return [
        Item(
            id=str(row["row"]),
            type="",
            fixed=(row["a"], row["b"]),
            companion=companions.get(str(row["row"])),
            extra={name: row[name] for name in ("id", "side") if row.get(name)},
        )
        for row in rows
    ]


def both_pairs(judgments: Judgments, wish: Wish) -> list[Item]:
    """Triplets: the reference with a and the reference with b, companions of one another (as NIGHTS' JND study)."""
    del wish
    table: TripletTable = judgments  # type: ignore[assignment]
    items = []
    for row in _rows(table):
        for side, other in (("a", "b"), ("b", "a")):
            items.append(
                Item(
                    id=f"{row['row']}{side}",
                    type="",
                    fixed=(row["reference"], row[side]),
                    companion=f"{row['row']}{other}",
                    extra={"triplet": row["row"], "side": side},
                )
            )
    return items


def plain_pairs(judgments: Judgments, wish: Wish) -> list[Item]:
    """Two images a row: pairs, ratings, or same/different."""
    del wish
    one, other = judgments.image_columns()[:2]
    return [
        Item(id=str(row["row"]), type="", set=row.get("set") or "", fixed=(row[one], row[other]))
        for row in _rows(judgments)
    ]


def recall_and_vote(judgments: Judgments, wish: Wish) -> list[Item]:
    """Pairs: propose something for each left image, and vote on its right one.

    The candidates of a proposal are the gallery, or all right images; the right one of the pair counts as known where
    it is among them. ``words`` of a recall item are the gallery's file names, one for each candidate, to search in.
    """
    rows = _rows(judgments)
    gallery = (
        list(wish.gallery) if wish.gallery is not None else list(dict.fromkeys(r["right"] for r in rows))
    )
    words = {} if wish.gallery is None else {one: _words(name) for one, name in wish.gallery.names().items()}
    items: list[Item] = []
    asked: set[str] = set()
    for row in rows:
        if wish.stage != "vote" and row["left"] not in asked:
            asked.add(row["left"])
            options = tuple(content for content in gallery if content != row["left"])
            right = options.index(row["right"]) if row["right"] in options else None
            extra = {} if wish.gallery is None else {"words": [words[content] for content in options]}
            items.append(
                Item(f"{row['row']}r", "", "recall", "main", (row["left"],), options, right, None, extra)
            )
        if wish.stage != "recall":
            items.append(Item(f"{row['row']}v", "", set="vote", fixed=(row["left"], row["right"])))
    return items


def _words(name: str) -> str:
    """A file's name as words: ``birds/grey_heron-2.jpg`` is "grey heron 2"."""
    return " ".join(re.findall(r"[^\W_]+", PurePosixPath(name).stem))


def _rows(judgments: Judgments) -> list[dict[str, Any]]:
    """The rows as dictionaries, with their number as ``row``."""
    return [{**row, "row": number} for number, row in enumerate(judgments.table.to_pylist())]
