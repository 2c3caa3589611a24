"""A store on each kind of database, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lookalike.studies.store import Store
from lookalike.studies.store.clock import MINUTE


@dataclass
class Clock:
    """Microseconds since 1970, moved by hand."""

    now: int = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.now

    def minutes(self, count: float) -> None:
        self.now += int(count * MINUTE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Store]:
    with Store(database_url, clock=clock) as opened:
        yield opened
