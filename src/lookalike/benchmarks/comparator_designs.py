"""Designs of a comparator that a nested cross-validation chooses from: a list that was written down beforehand.

Beforehand means before any outer fold was scored, not blind: its authors had seen what comparators reach on the 1,200 pairs
of *Totally Looks Like*. A nested figure on those pairs is free of the choice from the list, not of the list; on other
people's pairs it is free of both.

A design says which cues there are, whether weights differ where both images have a face (gates), whether levels are
subtracted, how far the measures are whitened, how many hard rivals the weights are learned against, and the penalty.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.similarity.comparator_fit import HARD, PENALTY
from lookalike.similarity.comparator_space import PRESENCE, Space
from lookalike.similarity.cues import Cue, State, View

FACES = ("faces", "face layout", PRESENCE)
APPEARANCE = ("shape", "texture", "layout", "colour")

CUE_SETS: tuple[tuple[str, ...], ...] = (
    ("content",),
    ("content", *FACES),
    ("content", *APPEARANCE, *FACES),
    ("content", "local", *FACES),
    ("content", "local", *APPEARANCE, *FACES),
)
"""Which cues: the embedding; with faces; with colour, texture and so on; with local matches; all."""

EXPONENTS = (0.0, 0.5, 1.0)
"""Of every whitening: none (principal components as they are), half, full."""

PENALTIES = (1e-4, 1e-3, 1e-2)
HARD_RIVALS = (20, 80, 200)
"""Looked at in a second round, for the best of the first, which has the settings of every fit."""


@dataclass(frozen=True, order=True)
class Design:
    """One way to build a comparator.

    Attributes:
        cues: that it weighs.
        gates: other weights where both images have a face.
        levels: half of either image's level is taken from a likeness.
        exponent: of every whitening.
        hard: hard rivals of each query.
        penalty: of the squared weights.
    """

    cues: tuple[str, ...]
    gates: bool
    levels: bool
    exponent: float
    hard: int
    penalty: float

    def __str__(self) -> str:
        gates = "gates" if self.gates else "no gates"
        levels = "levels" if self.levels else "no levels"
        return (
            f"{', '.join(self.cues)}; {gates}; {levels}; exponent {self.exponent:g}; {self.hard} hard rivals; "
            f"penalty {self.penalty:g}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "cues": list(self.cues)}


def candidates(cues: Iterable[str]) -> tuple[Design, ...]:
    """Every design of the list that these cues allow, the plainer ones first, each once.

    Args:
        cues: that the descriptions allow. Sets shrink to them; gates need faces; cues that are in no set (registered
            by a user) join the set of all.
    """
    held = list(dict.fromkeys(cues))
    known = {cue for wanted in CUE_SETS for cue in wanted}
    sets = [tuple(cue for cue in wanted if cue in held) for wanted in CUE_SETS]
    sets[-1] += tuple(cue for cue in held if cue not in known)
    found = []
    for some in dict.fromkeys(some for some in sets if any(cue != PRESENCE for cue in some)):
        gates = (False, True) if PRESENCE in some else (False,)
        found += [
            Design(some, *values, HARD, PENALTY)
            for values in itertools.product(gates, (False, True), EXPONENTS)
        ]
    return tuple(found)


def refinements(design: Design) -> tuple[Design, ...]:
    """The design itself, then with every other number of hard rivals and penalty of the list."""
    changed = (replace(design, hard=hard, penalty=penalty) for hard in HARD_RIVALS for penalty in PENALTIES)
    return tuple(dict.fromkeys([design, *changed]))


@dataclass(frozen=True)
class WithoutLevels:
    """A measure from which no level is subtracted."""

    base: Cue
    levelled: bool = False

    @property
    def name(self) -> str:
        return self.base.name

    @property
    def cue(self) -> str:
        return self.base.cue

    @property
    def needs(self) -> str:
        return self.base.needs

    @property
    def gated(self) -> bool:
        return self.base.gated

    def learn(self, images: Any) -> State:
        """As the measure itself."""
        return self.base.learn(images)

    def view(self, state: State, images: Any) -> View:
        """As the measure itself."""
        return self.base.view(state, images)

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        """As the measure itself."""
        return self.base.compare(a, b)


def redesigned(measures: Sequence[Cue], *, levels: bool, exponent: float) -> tuple[Cue, ...]:
    """The measures with that exponent, where they whiten, and without levels if so wanted."""
    changed = [_whitened(measure, exponent) for measure in measures]
    return tuple(changed) if levels else tuple(WithoutLevels(measure) for measure in changed)


def columns_of(space: Space, design: Design) -> NDArray[np.bool_]:
    """Which columns of a space a design weighs: bool (columns,)."""
    keep = np.array([cue in design.cues for cue, _ in space.columns], dtype=bool)
    if not design.gates:
        gates = sum(measure.gated for measure in space.measures) if space.with_faces else 0
        keep[len(space.measures) : len(space.measures) + gates] = False
    return keep


def _whitened(measure: Cue, exponent: float) -> Cue:
    if is_dataclass(measure) and any(field.name == "exponent" for field in fields(measure)):
        made: Any = replace(measure, exponent=exponent)
        return made
    return measure
