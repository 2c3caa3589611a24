"""Do people choose by place? The test that fits how the order of options was drawn.

Pearson's chi-square takes answers for independent draws of a place. They are under the null hypothesis when each answer
has an order of its own, whatever the options look like and however people agree. Where everybody sees an item in one
order they are not: twenty people who agree on the picture agree on the place, and with agreement as in the
Totally-Looks-Like study chi-square rejects a true null in 95 of 100 studies at the level of 5. There the answers to an
item are moved together to a random order (a permutation test), and chi-square is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.position_bias import PositionBias, position_bias
from lookalike.benchmarks.resampling import chunks
from lookalike.benchmarks.statistics import Estimate
from lookalike.errors import StudyError
from lookalike.studies.analysis.position_gee import PositionEffects, position_effects
from lookalike.studies.analysis.responses import Responses

Order = Literal["per-answer", "shared"]
PERMUTATIONS = 10_000
_SHARED_EXCESS = 0.1
_SHARED_Z = 4.0

PER_ANSWER = "Each answer has an order of its own, so places are drawn apart from the images, and Pearson's chi-square holds."
SHARED = (
    "Several people saw an item in the same order, so their answers share a place whenever they agree: chi-square would call "
    "agreement a bias and is not computed. The permutation test moves all answers of one order to random places together."
)


@dataclass(frozen=True)
class PositionResult:
    """How often each place was chosen, and whether that is more than chance.

    Attributes:
        order: ``per-answer`` or ``shared`` (fixed for each item, or few orders for many answers).
        test: ``chi-square`` or ``permutation``.
        why: the reason, a sentence.
        counts: answers by place, first place first.
        shares: the same in [0, 1].
        chi_square: the statistic; with ``shared`` orders only compared with its own permutations.
        df: degrees of freedom; None for the permutation test.
        p: of the test named.
        w: Cohen's effect size, sqrt(chi_square / n).
        residuals: adjusted residual of each place (standard normal under the null); empty for the permutation test.
        first: share of the first place; whole participants are drawn for its interval. None for shared orders.
        repeats: share of answers at the place of the same person's answer before.
        repeats_expected: what chance gives, 1 / places.
        left_out: answers to items with another number of options than most.
        effects: each place against chance among other people and other items (GEE); None for shared orders.
    """

    order: Order
    test: Literal["chi-square", "permutation"]
    why: str
    counts: tuple[int, ...]
    shares: tuple[float, ...]
    chi_square: float
    df: int | None
    p: float
    w: float
    residuals: tuple[float, ...]
    first: Estimate | None
    repeats: float | None
    repeats_expected: float
    left_out: int
    effects: PositionEffects | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "order": self.order, "test": self.test, "why": self.why, "counts": list(self.counts),
            "shares": list(self.shares), "chi_square": self.chi_square, "df": self.df, "p": self.p, "w": self.w,
            "residuals": list(self.residuals), "first": None if self.first is None else self.first.to_dict(),
            "repeats": self.repeats, "repeats_expected": self.repeats_expected, "left_out": self.left_out,
            "effects": None if self.effects is None else self.effects.to_dict(),
        }  # fmt: skip


def position_test(
    responses: Responses, *, fixed: bool = False, seed: int = 0, permutations: int = PERMUTATIONS
) -> PositionResult | None:
    """Test the places that people chose.

    Args:
        responses: those with a place are used; where items differ in their number of options, the most frequent number.
        fixed: the design says that everybody sees an item in one order (``design.order = "fixed"``). Otherwise the
            orders themselves are looked at, and if people share them more than chance allows, they count as fixed.
        seed: of permutations and intervals.
        permutations: of the permutation test.

    Returns:
        None where nothing was shuffled.
    """
    placed = (responses.position >= 0) & (responses.choices[responses.item] >= 2)
    if not placed.any():
        return None
    some = responses.select(placed)
    places = int(np.bincount(some.choices[some.item]).argmax())
    same = some.choices[some.item] == places
    left_out = int((~same).sum())
    some = some.select(same)
    if fixed or shares_orders(some.item, some.anchor, places):
        return _permuted(some, places, left_out, seed, permutations)
    found = position_bias(some.position, places, [some.people[p] for p in some.person], seed=seed)
    return _chi_square(found, some, places, left_out)


def chi_square_of_counts(counts: ArrayLike) -> PositionBias:
    """Pearson's test of counts by place: published ones, say. Only for orders drawn anew for each answer.

    Args:
        counts: (places,) whole numbers.

    Raises:
        StudyError: fewer than two places, negative counts, or no answers.
    """
    whole = np.asarray(counts, dtype=np.int64)
    if whole.ndim != 1 or len(whole) < 2 or whole.min() < 0 or whole.sum() == 0:
        raise StudyError(f"counts of two places or more are wanted, got {np.asarray(counts).tolist()}")
    return position_bias(np.repeat(np.arange(len(whole)), whole), len(whole))


def shares_orders(item: NDArray[np.intp], anchor: NDArray[np.int64], places: int) -> bool:
    """Whether people who answer the same item see its first option at the same place too often for chance.

    Under orders of their own, any two answers to an item coincide with probability 1 / places, pair by pair
    independently, so the number of coincidences has a known mean and variance.
    """
    known = anchor >= 0
    table = np.zeros((int(item.max()) + 1, places), dtype=np.int64)
    np.add.at(table, (item[known], anchor[known]), 1)
    n = table.sum(axis=1)
    pairs, alike = float((n * (n - 1)).sum() / 2), float((table * (table - 1)).sum() / 2)
    if pairs == 0:
        return False  # every item was answered once: its order is the answer's own
    chance = 1 / places
    excess = (alike / pairs - chance) / (1 - chance)
    z = (alike - pairs * chance) / np.sqrt(pairs * chance * (1 - chance))
    return bool(alike == pairs) if pairs < 10 else bool(excess > _SHARED_EXCESS and z > _SHARED_Z)


def permutation_p(table: NDArray[np.int64], *, seed: int = 0, permutations: int = PERMUTATIONS) -> float:
    """p of the chi-square statistic of the column sums when each row's columns change places at random.

    Args:
        table: int (groups, places), answers of one order of one item in each row.
        seed: of the permutations.
        permutations: p = (1 + as extreme) / (1 + permutations).
    """
    observed = _statistic(table.sum(axis=0)[None])[0] * (1 - 1e-9)  # equal on paper counts as equal
    rng = np.random.default_rng(seed)
    extreme = 0
    for rows in chunks(permutations, table.size):
        many = np.broadcast_to(table, (rows, *table.shape))
        extreme += int((_statistic(rng.permuted(many, axis=2).sum(axis=1)) >= observed).sum())
    return (1 + extreme) / (1 + permutations)


def _statistic(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pearson's statistic of each row of counts against an even split."""
    expected = counts.sum(axis=1, keepdims=True) / counts.shape[1]
    return np.asarray(((counts - expected) ** 2 / expected).sum(axis=1), dtype=np.float64)


def _permuted(some: Responses, places: int, left_out: int, seed: int, permutations: int) -> PositionResult:
    # An item shown in several orders to several people each is several groups that were drawn separately.
    _, group = np.unique(some.item * (places + 1) + some.anchor, return_inverse=True)
    table = np.zeros((int(group.max()) + 1, places), dtype=np.int64)
    np.add.at(table, (group, some.position), 1)
    counts = table.sum(axis=0)
    statistic = float(_statistic(counts[None])[0])
    return PositionResult(
        "shared", "permutation", SHARED, *_numbers(counts), statistic, None,
        permutation_p(table, seed=seed, permutations=permutations), float(np.sqrt(statistic / counts.sum())), (), None,
        *_repeats(some, places), left_out,
    )  # fmt: skip


def _chi_square(found: PositionBias, some: Responses, places: int, left_out: int) -> PositionResult:
    counts = np.array(found.counts)
    expected = counts.sum() / places
    residuals = (counts - expected) / np.sqrt(expected * (1 - 1 / places))
    return PositionResult(
        "per-answer", "chi-square", PER_ANSWER, *_numbers(counts), found.chi_square, found.df, found.p,
        float(np.sqrt(found.chi_square / counts.sum())), tuple(float(r) for r in residuals), found.first,
        *_repeats(some, places), left_out, position_effects(some.position, some.person, some.item, places),
    )  # fmt: skip


def _numbers(counts: NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return tuple(int(c) for c in counts), tuple(float(c) for c in counts / counts.sum())


def _repeats(some: Responses, places: int) -> tuple[float | None, float]:
    order = np.lexsort((some.trial, some.person))
    person, position = some.person[order], some.position[order]
    next_to = person[1:] == person[:-1]
    again = (position[1:] == position[:-1])[next_to]
    return (float(again.mean()) if len(again) else None), 1 / places
