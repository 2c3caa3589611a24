"""A figure with its interval: what every measure returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: the figure, in its own unit (shares are in [0, 1]).
        low: lower end of the interval.
        high: upper end.
        n: how many items it rests on.
        method: how the interval was computed, in words.
    """

    value: float
    low: float
    high: float
    n: int
    method: str

    @property
    def ends(self) -> list[float]:
        """The interval as JSON documents hold it: [low, high]."""
        return [self.low, self.high]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class CorrelationEstimate(Estimate):
    """A coefficient of correlation; ``p`` is the two-sided probability under no correlation."""

    p: float
