"""Figure 5c: faces per image and agreement inside pairs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.benchmarks.face_statistics import count_faces, face_statistics
from lookalike.errors import BenchmarkError


def test_by_hand() -> None:
    """Five pairs: (0, 0), (1, 1), (1, 0), (2, 1), (0, 3)."""
    found = face_statistics([0, 1, 1, 2, 0], [0, 1, 0, 1, 3])
    assert found.left_histogram == {0: 2, 1: 2, 2: 1, 3: 0}
    assert found.right_histogram == {0: 2, 1: 2, 2: 0, 3: 1}
    assert (found.both, found.left_only, found.right_only, found.neither) == (2, 1, 1, 1)
    assert found.left_mean == pytest.approx(4 / 5)
    assert found.right_mean == pytest.approx(5 / 5)
    # Presence: pairs 1, 2 and 4 agree = 3/5. By chance 3/5 * 3/5 (both) + 2/5 * 2/5 (none) = 13/25.
    assert found.presence.observed.value == pytest.approx(3 / 5)
    assert found.presence.chance == pytest.approx(13 / 25)
    # kappa = (15/25 - 13/25) / (25/25 - 13/25) = 2/12
    assert found.presence.kappa == pytest.approx(1 / 6)
    # Number: pairs 1 and 2 agree = 2/5. By chance 2/5*2/5 (0) + 2/5*2/5 (1) + 1/5*0 (2) + 0*1/5 (3) = 8/25.
    assert found.number.observed.value == pytest.approx(2 / 5)
    assert found.number.chance == pytest.approx(8 / 25)
    assert found.number.kappa == pytest.approx((10 - 8) / (25 - 8))
    # Both have a face: pairs 2 (1, 1) and 4 (2, 1); one of two agrees.
    assert found.number_given_both is not None
    assert found.number_given_both.value == pytest.approx(1 / 2)
    assert found.number_given_both.n == 2


def test_wilson_interval_of_the_share() -> None:
    """3 of 5: centre (p + z^2/2n) / (1 + z^2/n) = (0.6 + 0.38415) / 1.76829 = 0.55655; half width
    z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n) = 1.95996 * sqrt(0.048 + 0.038415) / 1.76829 = 0.32583."""
    share = face_statistics([0, 1, 1, 2, 0], [0, 0, 0, 0, 0]).left_share
    assert share.value == pytest.approx(0.6)
    assert share.low == pytest.approx(0.55655 - 0.32583, abs=1e-4)
    assert share.high == pytest.approx(0.55655 + 0.32583, abs=1e-4)


def test_all_alike_leaves_kappa_undefined() -> None:
    found = face_statistics([0, 0], [0, 0])
    assert found.presence.kappa is None
    assert found.number_given_both is None
    assert found.neither == 2


def test_dictionary_is_json() -> None:
    document = face_statistics([0, 1, 2], [1, 1, 0]).to_dict()
    again = json.loads(json.dumps(document))
    assert again == document
    assert again["faces_per_image"]["left"] == {"0": 1, "1": 1, "2": 1}
    assert again["pairs_with_a_face"] == {"both": 1, "left_only": 1, "right_only": 1, "neither": 0}


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40))
def test_totals(pairs: list[tuple[int, int]]) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    found = face_statistics(left, right)
    swapped = face_statistics(right, left)
    assert sum(found.left_histogram.values()) == sum(found.right_histogram.values()) == len(pairs)
    assert found.both + found.left_only + found.right_only + found.neither == len(pairs)
    assert found.number.observed.value <= found.presence.observed.value
    assert found.number.chance <= found.presence.chance + 1e-12
    assert (found.left_share, found.both, found.left_only) == (
        swapped.right_share,
        swapped.both,
        swapped.right_only,
    )


def test_counts_of_sets() -> None:
    counts = count_faces([np.empty((0, 128)), np.zeros((2, 128)), []])
    assert counts.tolist() == [0, 2, 0]
    assert counts.dtype == np.int64


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ([], [], "no pairs"),
        ([1], [1, 2], "1 left and 2 right"),
        ([-1], [0], "left images is -1"),
        ([0], [0.5], "right images are integers"),
        ([[0]], [[0]], "left images are integers"),
    ],
)
def test_nonsense_is_refused(left: list[float], right: list[float], message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        face_statistics(left, right)
