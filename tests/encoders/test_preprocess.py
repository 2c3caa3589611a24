"""Pixels to network input: against the formula, for every policy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookalike.encoders.base import Preprocessing
from lookalike.encoders.preprocess import normalize_pixels, to_network
from lookalike.errors import InvalidArgument
from lookalike.images import resize

MEANS = st.tuples(*[st.floats(0, 1, width=32)] * 3)
STDS = st.tuples(*[st.floats(0.0625, 1, width=32)] * 3)


@dataclass(frozen=True)
class Input:
    input_size: tuple[int, int] = (14, 10)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))), MEANS, STDS)
def test_formula(
    pixels: np.ndarray, mean: tuple[float, float, float], std: tuple[float, float, float]
) -> None:
    planes = normalize_pixels(pixels, mean, std)
    wanted = (pixels / 255.0 - np.array(mean)) / np.array(std)
    assert planes.dtype == np.float32
    assert planes.flags.c_contiguous
    np.testing.assert_allclose(planes, wanted.transpose(2, 0, 1), atol=2e-5)


@given(
    st.integers(1, 30),
    st.integers(1, 30),
    st.sampled_from(["squash", "crop", "pad"]),
    st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
)
def test_any_size_and_policy(height: int, width: int, policy: str, interpolation: str) -> None:
    pixels = np.arange(height * width * 3, dtype=np.uint32).reshape(height, width, 3).astype(np.uint8)
    how = Preprocessing(resize=policy, interpolation=interpolation, mean=(0.5,) * 3, std=(0.5,) * 3)  # type: ignore[arg-type]
    planes = to_network(pixels, Input(preprocessing=how))
    assert planes.shape == (3, 14, 10)
    assert np.abs(planes).max() <= 1.0


def test_resize_then_normalise() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 31, 3), dtype=np.uint8)
    how = Preprocessing(resize="crop", interpolation="bilinear", crop_fraction=0.875)
    small = resize(pixels, (14, 10), policy="crop", interpolation="bilinear", crop_fraction=0.875)
    assert np.array_equal(
        to_network(pixels, Input(preprocessing=how)), normalize_pixels(small, (0,) * 3, (1,) * 3)
    )


def test_golden_values() -> None:
    """0, 128 and 255 with ImageNet's mean and standard deviation, by hand."""
    pixels = np.array([[[0, 128, 255]]], dtype=np.uint8)
    planes = normalize_pixels(pixels, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    np.testing.assert_allclose(planes.ravel(), [-2.117904, 0.205182, 2.64], atol=1e-5)


def test_pad_borders_are_zero_for_the_network() -> None:
    how = Preprocessing(resize="pad", mean=(0.4, 0.6, 0.2), std=(0.2,) * 3)
    planes = to_network(np.full((4, 40, 3), 255, np.uint8), Input((20, 20), how))
    assert np.abs(planes[:, 0]).max() < 0.02
    assert planes[:, 10].min() > 1


def test_std_of_zero() -> None:
    with pytest.raises(InvalidArgument, match="std"):
        normalize_pixels(np.zeros((1, 1, 3), np.uint8), (0, 0, 0), (1, 0, 1))
