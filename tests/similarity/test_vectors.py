"""Distances: golden values by hand, properties, and agreement with SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from lookalike.errors import InvalidArgument
from lookalike.similarity import (
    cosine,
    distance_matrix,
    euclidean,
    nearest,
    set_distance,
    set_distance_matrix,
)
from lookalike.similarity.matrices import _block_shape, distance_blocks

finite = st.floats(-1e3, 1e3, width=32)
vectors = arrays(np.float32, (4,), elements=finite)


def test_by_hand() -> None:
    # (3, 4).(4, 3) = 24, lengths 5 and 5: 1 - 24/25; difference (-1, 1).
    a, b = np.array([3.0, 4.0]), np.array([4.0, 3.0])
    assert cosine(a, b) == pytest.approx(0.04)
    assert euclidean(a, b) == pytest.approx(2**0.5)
    assert cosine(a, -a) == pytest.approx(2.0)
    assert cosine(a, np.zeros(2)) == 1.0


def test_rows_and_broadcasting() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(cosine(rows, np.array([1.0, 0.0])), [0.0, 1.0, 2.0])
    np.testing.assert_allclose(euclidean(rows, rows), [0.0, 0.0, 0.0])


@pytest.mark.parametrize("measure", [cosine, euclidean])
def test_lengths_must_agree(measure: object) -> None:
    with pytest.raises(InvalidArgument, match="one length"):
        measure(np.ones(3), np.ones(4))  # type: ignore[operator]


@given(vectors, vectors, vectors)
def test_euclidean_is_a_metric(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    assert euclidean(a, b) == euclidean(b, a)
    assert euclidean(a, a) == 0
    assert euclidean(a, c) <= euclidean(a, b) + euclidean(b, c) + 1e-6


@given(vectors, vectors, st.floats(0.01, 100))
def test_cosine_is_bounded_symmetric_and_blind_to_scale(a: np.ndarray, b: np.ndarray, scale: float) -> None:
    distance = cosine(a, b)
    assert 0 <= distance <= 2
    assert distance == pytest.approx(cosine(b, a), abs=1e-12)
    assert distance == pytest.approx(cosine(a.astype(np.float64) * scale, b), abs=1e-9)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("memory", [20_000, 1_000_000])
def test_matrix_agrees_with_scipy_whatever_the_memory(metric: str, memory: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((37, 11)).astype(np.float32), rng.standard_normal((53, 11)).astype(np.float32)
    ours = distance_matrix(x, y, metric, memory=memory)  # type: ignore[arg-type]
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, cdist(x, y, metric), atol=2e-6)


def test_euclidean_matrix_keeps_tiny_distances() -> None:
    x = np.full((1, 512), 7.0, dtype=np.float32)
    y = x.copy()
    y[0, 0] += 1e-3
    assert distance_matrix(x, y, "euclidean")[0, 0] == pytest.approx(1e-3, rel=1e-2)


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 2048), st.integers(100_000, 10_000_000))
def test_blocks_stay_within_the_memory(n: int, m: int, d: int, memory: int) -> None:
    rows, columns = _block_shape(n, m, d, memory)
    assert 1 <= rows <= n
    assert 1 <= columns <= m
    assert 8 * (rows * d + columns * d + 3 * rows * columns) <= memory


def test_too_little_memory_is_an_error() -> None:
    with pytest.raises(InvalidArgument, match="cannot hold one distance"):
        list(distance_blocks(np.ones((2, 1000)), np.ones((2, 1000)), memory=100))


def test_sets_take_the_smallest_and_empty_is_infinite() -> None:
    a = np.array([[0.0, 0.0], [5.0, 0.0]])
    b = np.array([[5.0, 1.0], [9.0, 9.0]])
    assert set_distance(a, b, "euclidean") == pytest.approx(1.0)
    assert set_distance(a, np.empty((0, 2)), "euclidean") == np.inf
    matrix = set_distance_matrix([a, np.empty((0, 2)), b], [b, a], "euclidean")
    np.testing.assert_allclose(matrix, [[1, 0], [np.inf, np.inf], [0, 1]], atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from(["cosine", "euclidean"]))
def test_nearest_is_the_sorted_matrix(seed: int, k: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    queries, base = rng.standard_normal((3, 5)), rng.standard_normal((8, 5))
    distances, places = nearest(queries, base, k, metric, memory=4_000)  # type: ignore[arg-type]
    whole = distance_matrix(queries, base, metric)  # type: ignore[arg-type]
    kept = min(k, 8)
    np.testing.assert_allclose(distances[:, :kept], np.sort(whole, axis=1)[:, :kept], atol=1e-6)
    np.testing.assert_allclose(
        np.take_along_axis(whole, places[:, :kept], axis=1), distances[:, :kept], atol=1e-6
    )
    assert np.all(places[:, kept:] == -1)
    assert np.all(np.isinf(distances[:, kept:]))


def test_nearest_puts_equal_distances_in_order_of_position() -> None:
    base = np.ones((50, 3), dtype=np.float32)
    _, places = nearest(np.ones((1, 3)), base, 7, memory=1_000)
    assert places[0].tolist() == list(range(7))


def test_unknown_metric() -> None:
    with pytest.raises(InvalidArgument, match="manhattan"):
        distance_matrix(np.ones((1, 2)), np.ones((1, 2)), "manhattan")  # type: ignore[arg-type]


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 5000), st.booleans())
def test_one_query_over_many_rows(seed: int, k: int, n: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((n, 3)).astype(np.float32)
    if ties:
        base = base.round()
    query = rng.standard_normal((1, 3)).astype(np.float32)
    distances, places = nearest(query, base, k, "euclidean")
    whole = distance_matrix(query, base, "euclidean")[0]
    expected = np.lexsort((np.arange(n), whole))[:k]
    assert places[0, : len(expected)].tolist() == expected.tolist()
    np.testing.assert_array_equal(distances[0, : len(expected)], whole[expected])


def test_what_is_no_number_stays_none() -> None:
    bad = np.array([[np.nan, 1.0], [1.0, 0.0]])
    good = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert np.isnan(np.asarray(cosine(bad, good))).tolist() == [True, False]
    assert np.isnan(np.asarray(euclidean(bad, good))).tolist() == [True, False]
