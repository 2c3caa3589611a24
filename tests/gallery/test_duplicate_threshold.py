"""The near-duplicate threshold: the estimate against distributions whose answer is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.duplicate_threshold import (
    CEILING,
    FALSE_LEAST,
    FALSE_SHARE,
    LAST_RANK,
    PLAIN_LOW,
    ThresholdChoice,
    beyond_copies,
    choose_threshold,
    expected_false,
    given_threshold,
    intrinsic_dimension,
    random_distances,
)

from .fakes import FakeGallery


def photos(n: int, seed: int = 0, latent: int = 12) -> NDArray[np.float32]:
    """Unit vectors on a curved 12-dimensional surface in 64 dimensions, like embeddings of photos."""
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(n, latent))
    mixing = np.random.default_rng(99).normal(size=(latent, 64))
    rows = np.maximum(points @ mixing, 0)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def copies_of(
    rows: NDArray[np.float32], times: int, noise: float = 0.02, seed: int = 1
) -> NDArray[np.float32]:
    out = np.repeat(rows, times, axis=0)
    out = out + np.random.default_rng(seed).normal(scale=noise, size=out.shape) * np.abs(out).mean()
    return (out / np.linalg.norm(out, axis=1, keepdims=True)).astype(np.float32)


def choose(matrix: NDArray[np.float32]) -> ThresholdChoice:
    gallery = FakeGallery(matrix)
    return choose_threshold(gallery, gallery.ids, gallery.matrix)


def test_dimension_of_a_known_power_law() -> None:
    """Distances whose count grows as t^7: the j-th of m uniform order statistics to the power 1/7."""
    generator = np.random.default_rng(3)
    distances = np.sort(generator.random((2000, 1000)), axis=1)[:, :LAST_RANK] ** (1 / 7)
    assert intrinsic_dimension(distances.astype(np.float32)) == pytest.approx(7.0, rel=0.02)


def test_expected_false_by_hand() -> None:
    """32 neighbours within 0.4, exponent 5: within 0.1 there are 32 / 4^5 = 1/32 a picture."""
    assert expected_false(0.1, np.full(10, 0.4), 5.0, 640) == pytest.approx(640 / 32)
    assert expected_false(0.4, np.full(10, 0.4), 5.0, 640) == 640, "an image is joined falsely at most once"


def test_prediction_holds_on_images_without_duplicates() -> None:
    matrix = photos(1500)
    choice = choose(matrix)
    distances = 1 - matrix @ matrix.T
    np.fill_diagonal(distances, 2)
    assert choice.method == "neighbours"
    assert choice.expected_false <= max(FALSE_LEAST, FALSE_SHARE * 1500) + 1e-6
    assert int((distances.min(axis=1) <= choice.value).sum()) <= 6


def test_background_is_seen_past_copies() -> None:
    originals = photos(200)
    alone = choose(originals)
    many = choose(copies_of(originals, 7))
    assert many.method == "neighbours"
    assert many.value == pytest.approx(alone.value, rel=0.35)
    assert many.radius > many.ceiling, "a neighbour beyond the copies, not one of them"


def test_more_copies_than_can_be_looked_past() -> None:
    choice = choose(copies_of(photos(4), 300))
    assert choice.method == "random pairs"
    assert PLAIN_LOW <= choice.value <= CEILING
    assert "copies" in choice.reason


@pytest.mark.parametrize("n", [0, 1, 2, 3, 49])
def test_small_galleries_get_a_plain_share(n: int) -> None:
    choice = choose(photos(n) if n else np.empty((0, 64), dtype=np.float32))
    assert choice.method == "small"
    assert PLAIN_LOW <= choice.value <= CEILING
    assert str(n) in choice.reason
    json.dumps(choice.to_dict(), allow_nan=False)


def test_identical_images() -> None:
    choice = choose(np.tile(photos(1), (300, 1)))
    assert 0 <= choice.value <= CEILING


def test_copies_end_at_the_last_gap() -> None:
    row = np.concatenate([[0.01, 0.011, 0.05], 0.3 + np.arange(60) * 0.001]).astype(np.float32)
    picked = beyond_copies(row[None], ceiling=0.15)
    np.testing.assert_allclose(picked[0], row[3 : 3 + LAST_RANK])
    far = np.concatenate([[0.2], 0.4 + np.arange(60) * 0.001]).astype(np.float32)
    np.testing.assert_allclose(beyond_copies(far[None], ceiling=0.15)[0], far[:LAST_RANK]), "0.2 is no copy"


def test_same_seed_same_choice_and_sentence() -> None:
    matrix = photos(3000)
    first, second = choose(matrix), choose(matrix)
    assert first == second
    assert f"{first.value:.3f}" in first.reason
    assert "3,000" in first.reason


def test_given_threshold_is_checked() -> None:
    assert given_threshold(0.1, 5).value == 0.1
    with pytest.raises(InvalidArgument, match="from 0 to 2"):
        given_threshold(2.5, 5)
    with pytest.raises(InvalidArgument):
        given_threshold(float("nan"), 5)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 400), st.integers(0, 2**31))
def test_random_pairs_are_of_different_rows(n: int, seed: int) -> None:
    distances = random_distances(np.eye(n, dtype=np.float32), np.random.default_rng(seed))
    np.testing.assert_array_equal(distances, 1.0)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.001, 1), st.floats(0.001, 1), st.floats(1, 30), st.integers(1, 10**6))
def test_expected_false_grows_with_the_threshold(a: float, b: float, dimension: float, n: int) -> None:
    radii = np.array([0.2, 0.3, 0.5])
    low, high = sorted((a, b))
    assert 0 <= expected_false(low, radii, dimension, n) <= expected_false(high, radii, dimension, n) <= n
