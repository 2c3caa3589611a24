"""Raw answers to triplets (participant, query, left, right, chosen) as a finished study of the type 2afc.

The CSV is the one that :func:`lookalike.judgments.read_answers` reads: NEXT and salmon export as much. Which side each
image stood on is known, so position bias can be tested.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lookalike.errors import StudyError, printable
from lookalike.judgments import read_answers
from lookalike.studies.analysis.position import shares_orders
from lookalike.studies.answers import ANSWER_SCHEMA
from lookalike.studies.config import StudyConfig
from lookalike.studies.importers.imported import ImportedStudy, study_hash
from lookalike.studies.items import Item, Items

if TYPE_CHECKING:
    from lookalike.judgments import TripletAnswers

SHOWN_AT = "shown_at"
"""Column with the moment that a trial was shown (UTC), from which the order of a person's trials is known."""

_TYPE = "2afc"
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)


def import_triplet_answers(
    source: Path | str,
    images: Path | str | None = None,
    *,
    where: dict[str, str] | None = None,
    title: str = "",
    progress: Any = None,
) -> ImportedStudy:
    """Read the CSV.

    Each reference with its two images is an item, whichever side they stood on. No answer is right or wrong.

    Args:
        source: the CSV file, or a folder with ``answers.csv``.
        images: folder of the images; None: beside the file.
        where: only the rows with these values in these columns, such as {"sampler": "Test"}.
        title: of the study; "": the name of the folder.
        progress: told while images are read.

    Raises:
        JudgmentError, BadRow: the file cannot be understood.
        StudyError: no row has the values asked for.
    """
    answers = read_answers(source, images, progress=progress)
    if where:
        answers = answers.where(**where)
        if not len(answers):
            asked = ", ".join(f"{printable(name)} = {printable(value)}" for name, value in where.items())
            raise StudyError(f"{printable(str(source))} has no answer with {asked}")
    place = Path(source).absolute()
    name = title or (place if place.is_dir() else place.parent).name
    items, item, swapped = _items(answers)
    people = answers.column("participant")
    trial = _trials(answers, people)
    shared = shares_orders(item, swapped.astype(np.int64), 2)
    config = StudyConfig.parse(
        {
            "name": "imported",
            "title": name,
            "type": _TYPE,
            "design": {
                "answers_per_item": int(np.bincount(item).max()),
                "trials_per_participant": int(trial.max()) + 1,
                "order": "fixed" if shared else "per-participant",
            },
        }
    )
    table = _table(answers, items, item, swapped, people, trial, study_hash(config, items))
    return ImportedStudy(config, items, table, answers.images, _notes(answers, shared))


def _items(answers: TripletAnswers) -> tuple[Items, Any, Any]:
    """(items in order of appearance, item of each answer, whether the item's second image stood left)."""
    place: dict[tuple[str, str, str], int] = {}
    item, swapped = [], []
    for reference, left, right in zip(*(answers.column(n) for n in ("reference", "a", "b")), strict=True):
        key = (reference, min(left, right), max(left, right))
        item.append(place.setdefault(key, len(place)))
        swapped.append(left > right)
    made = Items(
        Item(f"t{n:06d}", _TYPE, fixed=(reference,), options=(a, b)) for (reference, a, b), n in place.items()
    )
    return made, np.array(item, dtype=np.intp), np.array(swapped)


def _moments(answers: TripletAnswers) -> list[datetime] | None:
    if SHOWN_AT not in answers.table.column_names:
        return None
    try:
        found = [datetime.fromisoformat(text) for text in answers.column(SHOWN_AT)]
    except (TypeError, ValueError):
        return None
    return [one.replace(tzinfo=UTC) if one.tzinfo is None else one.astimezone(UTC) for one in found]


def _trials(answers: TripletAnswers, people: list[str]) -> Any:
    """Place of each answer among the same person's, by time where it is known, else by row."""
    moments = _moments(answers)
    when = (
        np.arange(len(answers), dtype=np.float64)
        if moments is None
        else np.array([m.timestamp() for m in moments])
    )
    person = np.unique(np.array(people, dtype=str), return_inverse=True)[1]
    order = np.lexsort((when, person))
    counts = np.bincount(person)
    trial = np.empty(len(order), dtype=np.int32)
    trial[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return trial


def _table(
    answers: TripletAnswers, items: Items, item: Any, swapped: Any, people: list[str], trial: Any, hash_: str
) -> pa.Table:
    n = len(answers)
    position = answers.array("chosen").astype(np.int32)  # 0: left
    chosen = np.where(swapped, 1 - position, position).astype(np.int32)
    seconds = answers.column("response_time_s")
    moments = _moments(answers) or [_UNKNOWN] * n
    columns: dict[str, Any] = {
        "participant": people, "session": people, "study_hash": [hash_] * n, "app_version": ["imported"] * n,
        "item": [items[i].id for i in item], "set": [""] * n, "role": ["main"] * n, "type": [_TYPE] * n,
        "trial_index": trial, "order": [[1, 0] if s else [0, 1] for s in swapped], "position": position,
        "chosen": chosen, "response_time_ms": [None if s is None else 1000 * s for s in seconds],
        "answered_at": [m + timedelta(seconds=s or 0) for m, s in zip(moments, seconds, strict=True)],
        "panel": ["none"] * n, "finished": [True] * n, "simulated": [False] * n,
    }  # fmt: skip
    arrays = [
        pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type) for f in ANSWER_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=ANSWER_SCHEMA)


def _notes(answers: TripletAnswers, shared: bool) -> tuple[str, ...]:
    sides = "the same for everybody" if shared else "drawn anew for each answer, as far as the answers show"
    notes = [f"Imported answers of a study run elsewhere; its sides were {sides}."]
    if answers.note:
        notes.append(f"{answers.note[0].upper()}{answers.note[1:]}.")
    return tuple(notes)
