"""Position bias against the published counts and against SciPy's arithmetic by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.benchmarks.position_bias import position_bias
from lookalike.benchmarks.published import POSITION_COUNTS
from lookalike.errors import BenchmarkError


def test_the_counts_of_the_paper() -> None:
    counts = POSITION_COUNTS
    found = position_bias(np.repeat(np.arange(5), counts), 5)
    assert found.counts == counts
    # Expected 480 each: (147^2 + 42^2 + 15^2 + 85^2 + 89^2) / 480 = 38744 / 480.
    assert found.chi_square == pytest.approx(38_744 / 480)
    assert found.df == 4
    assert 1e-17 < found.p < 1e-15
    assert found.first.low < 627 / 2400 < found.first.high


def test_whole_participants_are_resampled() -> None:
    # Two people who always choose one side: as independent answers 50 % would look certain; it is not.
    chosen = np.repeat([0, 1], 500)
    alone = position_bias(chosen)
    people = position_bias(chosen, participants=["x"] * 500 + ["y"] * 500)
    assert alone.first.high - alone.first.low < 0.07
    assert (people.first.low, people.first.high) == (0.0, 1.0)
    assert (alone.participants, people.participants) == (None, 2)
    assert alone.chi_square == 0
    assert alone.p == 1


def test_wrong_places_are_refused() -> None:
    with pytest.raises(BenchmarkError, match=r"lie in 0\.\.1, got 0\.\.2"):
        position_bias([0, 2])
    with pytest.raises(BenchmarkError, match="one chosen place for each answer"):
        position_bias([])
    with pytest.raises(BenchmarkError, match="1 participants are named for 2 answers"):
        position_bias([0, 1], participants=["x"])
