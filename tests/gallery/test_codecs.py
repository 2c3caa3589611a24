"""Codecs: what is lost, and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.encoders import normalize
from lookalike.errors import InvalidArgument
from lookalike.gallery.codecs import CODECS, Binary, Int8, make_codec


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(1e-3, 1e4))
def test_round_trip_keeps_the_direction(seed: int, dim: int, scale: float) -> None:
    vectors = (np.random.default_rng(seed).standard_normal((6, dim)) * scale).astype(np.float32)
    unit = normalize(vectors)
    for name, loss in (("float32", 1e-6), ("float16", 1e-5), ("int8", 2e-3)):
        codec = make_codec(name, dim)
        back = codec.decode(codec.encode(vectors))
        assert back.dtype == np.float32
        assert np.all(1 - np.sum(back * unit, axis=1) < loss)


def test_zero_vectors_survive() -> None:
    for name in ("float32", "float16", "int8"):
        codec = make_codec(name, 4)
        assert not codec.decode(codec.encode(np.zeros((2, 4), dtype=np.float32))).any()


def test_int8_by_hand() -> None:
    assert Int8(3, {}).encode(np.array([[0.5, -1.0, 0.25]], dtype=np.float32)).tolist() == [[64, -127, 32]]


def test_binary_by_hand() -> None:
    codec = Binary(3, {})
    codec.fit(np.tile(np.eye(3, dtype=np.float32), (40, 1)))
    assert codec.thresholds.tolist() == [0, 0, 0]
    codes = codec.encode(np.array([[3, 4, 0]], dtype=np.float32))
    assert codes.tolist() == [[0b11000000]]
    np.testing.assert_allclose(codec.decode(codes), np.array([[1, 1, -1]]) / np.sqrt(3), atol=1e-6)
    again = make_codec("binary", 3, codec.parameters)
    assert again.encode(np.array([[3, 4, 0]], dtype=np.float32)).tolist() == codes.tolist()


def test_binary_with_few_images_has_one_threshold() -> None:
    codec = Binary(2, {})
    np.testing.assert_allclose(codec.query(np.array([[3, 4]], dtype=np.float32)), [[0.6, 0.8]], atol=1e-6)
    codec.fit(np.array([[3, 4]], dtype=np.float32))
    np.testing.assert_allclose(codec.thresholds, [0.7, 0.7])


def test_sizes_on_disk() -> None:
    sizes = {name: make_codec(name, 512).width * np.dtype(kind).itemsize for name, kind in
             {"float32": "f4", "float16": "f2", "int8": "i1", "binary": "u1"}.items()}  # fmt: skip
    assert sizes == {"float32": 2048, "float16": 1024, "int8": 512, "binary": 64}
    assert set(sizes) == set(CODECS)


def test_unknown_storage() -> None:
    with pytest.raises(InvalidArgument, match="float64"):
        make_codec("float64", 3)
