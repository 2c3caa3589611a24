"""Where people and a machine part: the questions of a table that an encoder answers most surely, and against people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.web.context import AppContext
from lookalike.web.faults import PageError
from lookalike.web.play_tables import Table

KEPT_ROWS = 200


@dataclass(frozen=True)
class Parted:
    """One question that people and the machine answer differently (content ids).

    Attributes:
        query: the image asked about. people: what people hold to be like it. machine: what the encoder does.
        rank: place of the people's image in the encoder's list, from 1; 2 in a triplet.
        far, near: distance of the people's image, and of the machine's.
        agreement: share of people's answers for theirs; None where nobody counted.
    """

    query: str
    people: str
    machine: str
    rank: int
    far: float
    near: float
    agreement: float | None = None


def parted(context: AppContext, table: Table, spec: str) -> list[Parted]:
    """The surest disagreements first, at most 200; the table's vectors must be ready (see `Table.prepare`).

    Raises:
        PageError: the table has no kind of question for this (400).
    """
    held, vectors = table.vectors(context, spec)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    if table.judgments.kind == "pairs":
        left, right = (held.rows(table.judgments.column(name)) for name in ("left", "right"))
        return _of_pairs(table, unit[left], unit[right])
    if table.judgments.kind == "triplets":
        places = [held.rows(table.judgments.column(name)) for name in ("reference", "a", "b")]
        return _of_triplets(table, *(unit[place] for place in places))
    raise PageError.of(400, "no_sheet")


def _of_pairs(table: Table, left: NDArray[np.float32], right: NDArray[np.float32]) -> list[Parted]:
    queries, answers = table.judgments.column("left"), table.judgments.column("right")
    right_of: dict[str, set[str]] = {}
    for query, answer in zip(queries, answers, strict=True):
        right_of.setdefault(query, set()).add(answer)
    found = []
    for start in range(0, len(left), 256):
        block = 1.0 - left[start : start + 256] @ right.T
        for offset, row in enumerate(block):
            number = start + offset
            nearest = int(np.argmin(row))
            if answers[nearest] in right_of[queries[number]] or answers[nearest] == queries[number]:
                continue
            rank = 1 + int((row < row[number]).sum())
            found.append(
                Parted(
                    queries[number],
                    answers[number],
                    answers[nearest],
                    rank,
                    float(row[number]),
                    float(row[nearest]),
                )
            )
    return sorted(found, key=lambda one: one.near - one.far)[:KEPT_ROWS]


def _of_triplets(
    table: Table, reference: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32]
) -> list[Parted]:
    names = [table.judgments.column(name) for name in ("reference", "a", "b", "votes_a", "votes_b")]
    to_a, to_b = 1.0 - (reference * a).sum(axis=1), 1.0 - (reference * b).sum(axis=1)
    found = []
    for query, first, second, votes_a, votes_b, near_a, near_b in zip(*names, to_a, to_b, strict=True):
        for_a = votes_a > votes_b
        if votes_a == votes_b or (near_a < near_b) == for_a:
            continue
        share = max(votes_a, votes_b) / (votes_a + votes_b)
        people, machine = (first, second) if for_a else (second, first)
        far, near = float(max(near_a, near_b)), float(min(near_a, near_b))
        found.append(Parted(query, people, machine, 2, far, near, share))
    return sorted(found, key=lambda one: (one.agreement or 0.0) * (one.near - one.far))[:KEPT_ROWS]
