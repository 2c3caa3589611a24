"""Percentiles: golden values, tails, references from images, and the one that ships."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.encoders import Encoder
from lookalike.errors import ExplainError
from lookalike.explain import Quantiles, Reference
from lookalike.explain.attributes import PIXEL_ATTRIBUTES
from lookalike.explain.reference_build import random_places


def test_percentiles_by_hand() -> None:
    table = Quantiles.of(np.arange(1001) / 1000)
    assert table.percentile(0.5) == pytest.approx(50, abs=0.2)
    assert table.percentile(0.992) == pytest.approx(99.2, abs=0.05)
    assert table.percentile(2.0) == pytest.approx(100 - 100 / 1002)
    assert table.percentile(-1.0) == pytest.approx(100 / 1002)
    assert table.excess(0.5) == pytest.approx(0.0)
    assert table.excess(0.99) == pytest.approx(1.0)


def test_ties_count_half() -> None:
    table = Quantiles.of(np.zeros(100))
    assert table.percentile(0.0) == pytest.approx(50)


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=60), st.floats(-1, 1), st.floats(-1, 1))
def test_percentiles_rise(values: list[float], x: float, y: float) -> None:
    table = Quantiles.of(np.array(values))
    low, high = sorted((x, y))
    assert 0 < table.percentile(low) <= table.percentile(high) + 1e-9 < 100 + 1e-6


@given(st.integers(2, 60), st.integers(1, 200), st.integers(0, 99))
def test_random_pairs_are_of_different_images_and_differ(n: int, pairs: int, seed: int) -> None:
    drawn = random_places(n, pairs, np.random.default_rng(seed))
    assert (drawn[:, 0] < drawn[:, 1]).all()
    assert (drawn < n).all()
    assert (drawn >= 0).all()
    assert len(np.unique(drawn, axis=0)) == len(drawn) <= max(pairs, 1)


def test_a_reference_of_images(with_classic: Reference, classic: Encoder) -> None:
    assert with_classic.kind == "images"
    assert with_classic.images == 30
    assert set(PIXEL_ATTRIBUTES) <= set(with_classic.quantiles)
    content = with_classic.content[classic.card.fingerprint]
    assert content.mean.mean.shape == (classic.card.dim,)
    assert {"colour", "texture", "layout"} <= set(content.typical)


def test_too_few_images(drawings: list[NDArray[np.uint8]]) -> None:
    with pytest.raises(ExplainError, match="at least 20 images"):
        Reference.from_images(drawings[:5])


def test_unreadable_images_are_left_out(drawings: list[NDArray[np.uint8]]) -> None:
    assert Reference.from_images([*drawings[:20], b"no image"]).images == 20


def test_the_built_in_reference(classic: Encoder) -> None:
    built_in = Reference.builtin()
    assert built_in.kind == "built-in"
    assert built_in.images >= 1000
    assert {*PIXEL_ATTRIBUTES, "face", "face_layout"} <= set(built_in.quantiles)
    assert classic.card.fingerprint in built_in.content, (
        "run scripts/make_reference_quantiles.py: classic has changed"
    )
    for table in built_in.quantiles.values():
        assert (np.diff(table.values) >= 0).all()
        assert table.pairs >= 1000
