"""Token buckets (checklist 26)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lookalike.errors import InvalidArgument
from lookalike.serving import RateRule, RateTable
from lookalike.serving.security import DEFAULT_RULES


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills() -> None:
    clock = Clock()
    table = RateTable([RateRule("x", "address", per_second=2, burst=3)], clock=clock)
    assert [table.wait("GET", "/", "", "a") for _ in range(4)] == [None, None, None, ("x", 1)]
    clock.now = 0.5
    assert table.wait("GET", "/", "", "a") is None
    assert table.wait("GET", "/", "", "a") == ("x", 1)
    clock.now = 100
    assert [table.wait("GET", "/", "", "a") for _ in range(4)][-1] == ("x", 1)
    assert table.wait("GET", "/", "", "b") is None


def test_memory_stays_flat_under_forged_sessions() -> None:
    table = RateTable([RateRule("x", "session", 1, 1)], clock=Clock(), size=50)
    for number in range(1_000):
        table.wait("GET", "/", f"s{number}", "a")
    assert len(table) == 50


def test_a_hundred_people_behind_one_router_preload_and_answer_without_refusal() -> None:
    clock = Clock()
    table = RateTable(DEFAULT_RULES, clock=clock)
    refused = 0
    for second in range(120):
        clock.now = float(second)
        for person in range(100):
            # the first ten seconds bring 60 images each, then a trial every two seconds with 6 images and 2 calls
            calls = 12 if second < 10 else 4
            refused += sum(table.wait("GET", "/", f"p{person}", "nat") is not None for _ in range(calls))
    assert refused == 0


def test_one_flooding_address_is_refused() -> None:
    table = RateTable(DEFAULT_RULES, clock=Clock())
    outcomes = [table.wait("GET", "/", "", "flood") for _ in range(13_000)]
    assert outcomes.count(None) == 12_000


def test_threads_share_a_bucket() -> None:
    table = RateTable([RateRule("x", "address", 1, 500)], clock=Clock(), size=1)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: table.wait("GET", "/", "", "a"), range(4_000)))
    assert outcomes.count(None) == 500


def test_rules_must_make_sense() -> None:
    with pytest.raises(InvalidArgument):
        RateRule("x", "address", 0, 1)
