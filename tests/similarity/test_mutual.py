"""Pairs that choose each other: golden values by hand, and what must hold of any matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.similarity import mutual_nearest


def test_by_hand() -> None:
    # Row 0 and column 1 choose each other, row 2 and column 0 too; row 1 wants column 1, which has a nearer one.
    distances = np.array([[5.0, 1.0, 9.0], [8.0, 2.0, 7.0], [3.0, 6.0, 4.0]])
    rows, columns, lead = mutual_nearest(distances)
    assert rows.tolist() == [0, 2]
    assert columns.tolist() == [1, 0]
    assert lead.tolist() == [1.0, 1.0]  # 2 in the column against 1; 4 in the row against 3


def test_without_rivals_the_lead_is_infinite() -> None:
    rows, columns, lead = mutual_nearest(np.array([[0.3]]))
    assert (rows.tolist(), columns.tolist(), lead.tolist()) == ([0], [0], [np.inf])


@given(
    arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.floats(-9, 9, width=32))
)
def test_no_row_or_column_is_in_two_pairs_and_the_best_of_all_is_in_one(
    distances: NDArray[np.float32],
) -> None:
    before = distances.copy()
    rows, columns, lead = mutual_nearest(distances)
    assert np.array_equal(before, distances)
    assert len(set(rows.tolist())) == len(rows)
    assert len(set(columns.tolist())) == len(columns)
    assert (lead >= 0).all()
    assert distances.min() in distances[rows, columns]
    turned = mutual_nearest(distances.T)
    if len(np.unique(distances)) == distances.size:  # of equal ones the first counts, which turning changes
        assert {*zip(rows.tolist(), columns.tolist(), strict=True)} == {
            *zip(turned[1].tolist(), turned[0].tolist(), strict=True)
        }


@pytest.mark.parametrize("bad", [np.ones(3), np.ones((0, 2)), np.array([[1.0, np.nan]])])
def test_what_is_no_such_matrix_is_refused(bad: NDArray[np.float64]) -> None:
    with pytest.raises(InvalidArgument, match=r"matrix \(n, m\) of finite distances"):
        mutual_nearest(bad)
