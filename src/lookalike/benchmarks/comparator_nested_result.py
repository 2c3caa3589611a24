"""What a nested cross-validation found: recall, which design each outer fold chose, and the difference to the fixed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lookalike.benchmarks.comparator_designs import Design
from lookalike.benchmarks.paired_tests import PairedTest
from lookalike.benchmarks.recall import Recall

_RUNNERS_UP = 5


@dataclass(frozen=True)
class Chosen:
    """What one outer fold chose by its inner folds.

    Attributes:
        design: the best.
        score: its mean recall at 1, 5, 10 and 20 on inner folds, in [0, 1]; too good by the choice itself.
        pairs: how many pairs it was chosen by.
        scores: of every design, in the order of the list.
        refined: the same of the second round: other hard rivals and penalties with the best; empty without one.
    """

    design: Design
    score: float
    pairs: int
    scores: tuple[float, ...]
    refined: Mapping[Design, float] = field(default_factory=dict)


@dataclass(frozen=True)
class NestedResult:
    """What nested cross-validation found.

    Attributes:
        pairs: how many.
        folds: outer ones.
        inner_folds: within each training part.
        groups: groups of pairs that stayed together because of near-duplicates.
        designs: the list that was chosen from.
        chosen: by each outer fold, in order.
        recalls: name -> recall: ``nested``, ``comparator`` (the fixed design in the same outer folds), ``cosine``,
            and with faces ``cosine + faces``.
        tests: k -> paired tests between them, Holm's correction within each k.
    """

    pairs: int
    folds: int
    inner_folds: int
    groups: int
    designs: tuple[Design, ...]
    chosen: tuple[Chosen, ...]
    recalls: dict[str, Recall]
    tests: dict[int, list[PairedTest]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; recall in percent."""
        return {
            "unit": "percent",
            "pairs": self.pairs,
            "folds": self.folds,
            "inner_folds": self.inner_folds,
            "groups": self.groups,
            "encoders": {name: found.to_dict() for name, found in self.recalls.items()},
            "tests": {str(k): [test.to_dict() for test in tests] for k, tests in self.tests.items()},
            "chosen": [self._chosen(one) for one in self.chosen],
            "agreement": self.agreement,
            "designs": [
                {**design.to_dict(), "inner": [100 * one.scores[place] for one in self.chosen]}
                for place, design in enumerate(self.designs)
            ],
        }

    @property
    def agreement(self) -> dict[str, dict[str, int]]:
        """For each part of a design, how many outer folds chose which value."""
        parts = [one.design.to_dict() for one in self.chosen]
        return {
            name: dict(Counter(_text(part[name]) for part in parts).most_common())
            for name in (parts[0] if parts else {})
        }

    def _chosen(self, one: Chosen) -> dict[str, Any]:
        order = sorted(range(len(one.scores)), key=lambda place: -one.scores[place])[:_RUNNERS_UP]
        return {
            **one.design.to_dict(),
            "inner": 100 * one.score,
            "pairs": one.pairs,
            "best": [
                {"design": str(self.designs[place]), "inner": 100 * one.scores[place]} for place in order
            ],
            "refined": [
                {"hard": design.hard, "penalty": design.penalty, "inner": 100 * score}
                for design, score in one.refined.items()
            ],
        }


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
