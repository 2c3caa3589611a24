"""Made-up answers of made-up people: a study in memory and a table of ANSWER_SCHEMA."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from lookalike.studies.answers import ANSWER_SCHEMA
from lookalike.studies.config import StudyConfig
from lookalike.studies.importers.imported import ImportedStudy
from lookalike.studies.items import Item, Items

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def content(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def kafc_items(n: int, k: int = 5, *, sets: int = 1, role: str = "main", right: int | None = 0) -> list[Item]:
    """Items with images of their own, right option 0."""
    return [
        Item(
            f"{role}{i}", "kafc" if k != 2 else "2afc", set=f"set {i % sets}", role=role,  # type: ignore[arg-type]
            fixed=(content(f"{role} q{i}"),), options=tuple(content(f"{role} {i}.{j}") for j in range(k)), right=right,
        )
        for i in range(n)
    ]  # fmt: skip


def config(type: str = "kafc", **sections: Any) -> StudyConfig:
    scale = {"scale": {"low": 1.0, "high": 7.0}} if type == "rating" else {}
    return StudyConfig.parse({"name": "made", "title": "Made up", "type": type, **scale, **sections})


def row(
    item: Item, person: str, index: int, chosen: int | None, order: list[int], **more: Any
) -> dict[str, Any]:
    """One answer."""
    position = order.index(chosen) if chosen is not None and order else None
    correct = None if item.right is None or chosen is None else chosen == item.right
    return {
        "participant": person, "session": f"s-{person}", "study_hash": "h", "app_version": "1", "item": item.id,
        "set": item.set, "role": item.role, "type": item.type, "trial_index": index, "order": order,
        "position": position, "chosen": chosen, "correct": correct, "response_time_ms": 900.0 + index,
        "answered_at": START + timedelta(seconds=index), "finished": True, "simulated": False, **more,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=ANSWER_SCHEMA)


def study(items: list[Item], rows: list[dict[str, Any]], **settings: Any) -> ImportedStudy:
    from lookalike.judgments import ImageCatalogue

    made = Items(items)
    names = {one: f"{one[:12]}.png" for one in made.images()}
    return ImportedStudy(config(items[0].type, **settings), made, table(rows), ImageCatalogue(names))


def simulated(
    items: list[Item],
    people: int,
    rng: np.random.Generator,
    *,
    accuracy: Any = 0.7,
    bias: Any = None,
    biased: float = 0.0,
    fixed: bool = False,
    person_sd: float = 0.0,
) -> list[dict[str, Any]]:
    """Everybody answers every item.

    ``accuracy`` (a number, or one for each item) is how often option 0 is chosen for its looks; else one of the others. A
    share ``biased`` of answers goes by place instead, drawn from ``bias``. ``fixed``: one order for each item.
    """
    k = len(items[0].options)
    chance = np.broadcast_to(np.asarray(accuracy, dtype=float), (len(items),))
    own = {item.id: rng.permutation(k) for item in items}
    rows = []
    for p in range(people):
        shift = rng.normal(0, person_sd) if person_sd else 0.0
        for index, i in enumerate(rng.permutation(len(items))):
            order = own[items[i].id] if fixed else rng.permutation(k)
            if rng.random() < biased:
                chosen = int(order[rng.choice(k, p=bias)])
            else:
                good = rng.random() < np.clip(chance[i] + shift, 0, 1)
                chosen = 0 if good else int(rng.integers(1, k))
            rows.append(row(items[i], f"p{p}", index, chosen, [int(o) for o in order]))
    return rows
