"""Two images compared: the distance of every encoder, and what comparators trained on people say."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.errors import LookalikeError, printable
from lookalike.web.context import AppContext
from lookalike.web.faults import public_text
from lookalike.web.kept import Kept
from lookalike.web.machines import Machine, comparator, machines
from lookalike.web.pictures import Picture
from lookalike.web.shelf import shelf

log = logging.getLogger("lookalike.web")

METRIC_WIDTH = 1.2
"""Cosine distance at which a bar is full: hardly any two photographs are farther apart."""


@dataclass(frozen=True)
class Distance:
    """What one encoder says of two images.

    Attributes:
        machine: the encoder.
        value: cosine distance in [0, 2]; None with an ``error``.
        percentile: share of random pairs of ``gallery`` that are farther apart, per cent; None where no gallery knows.
    """

    machine: Machine
    value: float | None
    percentile: float | None = None
    gallery: str = ""
    error: str = ""

    @property
    def share(self) -> float:
        """Width of its bar, in [0, 1]."""
        return 0.0 if self.value is None else min(1.0, max(0.0, self.value / METRIC_WIDTH))


@dataclass(frozen=True)
class People:
    """What one comparator says.

    Attributes:
        name: of its folder. probability: that a person would pair the two, at even odds; None with an ``error``.
        cues: (name, log odds added, place of its bar in [0, 100], width), the strongest first.
    """

    name: str
    probability: float | None
    cues: list[tuple[str, float, float, float]] = field(default_factory=list)
    error: str = ""


class _Distances:
    def __init__(self) -> None:
        self.kept = Kept(2_000)
        self.comparing = threading.Lock()


def distances(context: AppContext, a: Picture, b: Picture, prefer: Sequence[str] = ()) -> list[Distance]:
    """The distance of two pictures to every encoder; an encoder that cannot be had says why instead.

    Args:
        context: of the application.
        a: a picture. b: another.
        prefer: galleries whose random pairs are to be compared with, where they know the encoder.
    """
    return [_distance(context, one, a, b, prefer) for one in machines(context)]


def _distance(context: AppContext, one: Machine, a: Picture, b: Picture, prefer: Sequence[str]) -> Distance:
    from lookalike.similarity.compare import compare

    known = shelf(context, _Distances).kept
    key = (one.spec, a.key, b.key)
    try:
        value = known.get(key)
        if not isinstance(value, float):
            (value,) = compare(a.source, b.source, [context.encoder(one.spec)]).distances.values()
            known.put(key, value)
    except LookalikeError as error:
        log.warning("%s: %s", one.name, error)
        return Distance(one, None, error=printable(public_text(error)))
    if not math.isfinite(value):
        return Distance(one, None, error="no distance")
    gallery = next((name for name in (*prefer, *one.galleries) if name in one.galleries), "")
    percentile = context.gallery(gallery).snapshot().percentile(value) if gallery else None
    return Distance(one, value, percentile, gallery)


def people(context: AppContext, a: Picture, b: Picture) -> list[People]:
    """What every comparator of the settings says of two pictures."""
    found = []
    for folder in context.settings.comparators:
        name = printable(folder.name)
        try:
            found.append(_asked(context, folder, comparator(context, folder), a, b))
        except LookalikeError as error:
            log.warning("%s: %s", name, error)
            found.append(People(name, None, error=printable(public_text(error))))
    return found


def _asked(context: AppContext, folder: Path, asked: object, a: Picture, b: Picture) -> People:
    from lookalike.similarity.comparator import Comparator

    assert isinstance(asked, Comparator)
    held = shelf(context, _Distances)
    key = ("comparator", str(folder.absolute()), a.key, b.key)
    kept = held.kept.get(key)
    if isinstance(kept, People):
        return kept
    # A comparator has encoders of its own, which are asked by one thread at a time.
    with held.comparing:
        added = asked.contributions(a.source, b.source)
        probability = asked.probability(a.source, b.source)
    largest = max((abs(value) for value in added.values()), default=1.0) or 1.0
    cues = [
        (cue, value, 50.0 if value >= 0 else 50.0 + 50.0 * value / largest, 50.0 * abs(value) / largest)
        for cue, value in sorted(added.items(), key=lambda row: -abs(row[1]))
    ]
    found = People(printable(folder.name), probability, cues)
    held.kept.put(key, found)
    return found
