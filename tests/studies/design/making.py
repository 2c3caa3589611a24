"""Small tables and studies that the tests of the design make."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from lookalike.judgments import (
    ForcedChoiceTable,
    ImageCatalogue,
    OddOneOutTable,
    PairTable,
    RatingTable,
    SameDifferentTable,
    TripletTable,
)
from lookalike.studies.design import Draft, Wish, draft_from
from lookalike.studies.design_build import Plan, build
from lookalike.studies.study import Study
from tests.judgments.making import pictures

SIZE = (20, 16)


def images(folder: Path, count: int) -> tuple[ImageCatalogue, list[str]]:
    """(a catalogue of new pictures, their content ids in order)."""
    files = pictures(folder, [f"p{n:03d}" for n in range(count)])
    made = ImageCatalogue.from_files(files, folder)
    by_name = {name: content for content, name in made.names().items()}
    return made, [by_name[file.name] for file in files]


def pairs(folder: Path, count: int, spare: int = 0) -> PairTable:
    """So many pairs of different pictures; ``spare`` further pictures are in no pair."""
    known, ids = images(folder, 2 * count + spare)
    return PairTable(pa.table({"left": ids[:count], "right": ids[count : 2 * count]}), known)


def triplets(folder: Path, count: int, spare: int = 0) -> TripletTable:
    known, ids = images(folder, 3 * count + spare)
    columns = {"reference": ids[:count], "a": ids[count : 2 * count], "b": ids[2 * count : 3 * count]}
    votes = {name: pa.array([1] * count, pa.int32()) for name in ("votes_a", "votes_b")}
    return TripletTable(pa.table({**columns, **votes}), known)


def choices(folder: Path, count: int, spare: int = 0) -> ForcedChoiceTable:
    """Queries with three options of their own, the right one in turn at each place."""
    known, ids = images(folder, 4 * count + spare)
    table = {
        "query": ids[:count],
        "options": [ids[count + 3 * n : count + 3 * n + 3] for n in range(count)],
        "right": pa.array([n % 3 for n in range(count)], pa.int32()),
        "set": ["even" if n % 2 == 0 else "odd" for n in range(count)],
        "feature": ["random"] * count,
    }
    return ForcedChoiceTable(pa.table(table), known)


def odd(folder: Path, count: int, spare: int = 0) -> OddOneOutTable:
    known, ids = images(folder, 3 * count + spare)
    columns = {name: ids[n * count : (n + 1) * count] for n, name in enumerate("abc")}
    votes = {f"votes_{name}": pa.array([0] * count, pa.int32()) for name in "abc"}
    return OddOneOutTable(pa.table({**columns, **votes}), known)


def same(folder: Path, count: int, spare: int = 0) -> SameDifferentTable:
    """Rows 2n and 2n + 1 are the two pairs of one triplet."""
    known, ids = images(folder, 2 * count + spare)
    votes = {f"votes_{name}": pa.array([1] * count, pa.int32()) for name in ("same", "different")}
    triplet = [f"t{n // 2}" for n in range(count)]
    return SameDifferentTable(
        pa.table({"a": ids[:count], "b": ids[count : 2 * count], **votes, "id": triplet}), known
    )


def ratings(folder: Path, count: int, spare: int = 0) -> RatingTable:
    known, ids = images(folder, 2 * count + spare)
    return RatingTable(
        pa.table({"a": ids[:count], "b": ids[count : 2 * count], "rating": [3.0] * count}), known
    )


MAKERS = {
    "kafc": choices,
    "2afc": triplets,
    "odd-one-out": odd,
    "same-different": same,
    "rating": ratings,
    "recall-and-vote": pairs,
}
"""Type of study -> a table that it can be made from."""


def draft(folder: Path, type: str, count: int = 8, spare: int = 60, wish: Wish | None = None) -> Draft:
    return draft_from(MAKERS[type](folder, count, spare), type, wish)


def study(folder: Path, type: str, count: int = 8, **settings: object) -> Study:
    """A complete study of that type in ``folder / "study"``; texts in English."""
    plan = Plan("my-study", "A title", ("en",), settings=settings)
    return build(folder / "study", type, draft(folder / "images", type, count), plan)[0]
