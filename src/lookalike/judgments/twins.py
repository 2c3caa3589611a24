"""Synthetic twins: pairs of drawn images that share chosen factors and differ in all others.

Because we drew them, we know why a pair is alike: these images test metrics, comparators and explanations where
no human judgment is needed. "Twins" are after Rosenfeld, Solbach and Tsotsos, "Totally Looks Like" (2018), whose
pairs people made for reasons that nobody wrote down; here the reason is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.judgments.twins_draw import draw
from lookalike.judgments.twins_values import VALUES

if TYPE_CHECKING:
    from lookalike.judgments import PairTable, TripletTable

FACTORS: tuple[str, ...] = tuple(VALUES)
"""Shape, color, texture, layout, pose, style, face."""

MIN_SIZE = 24
"""Smallest side in pixels at which every factor still shows."""


@dataclass(frozen=True, slots=True)
class Factors:
    """All that there is to know about one drawn image.

    Attributes:
        shape: the silhouette. color: the palette of thing and ground. texture: the surface.
        layout: how many copies, where and how large. pose: how the thing is turned.
        style: how it is drawn (outlined, hollow, shaded, ...).
        face: the expression of its eyes and mouth, or "none"; on a house they are windows and a door, on a
            socket holes.

    Raises:
        InvalidArgument: a factor has no such value.
    """

    shape: str
    color: str
    texture: str
    layout: str
    pose: str
    style: str
    face: str

    def __post_init__(self) -> None:
        for name in FACTORS:
            if getattr(self, name) not in VALUES[name]:
                known = ", ".join(VALUES[name])
                raise InvalidArgument(f"{name} cannot be {getattr(self, name)!r}; choose from: {known}")

    def to_dict(self) -> dict[str, str]:
        """Factor -> value."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    def shared_with(self, other: Factors) -> tuple[str, ...]:
        """The factors in which both have the same value, in the order of FACTORS."""
        return tuple(name for name in FACTORS if getattr(self, name) == getattr(other, name))


def render_factors(factors: Factors, size: int = 96) -> NDArray[np.uint8]:
    """The image of these factors: RGB uint8 (size, size, 3), the same pixels every time.

    Raises:
        InvalidArgument: ``size`` is below MIN_SIZE pixels.
    """
    if size < MIN_SIZE:
        raise InvalidArgument(f"a drawn image needs a side of at least {MIN_SIZE} pixels, got {size}")
    return draw(**factors.to_dict(), size=size)


@dataclass(frozen=True)
class TwinSet:
    """Pairs with a known reason.

    Attributes:
        left, right: uint8 (n, size, size, 3).
        left_factors, right_factors: n each; row i of both agrees in exactly the factors ``shared``.
        shared: names of the shared factors, in the order of FACTORS; empty for unrelated pairs.
        seed: what the set was drawn from.
    """

    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    left_factors: tuple[Factors, ...]
    right_factors: tuple[Factors, ...]
    shared: tuple[str, ...]
    seed: int

    def __len__(self) -> int:
        return len(self.left)

    def triplets(
        self, without: str | Sequence[str] | None = None, *, seed: int | None = None
    ) -> TwinTriplets:
        """Triplets (reference, a, b): left and right of each pair, and an image that lacks what they share.

        Args:
            without: the factor or factors in which ``b`` differs from the reference; None takes all shared
                ones. b agrees with the reference in the remaining shared factors and in nothing else, so with
                ``shared=("shape", "layout")`` and ``without="shape"`` only the shape tells a from b.
            seed: of the choice of b; None derives it from the set's own.

        Raises:
            InvalidArgument: the pairs share nothing, or not what ``without`` names.
        """
        missing = (
            self.shared if without is None else _names([without] if isinstance(without, str) else without)
        )
        absent = [name for name in missing if name not in self.shared]
        if absent or not missing:
            wanted = absent[0] if absent else "nothing"
            raise InvalidArgument(
                f"b cannot lack {wanted}: the pairs share {', '.join(self.shared) or 'nothing'}"
            )
        rng = np.random.default_rng([1, self.seed if seed is None else seed])
        kept = [name for name in self.shared if name not in missing]
        others = tuple(_partner(one, kept, rng) for one in self.left_factors)
        images = _render(others, self.left.shape[1])
        return TwinTriplets(
            self.left, self.right, images, self.left_factors, self.right_factors, others, tuple(missing)
        )

    def save(self, folder: Path) -> PairTable:
        """Write images/left/00000.png, images/right/00000.png, ... and the table of pairs into ``folder``.

        ``load_judgments(folder)`` reads it again.

        The table has the extra columns ``shared`` (names with commas) and left_SHAPE ... right_FACE.

        Raises:
            JudgmentError: the folder cannot be written.
        """
        from lookalike.judgments.twins_tables import save_pairs

        return save_pairs(self, Path(folder))


@dataclass(frozen=True)
class TwinTriplets:
    """Triplets with a known answer: ``a`` shares with the reference the factors ``lacking``, ``b`` does not.

    Attributes:
        reference, a, b: uint8 (n, size, size, 3).
        reference_factors, a_factors, b_factors: n each.
        lacking: the factors by which a is the right answer.
    """

    reference: NDArray[np.uint8]
    a: NDArray[np.uint8]
    b: NDArray[np.uint8]
    reference_factors: tuple[Factors, ...]
    a_factors: tuple[Factors, ...]
    b_factors: tuple[Factors, ...]
    lacking: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.reference)

    def save(self, folder: Path, *, seed: int = 0) -> TripletTable:
        """Write PNG files below images/ and the table of triplets into ``folder``.

        ``load_judgments(folder)`` reads it again. In half of the rows, chosen by ``seed``, a and b are exchanged, so
        that the position does not give the answer away: the one vote is for a in the others and for b in these.

        Raises:
            JudgmentError: the folder cannot be written.
        """
        from lookalike.judgments.twins_tables import save_triplets

        return save_triplets(self, Path(folder), seed)


def make_twins(
    n: int, shared: str | Sequence[str] = ("shape",), *, size: int = 96, seed: int = 0, **fixed: str
) -> TwinSet:
    """``n`` pairs that share the factors ``shared`` and differ in every other one.

    Args:
        n: number of pairs.
        shared: one name of FACTORS or several; none gives unrelated pairs.
        size: side in pixels, at least MIN_SIZE.
        seed: the same arguments give the same pixels.
        fixed: a factor's value for the left image of every pair, such as ``face="smile"``; the right one has
            it too when the factor is shared.

    Raises:
        InvalidArgument: an unknown factor or value, or n below 1.
    """
    if n < 1:
        raise InvalidArgument(f"the number of twins must be at least 1, got {n}")
    names = _names([shared] if isinstance(shared, str) else shared)
    _names(fixed)
    rng = np.random.default_rng([0, seed])
    left = tuple(replace(_any(rng), **fixed) for _ in range(n))
    right = tuple(_partner(one, names, rng) for one in left)
    return TwinSet(_render(left, size), _render(right, size), left, right, names, seed)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    given = set(names)
    for name in sorted(given - set(FACTORS)):
        raise InvalidArgument(f"no factor is called {name!r}; choose from: {', '.join(FACTORS)}")
    return tuple(name for name in FACTORS if name in given)


def _any(rng: np.random.Generator) -> Factors:
    return Factors(**{name: values[rng.integers(len(values))] for name, values in VALUES.items()})


def _partner(one: Factors, shared: Sequence[str], rng: np.random.Generator) -> Factors:
    """Equal to ``one`` in ``shared``, different in every other factor."""
    chosen: dict[str, Any] = {}
    for name, values in VALUES.items():
        step = 0 if name in shared else int(rng.integers(1, len(values)))
        chosen[name] = values[(values.index(getattr(one, name)) + step) % len(values)]
    return Factors(**chosen)


def _render(factors: Sequence[Factors], size: int) -> NDArray[np.uint8]:
    return np.stack([render_factors(one, size) for one in factors])
