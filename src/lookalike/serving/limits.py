"""Rate limits as token buckets in memory: cheap to check, bounded in size, by session or by address."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Literal

from lookalike.errors import InvalidArgument


@dataclass(frozen=True)
class RateRule:
    """One limit: ``burst`` requests at once, refilled at ``per_second``.

    Attributes:
        name: said in the refusal.
        key: what shares a bucket: the ``session`` cookie's value (requests without one are not counted) or the
            client's ``address``.
        method, contains: which requests are counted; empty: all of them.
    """

    name: str
    key: Literal["session", "address"]
    per_second: float
    burst: int
    method: str = ""
    contains: str = ""

    def __post_init__(self) -> None:
        if not (self.per_second > 0 and self.burst >= 1):
            raise InvalidArgument(f"the rate limit {self.name!r} needs per_second > 0 and burst >= 1")

    def counts(self, method: str, path: str) -> bool:
        """Whether the rule counts a request."""
        return (not self.method or self.method == method) and self.contains in path


class RateTable:
    """The buckets of some rules; many threads may ask at once.

    At most ``size`` buckets are kept; the one longest unused goes first, and forgetting a bucket refills it,
    so memory stays flat under forged cookies while the rule by address goes on counting.

    Args:
        rules: all are applied.
        clock: seconds that never go back.
        size: buckets remembered.
    """

    def __init__(
        self, rules: Sequence[RateRule], *, clock: Callable[[], float] = time.monotonic, size: int = 20_000
    ) -> None:
        self.rules = tuple(rules)
        self._clock = clock
        self._size = size
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, method: str, path: str, session: str, address: str) -> tuple[str, int] | None:
        """None when the request may pass (and is counted); else the rule's name and whole seconds to wait."""
        worst: tuple[str, int] | None = None
        with self._lock:
            now = self._clock()
            for rule in self.rules:
                who = session if rule.key == "session" else address
                if not who or not rule.counts(method, path):
                    continue
                seconds = self._take((rule.name, who), rule, now)
                if seconds > 0 and (worst is None or seconds > worst[1]):
                    worst = (rule.name, max(1, ceil(min(seconds, 3600.0))))
        return worst

    def would_wait(self, method: str, path: str, session: str, address: str) -> int | None:
        """Whole seconds to wait, as `wait` has them, without counting anything; None when a request may pass."""
        worst = 0.0
        with self._lock:
            now = self._clock()
            for rule in self.rules:
                who = session if rule.key == "session" else address
                if who and rule.counts(method, path):
                    level, since = self._buckets.get((rule.name, who), (float(rule.burst), now))
                    missing = 1.0 - min(float(rule.burst), level + (now - since) * rule.per_second)
                    worst = max(worst, missing / rule.per_second)
        return max(1, ceil(min(worst, 3600.0))) if worst > 0 else None

    def _take(self, key: tuple[str, str], rule: RateRule, now: float) -> float:
        """Take one token; the seconds until there is one when the bucket is empty."""
        level, since = self._buckets.pop(key, (float(rule.burst), now))
        level = min(float(rule.burst), level + (now - since) * rule.per_second)
        missing = 1.0 - level
        self._buckets[key] = (level - 1.0 if missing <= 0 else level, now)
        while len(self._buckets) > self._size:
            self._buckets.popitem(last=False)
        return missing / rule.per_second if missing > 0 else -inf
