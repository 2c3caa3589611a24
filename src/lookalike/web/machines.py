"""The encoders and comparators that Compare and Play ask: named by the person who started the server, never by a page."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.encoders import DEFAULT_ENCODER
from lookalike.errors import LookalikeError, printable
from lookalike.explain.sentences import encoder_name
from lookalike.web.context import AppContext
from lookalike.web.faults import PageError
from lookalike.web.shelf import shelf

if TYPE_CHECKING:
    from lookalike.similarity.comparator import Comparator

ALWAYS = (DEFAULT_ENCODER, "classic")
"""They come with the package and need no download."""


@dataclass(frozen=True)
class Machine:
    """An encoder that may be asked.

    Attributes:
        number: its place in the list; what addresses say, since its name may hold a path.
        spec: what `load_encoder` takes. name: for people.
        galleries: served galleries that were indexed with it.
    """

    number: int
    spec: str
    name: str
    galleries: tuple[str, ...] = ()


def machines(context: AppContext) -> list[Machine]:
    """Those named at the start, the default encoder, the classic one, and those of the galleries."""
    galleries: dict[str, list[str]] = {}
    for name in context.settings.galleries:
        try:
            galleries.setdefault(context.gallery(name).gallery.settings.encoder, []).append(name)
        except LookalikeError:  # the first page says what is wrong with it
            continue
    specs = dict.fromkeys([*context.settings.encoders, *ALWAYS, *galleries])
    found: list[Machine] = []
    for number, spec in enumerate(specs):
        name = printable(encoder_name(spec))
        if any(one.name == name for one in found):
            name = f"{name} ({number + 1})"
        found.append(Machine(number, spec, name, tuple(galleries.get(spec, ()))))
    return found


def machine(context: AppContext, number: int) -> Machine:
    """The encoder at a place of the list.

    Raises:
        PageError: there is none (404).
    """
    known = machines(context)
    if not 0 <= number < len(known):
        raise PageError.of(404, "no_encoder", number=number)
    return known[number]


class _Loaded:
    def __init__(self) -> None:
        self.comparators: dict[Path, Comparator] = {}
        self.lock = threading.Lock()


def comparator(context: AppContext, folder: Path) -> Comparator:
    """A comparator, loaded once.

    Raises:
        ComparatorError: the folder holds none, or it does not fit its encoder.
    """
    from lookalike.similarity.comparator import Comparator

    held = shelf(context, _Loaded)
    with held.lock:
        if folder not in held.comparators:
            held.comparators[folder] = Comparator.load(folder)
        return held.comparators[folder]
