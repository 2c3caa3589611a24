"""What a participant's page is told: never ids of items, roles of catch trials, or the right answer."""

from __future__ import annotations

from typing import Any

from lookalike.studies.server.site import Place, Visit
from lookalike.studies.store.live import AHEAD
from lookalike.studies.store.records import Session, Slot
from lookalike.studies.store.refusals import Refused
from lookalike.studies.types import is_vote

MOST_TRIALS = 20
"""Trials that a page may know, the one at hand counted; fewer where each is chosen by what was answered before."""
MOST_CANDIDATES = 500
"""Images of one answer of the gallery."""


def info(place: Place, *, preview: bool) -> dict[str, Any]:
    """All that the page needs before anyone agreed to anything."""
    config = place.study.config
    timed = config.timing.image_ms > 0 or config.timing.second_ms > 0
    return {
        "title": config.title,
        "type": config.type,
        "languages": list(config.languages),
        "texts": place.texts,
        "questions": [question.model_dump(mode="json") for question in config.questions],
        "panel": config.panel.kind,
        "preview": preview,
        "needs": {"fullscreen": timed, "min_width": 320},
    }


def plan(place: Place, session: Session) -> dict[str, Any]:
    """Where a session stands."""
    config = place.study.config
    return {
        "session": session.id,
        "trials": session.trials,
        "next": session.next,
        "breaks": list(session.breaks),
        "phase": session.phase,
        "timing": config.timing.model_dump(mode="json"),
        "scale": None if config.scale is None else config.scale.model_dump(mode="json"),
        "show_instructions": session.show_instructions,
        "language": session.language,
        "server_time": place.store.clock() // 1_000,
    }


def ahead(place: Place) -> int:
    """Trials that a page may know, the one at hand counted: always as many, so that their number tells nothing."""
    return 1 + AHEAD if place.study.config.live else MOST_TRIALS


def trials(place: Place, visit: Visit, standing: int, start: int, count: int) -> list[dict[str, Any]]:
    """Some trials, from the one the session stands at and at most `ahead` of it.

    Raises:
        Refused: 409 for a trial that is answered already: nobody goes back.
    """
    if start < standing:
        raise Refused(409, f"trial {start} is answered already", next=standing)
    end = min(start + count, standing + ahead(place))
    return [trial(place, visit, slot) for slot in visit.slots[start:end]]


def trial(place: Place, visit: Visit, slot: Slot) -> dict[str, Any]:
    """One trial, options in this participant's order; a catch trial looks like any other."""
    item = place.item(slot)
    recall = item.type == "recall-and-vote" and not is_vote(item)
    shown = [] if recall else [item.options[index] for index in slot.order]
    return {
        "index": slot.index,
        "kind": "practice" if slot.role == "practice" else "trial",
        "type": item.type,
        "fixed": [place.image(visit, content) for content in item.fixed],
        "options": [place.image(visit, content) for content in shown],
    }


def candidates(
    place: Place, visit: Visit, standing: int, index: int, query: str, start: int, count: int
) -> dict[str, Any]:
    """Images of a recall trial's gallery, each with its position in this participant's order.

    ``extra["words"]`` of the item, one text for each option, is what the query is looked for in; a gallery without
    words comes whole.

    Raises:
        Refused: 409 when it is not this trial's turn, 404 when the trial has no gallery.
    """
    if not standing <= index < min(standing + ahead(place), len(visit.slots)):
        raise Refused(409, "this trial is not open", next=standing)
    slot = visit.slots[index]
    item = place.item(slot)
    if item.type != "recall-and-vote" or is_vote(item):
        raise Refused(404, "this trial has no gallery")
    words = item.extra.get("words")
    wanted = query.casefold().split()
    found = []
    for position, option in enumerate(slot.order):
        if wanted and isinstance(words, list) and len(words) == len(item.options):
            text = str(words[option]).casefold()
            if not all(word in text for word in wanted):
                continue
        found.append((position, item.options[option]))
    part = found[start : start + count]
    images = [{"position": position, **place.image(visit, content)} for position, content in part]
    return {"total": len(found), "images": images}
