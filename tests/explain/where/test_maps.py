"""Grids on images: what a box covers, and maps brought to other grids."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.encoders import EncoderCard, Preprocessing
from lookalike.errors import ExplainError
from lookalike.explain.maps import Box, PairMap, resample, seen_box


def _card(resize: str, fraction: float = 1.0) -> EncoderCard:
    how = Preprocessing(resize=resize, crop_fraction=fraction)  # type: ignore[arg-type]
    return EncoderCard(name="x", dim=1, input_size=(50, 50), preprocessing=how)


def test_what_an_encoder_sees_of_a_wide_image() -> None:
    assert seen_box((100, 200, 3), _card("squash")).to_list() == [0, 0, 1, 1]
    assert seen_box((100, 200, 3), _card("crop")).to_list() == [0.25, 0, 0.75, 1]
    assert seen_box((100, 200, 3), _card("crop", 0.5)).to_list() == [0.375, 0.25, 0.625, 0.75]
    assert seen_box((100, 200, 3), _card("pad")).to_list() == [0, -0.5, 1, 1.5]


def test_cells_of_a_box() -> None:
    cell = Box(0.2, 0.0, 0.6, 1.0).cell((1, 3), (2, 4))
    np.testing.assert_allclose(cell.to_list(), [0.5, 0.5, 0.6, 1.0])
    np.testing.assert_allclose(cell.centre, (0.55, 0.75))


def test_resampling_by_hand() -> None:
    values = np.array([[1, 2], [3, 4]], np.float32)
    assert resample(values, (1, 1)).tolist() == [[10]]
    assert resample(values, (2, 1)).tolist() == [[3], [7]]
    np.testing.assert_allclose(resample(values, (2, 4)), [[0.5, 0.5, 1, 1], [1.5, 1.5, 2, 2]])
    np.testing.assert_allclose(resample(np.array([[3.0, 3.0, 6.0]], np.float32), (1, 2)), [[4.5, 7.5]])
    with pytest.raises(ExplainError, match="cells"):
        resample(values, (0, 2))


sides = st.integers(1, 9)


@given(sides, sides, sides, sides, st.integers(0, 99))
def test_resampling_keeps_the_sum(h: int, w: int, rows: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(h, w)).astype(np.float32)
    made = resample(values, (rows, columns))
    assert made.shape == (rows, columns)
    assert made.sum() == pytest.approx(values.sum(), abs=1e-4)
    np.testing.assert_allclose(resample(values, (h, w)), values, rtol=1e-6, atol=1e-7)


def test_a_pair_map_swapped_twice_and_as_json() -> None:
    a_map, b_map = np.zeros((2, 3), np.float32), np.ones((1, 2), np.float32)
    made = PairMap("occlusion", a_map, b_map, 0.25, 0.5, "x", 0.1, b_box=Box(0.1, 0, 0.9, 1))
    turned = made.swapped()
    assert turned.a_map is b_map
    assert turned.a_box == Box(0.1, 0, 0.9, 1)
    assert replace(turned.swapped()).to_dict() == made.to_dict()
    document = json.loads(json.dumps(made.to_dict()))
    assert document["b"] == {"map": [[1, 1]], "box": [0.1, 0, 0.9, 1]}
    assert document["score"] == 0.25
