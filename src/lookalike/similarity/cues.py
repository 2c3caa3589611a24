"""What two images can have in common: named cues, each made of measures that say one number for a pair.

A measure first learns something from images *without* pairing (a mean, principal components), then turns each
image into a row (its view), and compares two views. A cue is a group of measures that people would call one thing:
``content``, ``faces``, ``colour``. Add a cue by adding measures to the registry with :func:`register`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument

if TYPE_CHECKING:
    from lookalike.similarity.comparator_describe import Descriptions

State: TypeAlias = Mapping[str, NDArray[Any]]
"""What a measure learned: plain arrays, so that they can be saved without pickles."""


@dataclass(frozen=True, eq=False)
class View:
    """One measure's look at n images.

    Attributes:
        rows: float32 (n, ...); what stands in the rows of absent images does not matter.
        present: bool (n,), whether the image has this cue at all (a face, for the measures of faces).
    """

    rows: NDArray[np.float32]
    present: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Any) -> View:
        """The view of some of the images (an index array or a slice)."""
        return View(self.rows[rows], self.present[rows])


class Cue(Protocol):
    """A measure of one cue.

    Attributes:
        name: of the measure, unique.
        cue: the cue that it belongs to; a contribution is shown under this name.
        needs: what the descriptions must hold: ``embedding``, ``map``, ``faces`` or a part of ``classic``.
        levelled: subtract what the two images reach with images that have nothing to do with them.
        gated: its weight differs where both images have a face.
    """

    @property
    def name(self) -> str: ...
    @property
    def cue(self) -> str: ...
    @property
    def needs(self) -> str: ...
    @property
    def levelled(self) -> bool: ...
    @property
    def gated(self) -> bool: ...

    def learn(self, images: Descriptions) -> State:
        """What the measure must know of images in general; no pairing is used."""
        ...

    def view(self, state: State, images: Descriptions) -> View:
        """Each image as the measure sees it."""
        ...

    def compare(self, a: View, b: View) -> NDArray[np.float32]:
        """Likeness of every image of ``a`` to every image of ``b``, larger is more alike: float32 (n, m)."""
        ...


_REGISTRY: dict[str, Cue] = {}
_BUILTIN = ("lookalike.similarity.cues_vectors", "lookalike.similarity.cues_faces")


def register(measure: Cue) -> Cue:
    """Add a measure for comparators that are fitted from now on.

    Raises:
        InvalidArgument: another measure has that name.
    """
    if measure.name in _REGISTRY:
        raise InvalidArgument(f"there is a measure called {measure.name!r} already; choose another name")
    _REGISTRY[measure.name] = measure
    return measure


def unregister(name: str) -> None:
    """Take a measure out of the registry; unknown names are ignored."""
    _REGISTRY.pop(name, None)


def measures() -> dict[str, Cue]:
    """Every registered measure by name, built-in ones first."""
    from importlib import import_module

    builtin: dict[str, Cue] = {}
    for module in _BUILTIN:
        builtin.update({measure.name: measure for measure in import_module(module).MEASURES})
    return {**builtin, **_REGISTRY}


def cue_names(chosen: Iterable[Cue]) -> list[str]:
    """The cues of some measures, each once, in order."""
    return list(dict.fromkeys(measure.cue for measure in chosen))


def choose(available: Iterable[str], cues: Iterable[str] | None = None) -> list[Cue]:
    """The measures whose needs are met.

    Args:
        available: what the descriptions hold.
        cues: keep these cues only; None keeps all.

    Raises:
        InvalidArgument: an unknown cue.
    """
    held = set(available)
    everything = list(measures().values())
    wanted = None if cues is None else set(cues)
    if wanted is not None and (unknown := wanted - set(cue_names(everything))):
        raise InvalidArgument(
            f"no cue is called {', '.join(sorted(unknown))}; known: {', '.join(cue_names(everything))}"
        )
    return [m for m in everything if m.needs in held and (wanted is None or m.cue in wanted)]
